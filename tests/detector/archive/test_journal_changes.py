"""The journal keeps up with files that change, vanish, come back or fail."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detector.archive.chunk_result import ChunkResult
from detector.archive.journal import Journal
from detector.archive.rows import FileProblem
from tests.detector.archive.journal_entries import SETTINGS, again, look, photo, see, video, work


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path, SETTINGS) as opened:
        yield opened


def test_a_file_that_changed_is_looked_through_again(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video("a.mp4", 0), video("b.mp4", 30)])
        work(journal, {"a.mp4": 600.0})
    with again(tmp_path) as journal:
        entered = journal.enter([video("a.mp4", 0, size=2), video("b.mp4", 30)])
        assert (entered.new, entered.changed, entered.known) == (0, 1, 1)
        assert [one.source for one in journal.looks_of("gate")] == ["b.mp4"]
        (task,) = journal.chunks_to_do()
        assert (task.files[0].size, task.number, task.end_s) == (2, 0, 300.0)
        moved = replace(video("a.mp4", 0, size=2), path=Path("/mnt/a.mp4"))
        assert journal.enter([moved, video("b.mp4", 30)]).changed == 0
        assert next(journal.chunks_to_do()).files[0].path == Path("/mnt/a.mp4")


def test_a_photo_that_changed_leaves_its_group(journal: Journal) -> None:
    photos = [photo(f"{one}.jpg") for one in range(4)]
    journal.enter(photos)
    work(journal)
    journal.enter([*photos[:3], replace(photos[3], size=9)])
    assert [one.source for one in journal.photo_looks()] == ["0.jpg", "1.jpg", "2.jpg"]
    (task,) = journal.chunks_to_do()
    assert [one.name for one in task.files] == ["3.jpg"]
    work(journal)
    assert [one.source for one in journal.photo_looks()] == [one.name for one in photos]


def test_files_that_vanish_and_come_back(journal: Journal) -> None:
    items = [
        video("done.mp4", 0),
        video("half.mp4", 30),
        video("todo.mp4", 60),
        photo("p.jpg"),
        photo("q.jpg"),
    ]
    journal.enter(items)
    tasks = {task.files[0].name: task for task in journal.chunks_to_do()}
    journal.commit(tasks["done.mp4"], see(tasks["done.mp4"], 60.0, 1))
    journal.commit(tasks["half.mp4"], see(tasks["half.mp4"], 600.0, 2))
    assert journal.enter([photo("q.jpg")]).vanished == 4
    assert [(one.source, one.code, one.fatal) for one in journal.problems()] == [
        (name, "vanished", True) for name in ("half.mp4", "p.jpg", "todo.mp4")
    ]
    assert [one.source for one in journal.looks_of("gate")] == ["done.mp4"] + ["half.mp4"] * 5
    (task,) = journal.chunks_to_do()
    assert [one.name for one in task.files] == ["q.jpg"]
    journal.commit(task, see(task))
    counts = journal.counts()
    assert (counts.files, counts.files_done, counts.files_failed) == (5, 5, 3)
    assert journal.enter(items).known == 5
    assert list(journal.problems()) == []
    assert sorted((one.files[0].name, one.number) for one in journal.chunks_to_do()) == [
        *(("half.mp4", 1), ("p.jpg", 0), ("todo.mp4", 0))
    ]


def test_failures_are_noted_and_what_could_not_be_read_is_tried_again(journal: Journal) -> None:
    items = [video("a.mp4", 0), video("b.mp4", 9), photo("p.jpg"), photo("q.jpg")]
    journal.enter(items)
    for task in list(journal.chunks_to_do()):
        name = task.files[0].name
        if name == "p.jpg":
            lost = FileProblem("q.jpg", "unreadable", "Gone.")
            journal.commit(task, ChunkResult((look(items[2]),), (lost,)))
        else:
            journal.fail(
                task, FileProblem(name, "corrupt" if name == "a.mp4" else "unreadable", "No.")
            )
    assert [(one.source, one.code) for one in journal.problems()] == [
        *(("a.mp4", "corrupt"), ("b.mp4", "unreadable"), ("q.jpg", "unreadable"))
    ]
    assert (journal.counts().files_done, journal.counts().files_failed) == (4, 3)
    assert list(journal.chunks_to_do()) == []
    journal.enter(items)
    assert [task.files[0].name for task in journal.chunks_to_do()] == ["b.mp4", "q.jpg"]
    work(journal)
    assert [one.source for one in journal.problems()] == ["a.mp4"]
    assert [one.source for one in journal.photo_looks()] == ["p.jpg", "q.jpg"]
    assert journal.counts().files_failed == 1


def test_photos_that_change_before_their_turn_leave_no_group_behind(journal: Journal) -> None:
    photos = [photo("0.jpg"), photo("1.jpg")]
    journal.enter(photos)
    journal.enter([photos[0]])  # The other one goes,
    journal.enter([replace(photos[0], size=9)])  # and this one changes.
    assert journal.counts().chunks_todo == 1
    work(journal)
    assert journal.counts().chunks_todo == 0
    journal.enter(photos)
    work(journal)
    assert journal.counts().chunks_todo == 0
    assert [one.source for one in journal.photo_looks()] == ["0.jpg", "1.jpg"]
    assert list(journal.problems()) == []


def test_a_photo_that_was_away_while_its_group_was_tried_again(journal: Journal) -> None:
    photos = [photo("0.jpg"), photo("1.jpg")]
    journal.enter(photos)
    (task,) = journal.chunks_to_do()
    journal.fail(task, FileProblem("0.jpg", "unreadable", "No."))
    journal.enter(photos[:1])
    work(journal)
    assert [(one.source, one.code) for one in journal.problems()] == [("1.jpg", "vanished")]
    journal.enter(photos)
    work(journal)
    assert [one.source for one in journal.photo_looks()] == ["0.jpg", "1.jpg"]
    assert journal.counts().files_failed == 0


def test_a_timeline_that_jumps_back_is_planned_anew_as_one_piece(journal: Journal) -> None:
    journal.enter([video("a.mp4", 0)])
    (first,) = journal.chunks_to_do()
    journal.commit(first, see(first, 700.0, 3))
    second, third = journal.chunks_to_do()
    broken = FileProblem("a.mp4", "timeline_broken", "The times jump back.")
    assert journal.fail(third, broken)
    assert not journal.commit(second, see(second, 700.0))
    assert list(journal.looks_of("gate")) == []
    (whole,) = journal.chunks_to_do()
    assert (whole.rebase, whole.start_s, whole.end_s) == (True, 0.0, None)
    assert journal.commit(whole, see(whole, 700.0, 1))
    assert len(list(journal.looks_of("gate"))) == 12
    assert list(journal.problems()) == []


def test_a_timeline_that_cannot_be_mended_is_a_failure(journal: Journal) -> None:
    journal.enter([video("a.mp4", 0)])
    broken = FileProblem("a.mp4", "timeline_broken", "The times jump back.")
    for _ in range(2):
        (task,) = journal.chunks_to_do()
        assert journal.fail(task, broken)
    assert list(journal.chunks_to_do()) == []
    assert list(journal.problems()) == [broken]
