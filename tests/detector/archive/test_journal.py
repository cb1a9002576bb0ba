"""The journal: what it notes, in what order it tells it, and what it survives."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.archive.chunk_result import ChunkCounts, ChunkResult
from detector.archive.journal import ChunkTask, Counts, Journal
from detector.archive.journal_reading import count
from detector.archive.look_json import decode_looks, encode_looks
from detector.archive.rows import FileProblem
from detector.archive.work_list import ArchiveItem
from detector.camera.looks import Look, Measures, Sighting
from detector.errors import OutputError, StreetIssueError, UsageError

START = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = {"every_s": "2.0", "model": "street-issues-n 0.2.0"}
MEASURES = Measures(100.0, 40.0, 5.0, None)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def video(
    name: str, minute: float | None = None, camera: str = "gate", size: int = 1
) -> ArchiveItem:
    start = None if minute is None else at(minute)
    return ArchiveItem(Path("/a") / name, name, "video", size, 7, camera, start, None)


def photo(name: str, minute: float | None = None, camera: str | None = None) -> ArchiveItem:
    start = None if minute is None else at(minute)
    return ArchiveItem(Path("/a") / name, name, "photo", 1, 7, camera, start, None)


def look(
    item: ArchiveItem, timestamp_s: float = 0.0, score: float = 0.5, held: bool = False
) -> Look:
    captured_at = None if item.start_at is None else item.start_at + timedelta(seconds=timestamp_s)
    sighting = Sighting("overflowing_bin", score, (1.0, 2.0, 3.0, 4.0), True, "small")
    return Look(item.name, timestamp_s, captured_at, (64, 48), held, "clear", (sighting,), MEASURES)


def see(task: ChunkTask, length_s: float = 0.0, n_chunks: int | None = None) -> ChunkResult:
    """Answer a task: a look each minute of a video, one a photo."""
    if task.kind == "photo":
        looks = tuple(look(one) for one in task.files)
        return ChunkResult(looks, counts=ChunkCounts(len(looks), len(looks), 0))
    end_s = length_s if task.end_s is None else min(task.end_s, length_s)
    seconds = range(int(task.start_s), int(end_s), 60)
    looks = tuple(look(task.files[0], float(one)) for one in seconds)
    return ChunkResult(
        looks,
        counts=ChunkCounts(len(looks), len(looks), 0),
        n_chunks=n_chunks if task.number == 0 else None,
        footage_s=length_s if task.number == 0 else None,
    )


def work(
    journal: Journal, lengths_s: dict[str, float] | None = None, seed: int | None = None
) -> None:
    """Do all that is to be done, in any order."""
    while tasks := list(journal.chunks_to_do()):
        if seed is not None:
            random.Random(seed).shuffle(tasks)
        for task in tasks:
            length_s = (lengths_s or {}).get(task.files[0].name, 60.0)
            assert journal.commit(task, see(task, length_s, max(1, int(-(-length_s // 300)))))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path, SETTINGS) as opened:
        yield opened


def again(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path, SETTINGS)


def times(looks: Iterable[Look]) -> list[tuple[str, float]]:
    return [(one.source, (one.at_s - START.timestamp()) / 60) for one in looks]


def test_a_video_is_planned_by_its_first_stretch(journal: Journal) -> None:
    entered = journal.enter([video("a.mp4", 0)])
    assert (entered.new, entered.changed, entered.known, entered.vanished) == (1, 0, 0, 0)
    (first,) = journal.chunks_to_do()
    assert (first.number, first.start_s, first.end_s, first.rebase) == (0, 0.0, 300.0, False)
    assert first.files == (video("a.mp4", 0),)
    assert journal.commit(first, see(first, 700.0, 3))
    second, third = journal.chunks_to_do()
    assert (second.start_s, second.end_s, third.start_s, third.end_s) == (300.0, 600.0, 600.0, None)
    assert journal.counts().files_done == 0
    for task in (third, second):
        assert journal.commit(task, see(task, 700.0))
    assert times(journal.looks_of("gate")) == [("a.mp4", float(one)) for one in range(12)]
    assert journal.counts() == Counts(1, 1, 0, 0, 3, 0, 12, 12, 12, 700.0)
    (span,) = journal.spans()
    assert (span.started_at, span.ended_s - span.started_s, span.looks) == (START, 700.0, 12)


def test_stretches_added_meanwhile_come_too(journal: Journal) -> None:
    journal.enter([video("a.mp4", 0)])
    numbers = []
    for task in journal.chunks_to_do():
        numbers.append(task.number)
        journal.commit(task, see(task, 900.0, 3))
    assert numbers == [0, 1, 2]


def test_a_result_counts_once(journal: Journal) -> None:
    journal.enter([video("a.mp4", 0)])
    (task,) = journal.chunks_to_do()
    assert journal.commit(task, see(task, 60.0, 1))
    assert not journal.commit(task, see(task, 60.0, 1))
    assert not journal.fail(task, FileProblem("a.mp4", "corrupt", "Broken."))
    assert journal.counts().chunks_done == 1
    assert list(journal.problems()) == []


def test_photos_are_grouped_by_camera_and_time(journal: Journal) -> None:
    frames = [photo(f"gate/{one:03}.jpg", one / 30, "gate") for one in range(300)]
    people = [photo(f"people/{one}.jpg") for one in range(3)]
    journal.enter([*people, *reversed(frames)])
    groups = [task.files for task in journal.chunks_to_do()]
    assert sorted(len(files) for files in groups) == [3, 44, 256]
    assert all(len({one.camera for one in files}) == 1 for files in groups)
    work(journal)
    assert [one.source for one in journal.looks_of("gate")] == [one.name for one in frames]
    assert [one.source for one in journal.photo_looks()] == [one.name for one in people]
    (span,) = journal.spans()
    assert (span.source, span.looks) == ("gate/000.jpg", 300)


def test_photos_added_later_come_in_their_place(tmp_path: Path) -> None:
    frames = [photo(f"gate/{one:03}.jpg", one, "gate") for one in range(20)]
    with again(tmp_path) as journal:
        journal.enter(frames[::2])
        work(journal)
        journal.enter(frames)
        assert [len(task.files) for task in journal.chunks_to_do()] == [10]
        work(journal)
        assert [one.source for one in journal.looks_of("gate")] == [one.name for one in frames]


def test_what_was_found_does_not_depend_on_the_order_of_commits(tmp_path: Path) -> None:
    items = [video(f"{one}.mp4", one * 7) for one in range(4)]
    items += [video("alone.mp4"), *(photo(f"p/{one}.jpg", one, "p") for one in range(5))]
    lengths_s = {"0.mp4": 900.0, "1.mp4": 400.0, "2.mp4": 60.0, "3.mp4": 1000.0}
    told = []
    for seed in range(4):
        with Journal.open(tmp_path / str(seed), SETTINGS) as journal:
            journal.enter(items)
            work(journal, lengths_s, seed)
            told.append(
                [
                    *(list(journal.findings()), list(journal.spans()), list(journal.problems())),
                    *([*journal.looks_of(one)] for one in journal.cameras()),
                    journal.counts(),
                ]
            )
    assert told[0][0]
    assert all(one == told[0] for one in told)


def test_overlapping_videos_of_a_camera(journal: Journal) -> None:
    items = [video("a.mp4", 0), video("b.mp4", 3), video("c.mp4", 4), video("d.mp4", 4, "other")]
    journal.enter(items)
    work(journal, {"a.mp4": 300.0, "b.mp4": 480.0, "c.mp4": 120.0})
    assert times(journal.looks_of("gate")) == [
        *(("a.mp4", float(one)) for one in range(5)),
        *(("b.mp4", float(one)) for one in range(5, 11)),
    ]
    (problem,) = journal.problems()
    assert (problem.source, problem.code, problem.fatal) == ("c.mp4", "overlapping_footage", False)
    assert journal.counts().files_failed == 0
    assert {row.source for row in journal.findings()} == {"a.mp4", "b.mp4", "d.mp4"}
    assert [(one.source, one.looks) for one in journal.spans()] == [
        *(("a.mp4", 5), ("b.mp4", 6), ("d.mp4", 1))
    ]


def test_videos_of_unknown_time_stand_alone(journal: Journal) -> None:
    journal.enter([video("gate/b.mp4"), video("gate/a.mp4"), video("gate/c.mp4", 1)])
    work(journal)
    assert list(journal.cameras()) == ["gate", "gate/a.mp4", "gate/b.mp4"]
    assert [one.source for one in journal.looks_of("gate")] == ["gate/c.mp4"]
    assert [one.at_s for one in journal.looks_of("gate/a.mp4")] == [0.0]
    assert list(journal.problems()) == []


def test_findings_are_sorted_and_of_scored_looks(journal: Journal) -> None:
    frames = [photo("b/1.jpg", 2, "b"), photo("b/2.jpg", 1, "b")]
    journal.enter([*frames, photo("z.jpg"), photo("a.jpg"), video("a.mp4", 0, "a")])
    for task in list(journal.chunks_to_do()):
        file = task.files[0]
        if file.kind == "photo":
            journal.commit(task, see(task))
            continue
        weak = Sighting("illegal_poster", 0.2, (0.0, 0.0, 1.0, 1.0), False, "small")
        strong = look(file, 60.0, 0.9)
        looks = (look(file, 0.0, held=True), replace(strong, sightings=(weak, *strong.sightings)))
        journal.commit(task, ChunkResult(looks, n_chunks=1))
    assert [(one.camera, one.source, one.sighting.score) for one in journal.findings()] == [
        *((None, "a.jpg", 0.5), (None, "z.jpg", 0.5)),
        *(("a", "a.mp4", 0.9), ("a", "a.mp4", 0.2)),
        *(("b", "b/2.jpg", 0.5), ("b", "b/1.jpg", 0.5)),
    ]


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


def test_problems_are_sorted_and_told_once(journal: Journal) -> None:
    listed = FileProblem("a", "unreadable", "The folder cannot be read.")
    journal.enter([listed, video("b.mp4", 0)])
    (task,) = journal.chunks_to_do()
    late = FileProblem("b.mp4", "corrupt", "Broken.", "", 9.0, False)
    early = replace(late, at_s=2.0)
    journal.commit(task, ChunkResult((), (late, early, late), n_chunks=1))
    assert list(journal.problems()) == [listed, early, late]
    journal.enter([video("b.mp4", 0)])
    assert list(journal.problems()) == [early, late]


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_counts_are_kept_right(data: st.DataObject, tmp_path_factory: Any) -> None:
    items = [video(f"{one}.mp4", one * 10) for one in range(3)] + [
        photo(f"{one}.jpg") for one in range(3)
    ]
    with Journal.open(tmp_path_factory.mktemp("journal"), SETTINGS) as journal:
        for _ in range(data.draw(st.integers(1, 12))):
            tasks = list(journal.chunks_to_do())
            step = data.draw(st.sampled_from(["enter", "commit", "fail", "broken", "unreadable"]))
            if step == "enter" or not tasks:
                journal.enter(data.draw(st.lists(st.sampled_from(items), unique=True)))
            elif step == "commit":
                task = data.draw(st.sampled_from(tasks))
                journal.commit(task, see(task, 700.0, 3))
            else:
                task = data.draw(st.sampled_from(tasks))
                code = {"fail": "corrupt", "broken": "timeline_broken"}.get(step, step)
                if code == "timeline_broken" and task.kind == "photo":
                    continue
                journal.fail(task, FileProblem(task.files[0].name, code, "No."))
            assert journal.counts() == count(journal._store)
            assert journal.counts().files_done <= journal.counts().files


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    again(tmp_path).close()
    with pytest.raises(UsageError, match=r"every_s was 2\.0 and is 1\.0") as caught:
        Journal.open(tmp_path, {**SETTINGS, "every_s": "1.0"})
    assert "model" not in caught.value.message
    assert "--restart" in caught.value.hint
    with pytest.raises(UsageError, match="zones was not set and is x"):
        Journal.open(tmp_path, {**SETTINGS, "zones": "x"})
    with pytest.raises(UsageError, match="chunk_s"):
        Journal.open(tmp_path, SETTINGS, chunk_s=60.0)


def test_restart_begins_anew(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video("a.mp4")])
    with Journal.open(tmp_path, {"every_s": "1.0"}, restart=True) as journal:
        assert journal.counts() == Counts()


def test_two_scans_in_one_folder(tmp_path: Path) -> None:
    with again(tmp_path):
        with pytest.raises(UsageError, match="Another scan"):
            again(tmp_path)
        with pytest.raises(UsageError, match="Another scan"):
            Journal.open(tmp_path, SETTINGS, restart=True)
    again(tmp_path).close()


def test_a_damaged_journal(tmp_path: Path) -> None:
    (tmp_path / "scan.db").write_bytes(b"no database at all" * 300)
    with pytest.raises(StreetIssueError, match="damaged") as caught:
        again(tmp_path)
    assert caught.value.code == "journal_damaged"
    Journal.open(tmp_path, SETTINGS, restart=True).close()


def test_damage_that_shows_late(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video("a.mp4", 0)])
        work(journal)
    connection = sqlite3.connect(tmp_path / "scan.db")
    connection.execute("UPDATE looks SET blob = x'00'")
    connection.commit()
    connection.close()
    with again(tmp_path) as journal, pytest.raises(StreetIssueError, match="damaged"):
        list(journal.looks_of("gate"))


def test_a_journal_of_another_version_or_program(tmp_path: Path) -> None:
    again(tmp_path).close()
    for pragma, code in (
        ("user_version = 99", "journal_newer"),
        ("application_id = 1", "journal_damaged"),
    ):
        connection = sqlite3.connect(tmp_path / "scan.db")
        connection.execute(f"PRAGMA {pragma}")
        connection.close()
        with pytest.raises(StreetIssueError) as caught:
            again(tmp_path)
        assert caught.value.code == code


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        Journal.open(tmp_path / "file" / "out", SETTINGS)


def test_a_full_disk(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video(f"{one}.mp4", one) for one in range(3)])
        first, second, third = journal.chunks_to_do()
        journal.commit(first, see(first, 60.0, 1))
        before = journal.counts()
        (pages,) = journal._store.one("PRAGMA page_count")
        journal._store.execute(f"PRAGMA max_page_count = {pages}")
        large = tuple(
            replace(look(second.files[0], float(one)), source=f"{random.random()}")
            for one in range(9000)
        )
        with pytest.raises(StreetIssueError, match="disk is full") as caught:
            journal.commit(second, ChunkResult(large, n_chunks=1))
        assert caught.value.code == "disk_full"
        assert journal.counts() == before == count(journal._store)
        journal._store.execute("PRAGMA max_page_count = 1000000")
        assert [task.key for task in journal.chunks_to_do()] == [second.key, third.key]
        assert journal.commit(second, see(second, 60.0, 1))


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import test_journal as made
from detector.archive.journal import Journal
with Journal.open(Path(sys.argv[1]), made.SETTINGS) as journal:
    journal.enter(made.ITEMS)
    print("entered", flush=True)
    while tasks := list(journal.chunks_to_do()):
        for task in tasks:
            journal.commit(task, made.see(task, 1500.0, 5))
            print(task.files[0].name, task.number, flush=True)
"""
ITEMS = [video(f"{one}.mp4", one * 60) for one in range(30)] + [
    photo(f"{one}.jpg") for one in range(600)
]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.faults)])
def test_killed_at_any_moment_what_was_answered_is_there(tmp_path: Path, seed: int) -> None:
    script = KILLED.format(here=os.path.dirname(__file__))
    command = [sys.executable, "-c", script, str(tmp_path)]
    answered: list[str] = []
    chance = random.Random(seed)
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            left = chance.randrange(1, 100)
            for line in process.stdout:
                answered += [] if line == "entered\n" else [line.strip()]
                left -= 1
                if left == 0:
                    process.send_signal(signal.SIGKILL)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    # Between a commit and its line a kill may come: those lines are missing, none is there twice.
    assert len(answered) == len(set(answered))
    with again(tmp_path) as journal:
        assert journal.counts().chunks_todo == 0
        looks = list(journal.looks_of("gate"))
        photos = [one.source for one in journal.photo_looks()]
    assert len(looks) == 30 * 25
    assert photos == sorted(one.name for one in ITEMS if one.kind == "photo")


finite = st.floats(allow_nan=False, allow_infinity=False)
sightings = st.builds(
    Sighting,
    label=st.text(),
    score=finite,
    box_xyxy=st.tuples(finite, finite, finite, finite),
    flagged=st.booleans(),
    severity=st.sampled_from(["small", "medium", "large"]),
    motion=st.none() | finite,
)
looks = st.builds(
    Look,
    source=st.text(alphabet=st.characters(exclude_categories=())),
    timestamp_s=finite,
    captured_at=st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
    image_wh=st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    held=st.booleans(),
    condition=st.sampled_from(["clear", "dark", "blank", "blurred"]),
    sightings=st.lists(sightings, max_size=3).map(tuple),
    measures=st.builds(
        Measures, finite, finite, finite, st.none() | finite, st.none() | st.binary(max_size=40)
    ),
)


@given(st.lists(looks, max_size=4))
def test_looks_round_trip_exactly(made: Sequence[Look]) -> None:
    read = decode_looks(encode_looks(made))
    assert read == tuple(made)
    assert repr(read) == repr(tuple(made))


def test_looks_that_are_damaged_or_not_finite() -> None:
    blob = encode_looks([look(video("a.mp4"))])
    for wrong in (b"", blob[:-5], blob[:20] + b"x" + blob[21:], encode_looks([])[:3]):
        with pytest.raises(ValueError, match=r".+"):
            decode_looks(wrong)
    with pytest.raises(ValueError, match=r".+"):
        encode_looks([look(video("a.mp4"), score=float("nan"))])
