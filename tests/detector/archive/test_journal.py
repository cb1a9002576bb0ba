"""The journal: what it notes, in what order it tells it, and what it counts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.archive.chunk_result import ChunkResult
from detector.archive.journal import Counts, Journal
from detector.archive.journal_reading import count
from detector.archive.rows import FileProblem
from detector.camera.looks import Sighting
from tests.detector.archive.journal_entries import (
    SETTINGS,
    START,
    again,
    look,
    photo,
    see,
    times,
    video,
    work,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path, SETTINGS) as opened:
        yield opened


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
