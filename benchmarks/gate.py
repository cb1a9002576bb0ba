"""What the gate holds and what it lets through, on made-up scenes and on real clips.

python -m benchmarks.gate
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from benchmarks.gate_scenes import (
    EVERY_S,
    WH,
    Edit,
    Recording,
    clock,
    cloud,
    headlights,
    light,
    paste,
    read_backgrounds,
    record,
    still,
    together,
)
from detector.arrays import Image
from detector.camera.examiner import Examiner
from detector.camera.frames import Frame, LumaArray
from detector.camera.gate import Gate
from detector.camera.light import change_strengths
from detector.camera.measures import SMALL_SIDE, take_sample
from detector.camera.view import CameraView
from detector.detections import Detections
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.models.fake import FakeDetector
from detector.pipeline import Pipeline

SHARED: Final = Path(__file__).parents[2] / "shared"
SETS: Final = ("streets_dhaka", "clean_shopfronts", "bins_montevideo", "backgrounds_walls")
SCENES_A_SET: Final = 2
SECONDS: Final = 36
QUIET_S: Final = 16
"""The first look and the five that settle are over by then."""
OBJECT_EVERY_S: Final = 14
"""An object's own look and the five that settle it are over before the next comes."""
CELL_PX: Final = WH[0] // SMALL_SIDE
OBJECT_SHARES: Final = (16, 16, 6, 16, 3, 16)
"""The frame's height by the object's: bags and posters, bins, stalls."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """An object that appears."""

    start_s: float
    box_xyxy: tuple[int, int, int, int]
    contrast: float
    """Mean absolute difference to what was there, levels."""


def make_backgrounds() -> list[LumaArray]:
    """Return street scenes, real ones where there are any."""
    folders = [SHARED / "data" / "train" / name / "images" for name in SETS]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        return read_backgrounds(None, 6, 0)
    return [one for folder in found for one in read_backgrounds(folder, SCENES_A_SET, 1)]


def recordings(count: int) -> list[Recording]:
    """Return how each scene is recorded: noise 1 to 3, 2 or 4 Mbit/s, at key frames or between."""
    return [
        Recording((1, 2, 3)[i % 3], (2_000_000, 4_000_000)[i % 2], i, offset=(0, 3)[i // 2 % 2])
        for i in range(count)
    ]


def shrink(samples: Iterable[tuple[float, LumaArray]]) -> Iterator[tuple[float, LumaArray]]:
    """Make samples small."""
    return ((at_s, take_sample(luma).small) for at_s, luma in samples)


def decide_all(smalls: Iterable[tuple[float, LumaArray]]) -> list[tuple[float, str]]:
    """Run the gate over small frames; the model sees nothing in any of them."""
    gate = Gate()
    decisions: list[tuple[float, str]] = []
    for at_s, small in smalls:
        decision = gate.decide(small, at_s)
        if decision != "held":
            gate.note_scored(small, at_s, ())
        decisions.append((at_s, decision))
    return decisions


def show_light(name: str, edit: Edit, backgrounds: Sequence[LumaArray]) -> None:
    """Print how much of a change of light alone is held."""
    counts: Counter[str] = Counter()
    for background, recording in zip(backgrounds, recordings(len(backgrounds)), strict=True):
        decided = decide_all(shrink(record(background, edit, SECONDS, recording)))
        counts.update(decision for at_s, decision in decided if at_s > QUIET_S - EVERY_S)
    total = counts.total()
    rest = ", ".join(f"{key} {count / total:.0%}" for key, count in sorted(counts.items()))
    print(f"| {name} | {total} | {counts['held'] / total:.0%} | {rest} |")


def script_objects(
    background: LumaArray, other: LumaArray, seed: int
) -> tuple[list[Pasted], list[Edit]]:
    """Return objects cut out of another scene, one after another, and their edits."""
    rng = np.random.default_rng(seed)
    pasted, edits = [], []
    for i, share in enumerate(OBJECT_SHARES):
        height = WH[1] // share
        width = int(height * rng.uniform(0.7, 1.2))
        sx, x = (int(rng.integers(WH[0] - width)) for _ in range(2))
        sy, y = (int(rng.integers(WH[1] - height)) for _ in range(2))
        patch = other[sy : sy + height, sx : sx + width]
        there = background[y : y + height, x : x + width]
        contrast = float(np.abs(patch.astype(np.float32) - there).mean())
        start_s = QUIET_S + OBJECT_EVERY_S * i + 0.7
        pasted.append(Pasted(start_s, (x, y, x + width, y + height), contrast))
        edits.append(paste(patch, (x, y), start_s))
    return pasted, edits


def show_objects(name: str, beside: Edit, backgrounds: Sequence[LumaArray]) -> None:
    """Print how objects that appear come through."""
    fates: Counter[str] = Counter()
    strengths: list[tuple[float, float]] = []
    quiet: list[float] = []
    for i, (background, recording) in enumerate(
        zip(backgrounds, recordings(len(backgrounds)), strict=True)
    ):
        pasted, edits = script_objects(background, backgrounds[(i + 1) % len(backgrounds)], i)
        seconds = QUIET_S + OBJECT_EVERY_S * len(OBJECT_SHARES)
        clip = record(background, together(*edits, beside), seconds, recording)
        smalls = [(at_s, take_sample(luma).small) for at_s, luma in clip]
        decided = decide_all(smalls)
        for one in pasted:
            first = next(k for k, (at_s, _) in enumerate(smalls) if at_s >= one.start_s)
            fates[fate_of([what for _, what in decided[first : first + 2]])] += 1
            change = change_strengths(smalls[first - 1][1], smalls[first][1])
            x1, y1, x2, y2 = (edge // CELL_PX for edge in one.box_xyxy)
            around = change[max(0, y1 - 2) : y2 + 3, max(0, x1 - 2) : x2 + 3]
            strengths.append((float(around.max()), one.contrast))
        before = [small for at_s, small in smalls if at_s < QUIET_S]
        quiet.extend(float(change_strengths(before[0], one).max()) for one in before[1:])
    weakest, contrast = min(strengths)
    told = " | ".join(str(fates[fate]) for fate in ("at once", "one late", "held"))
    print(
        f"| {name} | {len(strengths)} | {told} | {weakest:.1f} ({contrast:.0f} levels) "
        f"| {max(quiet):.1f} |"
    )


def fate_of(decisions: Sequence[str]) -> str:
    """Say when the model first looked, of the two samples after an object appeared."""
    if decisions[0] != "held":
        return "at once"
    return "one late" if decisions[1] != "held" else "held"


def show_clips() -> None:
    """Print the share of real clips' samples that is held."""
    from detector.camera.sampling import Sampling
    from detector.camera.video import read_video

    for path in sorted((SHARED / "video").rglob("*.*")):
        if path.suffix not in (".mp4", ".avi"):
            continue
        frames = read_video(path, Sampling(every_s=1.0))
        decided = decide_all(shrink((frame.timestamp_s, frame.luma) for frame in frames))
        counts = Counter(what for _, what in decided)
        rest = ", ".join(f"{key} {count}" for key, count in sorted(counts.items()))
        print(f"| {path.parent.name}/{path.name} | {len(decided)} | {rest} |")


def show_speed() -> None:
    """Print what a held frame of 1920 x 1080 costs."""

    def make_image() -> Image:
        return np.zeros((8, 8, 3), np.uint8)

    manifest = load_bundle(DEFAULT_BUNDLE).manifest
    pipeline = Pipeline(FakeDetector(manifest, lambda _: Detections.empty(manifest.classes)))
    examiner = Examiner(pipeline, CameraView())
    rng = np.random.default_rng(0)
    background = rng.integers(16, 235, (1080, 1920), np.uint8)
    took = []
    for i in range(300):
        at_s = i * 0.1
        frame = Frame("made-up", at_s, datetime.fromtimestamp(at_s, UTC), background, make_image)
        started = time.perf_counter()
        examination = examiner.examine(frame)
        assert examination is not None
        if examination.wants_score:
            examiner.score(frame, examination)
        else:
            examiner.hold(examination)
            took.append(time.perf_counter() - started)
    print(
        f"\nA held frame of 1920 x 1080: {np.median(took) * 1000:.2f} ms (median of {len(took)})."
    )


def main() -> None:
    cv2.setNumThreads(1)
    backgrounds = make_backgrounds()
    print(f"{len(backgrounds)} scenes, a sample each {EVERY_S} s.\n")
    print(
        "| objects appear | objects | scored at once | one sample late | held longer "
        "| weakest strength (contrast) | strongest noise |\n|---|---|---|---|---|---|---|"
    )
    show_objects("in still light", still, backgrounds)
    show_objects("while it grows 40 % darker", light(0.6, QUIET_S, 60), backgrounds)
    print("\n| only the light changes | samples | held | decisions |\n|---|---|---|---|")
    for name, edit in (
        ("nothing changes", still),
        ("a running clock", clock),
        ("40 % darker in 20 s", light(0.6, QUIET_S, 20)),
        ("40 % brighter in 20 s", light(1.4, QUIET_S, 20)),
        ("40 % darker at once", light(0.6, QUIET_S + 4, 0)),
        ("a cloud over half the frame in 20 s", cloud(0.6, QUIET_S, 20)),
        ("headlights pass for 12 s", headlights(QUIET_S + 4, 12)),
    ):
        show_light(name, edit, backgrounds)
    if (SHARED / "video").is_dir():
        print("\n| clip, a sample each second | samples | decisions |\n|---|---|---|")
        show_clips()
    show_speed()


if __name__ == "__main__":
    main()
