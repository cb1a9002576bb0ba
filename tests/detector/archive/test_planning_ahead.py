"""Few videos: their stretches are planned before the first ones are looked through."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from detector.archive.chunk_result import ChunkCounts, ChunkResult
from detector.archive.engines import FakeEngine
from detector.archive.journal import ChunkTask, Counts, Journal
from detector.archive.onlooker import Unwatched
from detector.archive.rows import FileProblem
from detector.archive.scan import FEW_CHUNKS, look_through
from detector.archive.work_list import ArchiveItem
from detector.camera.looks import Look, Measures

PROBLEM = FileProblem("a.mp4", "corrupt", "It is damaged.")
MEASURES = Measures(100.0, 40.0, 5.0, None)


def video(name: str) -> ArchiveItem:
    return ArchiveItem(Path("/a") / name, name, "video", 9, 7, None, None, None)


def answer(task: ChunkTask) -> ChunkResult:
    """Tell of a video of 700 s what a worker would."""
    n_chunks = 3 if task.number == 0 else None
    if task.only_count:
        return ChunkResult(n_chunks=n_chunks)
    looks = (Look(task.files[0].name, task.start_s, None, (64, 48), False, "clear", (), MEASURES),)
    footage_s = None if n_chunks is None else 700.0
    return ChunkResult(looks, (), ChunkCounts(1, 1, 0), n_chunks, footage_s)


def failing_first(task: ChunkTask) -> ChunkResult:
    """Count as always, then fail at the first stretch."""
    if task.number == 0 and not task.only_count:
        return ChunkResult(failure=PROBLEM)
    return answer(task)


def failing_at_once(_: ChunkTask) -> ChunkResult:
    """Fail at whatever touches the file."""
    return ChunkResult(failure=PROBLEM)


class Told:
    """An engine's tasks, as they came."""

    def __init__(self, tell: Callable[[ChunkTask], ChunkResult]) -> None:
        self.tasks: list[ChunkTask] = []
        self.engine = FakeEngine(self._answer)
        self._tell = tell

    def _answer(self, task: ChunkTask) -> ChunkResult:
        self.tasks.append(task)
        return self._tell(task)

    @property
    def stretches(self) -> list[tuple[str, int, bool]]:
        return [(task.files[0].name, task.number, task.only_count) for task in self.tasks]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path, {}) as opened:
        yield opened


def scan(
    journal: Journal, tell: Callable[[ChunkTask], ChunkResult], names: list[str]
) -> tuple[Told, Counts]:
    journal.enter([video(name) for name in names])
    told = Told(tell)
    return told, look_through(journal, told.engine, 1.0, Unwatched())


def test_all_stretches_are_there_before_the_first_is_looked_through(journal: Journal) -> None:
    told, counts = scan(journal, answer, ["a.mp4"])
    numbers = [("a.mp4", number, False) for number in range(3)]
    assert told.stretches == [("a.mp4", 0, True), *numbers]
    assert [task.end_s for task in told.tasks[1:]] == [300.0, 600.0, None]
    assert counts == journal.counts()
    assert (counts.chunks_done, counts.chunks_todo, counts.files_done) == (3, 0, 1)
    assert (counts.looks, counts.footage_s) == (3, 700.0)


def test_of_many_videos_none_is_counted_first(journal: Journal) -> None:
    names = [f"{number}.mp4" for number in range(FEW_CHUNKS + 1)]
    told, counts = scan(journal, answer, names)
    assert not any(only_count for _, _, only_count in told.stretches)
    assert counts.chunks_done == 3 * len(names)


def test_a_video_whose_first_stretch_fails_is_given_up(journal: Journal, tmp_path: Path) -> None:
    told, counts = scan(journal, failing_first, ["a.mp4"])
    assert told.stretches[:2] == [("a.mp4", 0, True), ("a.mp4", 0, False)]
    assert (counts.files_done, counts.files_failed, counts.chunks_todo) == (1, 1, 0)
    assert (counts.chunks_done, counts.chunks_failed, counts.looks) == (0, 1, 0)
    assert list(journal.problems()) == [PROBLEM]
    assert list(journal.looks_of("a.mp4")) == []
    journal.close()
    with Journal.open(tmp_path, {}) as again:
        assert again.counts() == counts


def test_a_video_that_cannot_be_opened_is_tried_once(journal: Journal) -> None:
    told, counts = scan(journal, failing_at_once, ["a.mp4"])
    assert told.stretches == [("a.mp4", 0, True)]
    assert (counts.files_failed, counts.chunks_failed, counts.chunks_todo) == (1, 1, 0)
    assert list(journal.problems()) == [PROBLEM]
