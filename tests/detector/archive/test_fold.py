"""Looks of one camera become its story; the same looks give the same one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.archive.fold import FRAMES_KEPT, ArchiveScenery, fold_camera
from detector.camera.frames import LumaArray
from detector.camera.incident import Incident
from detector.camera.looks import Look, Measures, Sighting
from detector.camera.rules import IncidentRules
from detector.errors import StreamError

WH = (640, 360)
BOX = (100.0, 100.0, 200.0, 220.0)
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
RULES = {
    "overflowing_bin": IncidentRules(
        threshold=0.5,
        keep_score=0.25,
        dwell_s=10.0,
        clear_after_s=30.0,
        rejoin_s=60.0,
        ask_scenery=True,
        faint_s=3600.0,
    )
}


def make_look(second: float, *, seen: bool, known: bool = True, **changes: object) -> Look:
    sighting = Sighting("overflowing_bin", 0.8, BOX, True, "medium")
    look = Look(
        source="gate/a.mp4",
        timestamp_s=second,
        captured_at=START + timedelta(seconds=second) if known else None,
        image_wh=WH,
        held=False,
        condition="clear",
        sightings=(sighting,) if seen else (),
        measures=Measures(120.0, 40.0, 300.0, 1.0),
    )
    return replace(look, **changes)  # type: ignore[arg-type]  # fields of a look


def make_night(known: bool = True) -> list[Look]:
    """A bin that is full from 20 s to 80 s."""
    return [make_look(at, seen=20 <= at < 80, known=known) for at in range(0, 200, 2)]


class Asked:
    """Scenery that answers always alike and notes that it was asked."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer
        self.times = 0

    def unchanged(self, *_: object) -> bool | None:
        self.times += 1
        return self.answer


def fold(looks: Iterable[Look], scenery: Asked | None = None) -> tuple[Incident, ...]:
    return fold_camera("gate", iter(looks), RULES, scenery).incidents


def test_an_incident_is_told_once_in_its_last_revision() -> None:
    (incident,) = fold(make_night())
    assert (incident.camera, incident.label, incident.state) == (
        "gate",
        "overflowing_bin",
        "cleared",
    )
    assert incident.started_at == START + timedelta(seconds=20)
    assert incident.last_seen_at == START + timedelta(seconds=78)


def test_what_is_there_when_the_footage_ends_is_open() -> None:
    (incident,) = fold(look for look in make_night() if look.timestamp_s < 80)
    assert incident.state == "open" and incident.ended_at is None


def test_the_same_looks_give_the_same_story() -> None:
    assert fold(make_night()) == fold(make_night())
    assert fold([]) == ()


def test_of_unknown_time_seconds_into_the_file_are_told() -> None:
    (incident,) = fold(make_night(known=False))
    assert (incident.started_at, incident.started_s, incident.last_seen_s) == (None, 20.0, 78.0)


def test_before_it_is_cleared_its_place_is_looked_at() -> None:
    still = Asked(True)
    (faint,) = fold(make_night(), still)
    assert still.times and faint.state == "open"
    gone = Asked(False)
    (cleared,) = fold(make_night(), gone)
    assert gone.times and cleared.state == "cleared"


def test_a_camera_that_freezes_is_told_with_its_time_and_source() -> None:
    def night(known: bool) -> Iterable[Look]:
        for at in range(0, 400, 2):
            look = make_look(at, seen=False, known=known)
            assert look.measures is not None
            still = 0.0 if at >= 100 else 1.0
            yield replace(look, measures=replace(look.measures, stillness=still))

    known = fold_camera("gate", night(known=True), RULES, None).states
    assert [row.state for row in known] == ["frozen"]
    (frozen,) = known
    assert frozen.camera == "gate" and frozen.source is None and frozen.reason
    assert frozen.captured_at is not None and frozen.captured_at >= START + timedelta(seconds=100)
    (alone,) = fold_camera("a.mp4", night(known=False), RULES, None).states
    assert alone.captured_at is None and alone.source == "gate/a.mp4"


Reads = list[tuple[str, float]]


@pytest.fixture
def reads() -> Reads:
    return []


@pytest.fixture
def scenery(reads: Reads) -> ArchiveScenery:
    coarse = np.random.default_rng(1).integers(0, 256, (WH[1] // 8, WH[0] // 8), np.uint8)
    pattern = coarse.repeat(8, axis=0).repeat(8, axis=1)

    def read(source: str, timestamp_s: float) -> LumaArray:
        reads.append((source, timestamp_s))
        match source:
            case "gone.mp4":
                raise StreamError("unreadable", "It is gone.")
            case "small.mp4":
                return pattern[::2, ::2]
            case "other.mp4":
                changed = pattern.copy()
                changed[100:220, 100:200] = pattern[200:320, 300:400]
                return changed
        return pattern

    return ArchiveScenery(read)


def test_two_frames_are_compared(scenery: ArchiveScenery) -> None:
    then = ("a.mp4", 0.0)
    assert scenery.unchanged(then, ("a.mp4", 60.0), BOX, WH) is True
    assert scenery.unchanged(then, ("other.mp4", 60.0), BOX, WH) is False


@pytest.mark.parametrize("source", ["gone.mp4", "small.mp4"])
def test_what_cannot_be_compared_is_neither(scenery: ArchiveScenery, source: str) -> None:
    assert scenery.unchanged(("a.mp4", 0.0), (source, 0.0), BOX, WH) is None
    assert scenery.unchanged((source, 0.0), ("a.mp4", 0.0), BOX, WH) is None


def test_a_frame_asked_for_again_is_not_read_again(scenery: ArchiveScenery, reads: Reads) -> None:
    then = ("a.mp4", 0.0)
    for at in range(1, 10):
        scenery.unchanged(then, ("a.mp4", float(at)), BOX, WH)
    assert reads.count(then) == 1 and len(reads) == 10
    for at in range(10 - FRAMES_KEPT + 1, 10):
        scenery.unchanged(then, ("a.mp4", float(at)), BOX, WH)
    assert len(reads) == 10
