"""What a scan leaves behind is made of its journal and stories alone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from detector.archive.finish import (
    MOST_PROBLEMS_SHOWN,
    Finished,
    FinishSettings,
    RunFacts,
    _gravest,
    describe_run,
    write_results,
)
from detector.archive.fold import CameraStory
from detector.archive.journal import Journal
from detector.archive.onlooker import Unwatched
from detector.archive.outputs import Outputs
from detector.archive.rows import CameraStateRow, FileProblem
from detector.camera.incident import Incident, Peak
from detector.camera.rules import IncidentRules

FACTS = RunFacts(
    ("/archive",), {"model": "made-up 1"}, {"illegal_poster": IncidentRules(0.5, 0.25)}
)
SETTINGS = FinishSettings("en", UTC, None, report=True)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "out", {}) as journal:
        yield journal


def make_incident(path: Path, **changes: Any) -> Incident:
    peak = Peak(0.9, (40.0, 40.0, 90.0, 90.0), "small", (320, 240), path.name, 1.0, None)
    incident = Incident(
        id="inc-0123456789abcdef0123",
        camera="a.mp4",
        label="illegal_poster",
        state="open",
        revision=1,
        started_s=0.0,
        last_seen_s=4.0,
        started_at=None,
        last_seen_at=None,
        frames=3,
        median_score=0.8,
        peak=peak,
    )
    return replace(incident, **changes)


def finish(journal: Journal, out: Path, *stories: CameraStory, **changes: Any) -> Finished:
    settings = replace(SETTINGS, **changes)
    return write_results(journal, Outputs(out), stories, settings, FACTS, Unwatched())


def test_stories_become_files(
    journal: Journal, tmp_path: Path, write_clip: Any, make_item: Any
) -> None:
    clip, out = write_clip(tmp_path / "a.mp4", 4.0), tmp_path / "out"
    journal.enter([make_item(clip, camera=None)])
    state = CameraStateRow("a.mp4", "black", 2.0, None, "dark", "a.mp4")
    finished = finish(journal, out, CameraStory((make_incident(clip),), (state,)))
    assert (finished.problems, finished.failed, finished.findings) == ((), 0, 0)
    assert finished.report == out / "report.html" and finished.report.is_file()
    assert (out / "evidence" / "inc-0123456789abcdef0123.jpg").is_file()
    (line,) = (out / "cameras.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["state"] == "black"
    # The next run finds nothing: the picture goes, and the files say so.
    finished = finish(journal, out, report=False)
    assert finished.report is None and finished.incidents == ()
    assert not list((out / "evidence").rglob("*.jpg"))
    assert (out / "incidents.jsonl").read_bytes() == b""


def test_a_picture_that_fails_is_a_problem_and_no_end(
    journal: Journal, tmp_path: Path, write_clip: Any, make_item: Any
) -> None:
    clip, out = write_clip(tmp_path / "a.mp4", 4.0), tmp_path / "out"
    journal.enter([make_item(clip, camera=None)])
    clip.unlink()
    finished = finish(journal, out, CameraStory((make_incident(clip),), ()))
    (problem,) = finished.problems
    assert problem.source == "a.mp4"
    assert (out / "incidents.jsonl").read_bytes()
    lines = (out / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["code"] for line in lines] == [problem.code]
    assert describe_run(journal, FACTS, "complete", finished)["pictures_failed"] == 1


def test_what_cannot_be_listed_counts_as_failed_once(journal: Journal, tmp_path: Path) -> None:
    journal.enter(
        [
            FileProblem("north", "unreadable", "The folder cannot be read."),
            FileProblem("north", "unreadable", "The folder cannot be read twice."),
            FileProblem("south", "odd", "It is odd.", fatal=False),
        ]
    )
    finished = finish(journal, tmp_path / "out")
    assert finished.failed == 1
    assert journal.counts().files_failed == 0
    assert describe_run(journal, FACTS, "complete", finished)["failed"] == 1


def test_the_run_tells_its_state_settings_rules_and_counts(journal: Journal) -> None:
    run = describe_run(journal, FACTS, "running")
    assert run["state"] == "running" and run["archives"] == ["/archive"]
    assert run["settings"] == {"model": "made-up 1"}
    assert run["rules"]["illegal_poster"]["threshold"] == 0.5
    assert run["counts"]["files"] == 0
    assert "incidents" not in run
    assert json.loads(json.dumps(run, allow_nan=False)) == run


def test_the_gravest_problems_are_shown_in_their_order() -> None:
    odd = [FileProblem(f"{n:05}", "odd", "", fatal=False) for n in range(MOST_PROBLEMS_SHOWN)]
    grave = [FileProblem(f"grave {n}", "corrupt", "") for n in range(3)]
    shown = _gravest([*odd[:1000], *grave, *odd[1000:]])
    assert shown == (*grave, *odd[: MOST_PROBLEMS_SHOWN - 3])
