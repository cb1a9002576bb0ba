"""Incidents of the scripted camera: as it was written, as a scan tells them, frame by frame."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.scripted_camera import EXPECTED, Expected
from detector.archive.chunk import look_through
from detector.archive.fold import ArchiveScenery, fold_camera
from detector.archive.journal_rows import ChunkTask
from detector.archive.settings import ScanOptions, resolve_setup
from detector.archive.work_list import ArchiveItem
from detector.archive.workshop import Workshop
from detector.camera.gate import GateSettings
from detector.camera.incident import Incident
from detector.camera.looks import BoxXyxy
from detector.camera.rules import default_rules
from detector.camera.sampling import Sampling
from detector.camera.video import read_frame_at
from detector.camera.view import Views
from detector.geometry import box_iou
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle

NEAR_S: Final = 10.0
"""Of an incident's beginning and end to the script's: a car may stand before it."""
SURELY_OPEN_S: Final = 240.0
"""What began so long before a video's end is an incident by then, whatever its label's rules."""


@dataclass(frozen=True, slots=True)
class Found:
    """An incident."""

    label: str
    start_s: float
    last_s: float
    is_open: bool
    box_xyxy: BoxXyxy
    """At its peak."""

    def __str__(self) -> str:
        """Return label and times."""
        end = "the end" if self.is_open else _clock(self.last_s)
        return f"{self.label} {_clock(self.start_s)} to {end}"


def read_found(path: Path) -> tuple[Found, ...]:
    """Read the incidents of a scan's incidents.jsonl."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Found(
            row["label"],
            row["started_s"],
            row["last_seen_s"],
            row["state"] == "open",
            tuple(row["peak"]["box_xyxy"]),
        )
        for row in rows
    )


def score_each_sample(video: Path, views: Views, every_s: float) -> tuple[int, tuple[Found, ...]]:
    """Score every sample of a video, whatever the gate would say, and make incidents of them.

    Returns:
        How many were scored, and the incidents.
    """
    gate = GateSettings(max_hold_s=0.0)
    setup = resolve_setup(ScanOptions(sampling=Sampling(every_s=every_s), views=views, gate=gate))
    workshop = Workshop(setup)
    stat = video.stat()
    item = ArchiveItem(video, video.name, "video", stat.st_size, stat.st_mtime_ns, None, None, None)
    # In one piece: a stretch's first looks are all scored anyway.
    result = look_through(ChunkTask("1", (item,), number=1), workshop)
    workshop.close()
    if result.failure is not None:
        raise SystemExit(result.failure.message)
    scenery = ArchiveScenery(lambda _, at_s: read_frame_at(video, at_s).luma)
    rules = default_rules(load_bundle(DEFAULT_BUNDLE).manifest)
    story = fold_camera(video.name, result.looks, rules, scenery)
    return result.counts.scored, tuple(_found(one) for one in story.incidents)


def _found(one: Incident) -> Found:
    is_open = one.state == "open"
    return Found(one.label, one.started_s, one.last_seen_s, is_open, one.peak.box_xyxy)


def expected_until(end_s: float) -> tuple[Expected, ...]:
    """Return what the script's first seconds must give."""
    return tuple(
        Expected(
            one.label, one.start_s, None if one.end_s is None or one.end_s > end_s else one.end_s
        )
        for one in EXPECTED
        if one.start_s <= end_s - SURELY_OPEN_S
    )


def tell_script(found: Sequence[Found], end_s: float) -> str:
    """Say how incidents agree with the script: those found of those expected, and what is odd."""
    expected, left = expected_until(end_s), list(found)
    missing = []
    for one in expected:
        match = next((it for it in left if _agrees(it, one)), None)
        if match is None:
            missing.append(f"{one.label} {_clock(one.start_s)}")
        else:
            left.remove(match)
    words = f"{len(expected) - len(missing)} of {len(expected)}"
    if missing:
        words += f", missing: {', '.join(missing)}"
    if left:
        words += f", not in the script: {', '.join(map(str, left))}"
    return words


def _agrees(found: Found, expected: Expected) -> bool:
    near = found.label == expected.label and abs(found.start_s - expected.start_s) <= NEAR_S
    if expected.end_s is None:
        return near and found.is_open
    return near and not found.is_open and abs(found.last_s - expected.end_s) <= NEAR_S


def compare_found(found: Sequence[Found], each: Sequence[Found], every_s: float) -> str:
    """Say how a scan's incidents differ from those of every sample scored."""
    left, steps, overlaps = list(found), [0.0], [1.0]
    missing = []
    for one in each:
        same = [it for it in left if it.label == one.label and it.is_open == one.is_open]
        match = min(same, key=lambda it: abs(it.start_s - one.start_s), default=None)
        if match is None:
            missing.append(str(one))
            continue
        left.remove(match)
        steps += [abs(match.start_s - one.start_s), abs(match.last_s - one.last_s)]
        overlaps.append(_iou(match.box_xyxy, one.box_xyxy))
    words = (
        f"{len(each) - len(missing)} of {len(each)} the same; their times differ by "
        f"{max(steps):.0f} s at most (a sampling step is {every_s:.0f} s), their places overlap by "
        f"{min(overlaps):.2f} or more (IoU at the peak)"
    )
    if missing:
        words += f"; missing: {', '.join(missing)}"
    if left:
        words += f"; found beside them: {', '.join(map(str, left))}"
    return words


def _iou(a: BoxXyxy, b: BoxXyxy) -> float:
    return float(box_iou(np.array([a], np.float32), np.array([b], np.float32))[0, 0])


def _clock(at_s: float) -> str:
    return f"{int(at_s) // 60}:{int(at_s) % 60:02}"
