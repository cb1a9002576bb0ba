"""An archive scan of the scripted camera: its pace beside `yolo predict`, and what it finds.

python -m benchmarks.scan_speed [--minutes 60] [--folder DIR] [--video FILE ...]

The script is written twice as 1080p25 H.264: with a key frame each second, and with one each ten.
`--folder` keeps the videos for the next time (an hour of both takes half an hour to make);
`--video` takes others that begin as the script does.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from benchmarks.processes import CLI, run
from benchmarks.scripted_camera import HOUR_S, ZONES
from benchmarks.scripted_incidents import (
    Found,
    compare_found,
    read_found,
    score_each_sample,
    tell_script,
)
from benchmarks.throughput import NETWORK, other_python
from detector.camera.video import probe_video
from detector.camera.view import read_views

RATE: Final = 25
GOPS: Final = {25: "each second", 250: "each ten seconds"}
EVERY_S: Final = 1.0
WORKERS: Final = 2
COMPARED_S: Final = 60
"""Of the video that `yolo predict` is measured on; its pace hardly depends on what is seen."""
WARM_UP_S: Final = 4
"""Of a short video, left for the warm-up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What one way through a video took, per second of video."""

    wall_ms: float
    cpu_ms: float
    scored_per_s: float


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan took and found."""

    pace: Pace
    found: tuple[Found, ...]
    again_ms: float
    """Wall time of the same command once more, with nothing left to look through."""


def make_video(path: Path, gop: int, seconds: float) -> None:
    """Write the script, unless it is there; half a video is not kept."""
    if path.exists():
        return
    partial = path.with_stem(f"{path.stem}.part")
    command = [sys.executable, "-m", "benchmarks.scripted_camera", "--out", str(partial)]
    run([*command, "--rate", str(RATE), "--gop", str(gop), "--end", str(seconds)])
    os.replace(partial, path)


def make_videos(folder: Path, seconds: float) -> list[Path]:
    """Write the script with both spacings of key frames, side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {gop: folder / f"scripted_{seconds:.0f}s_gop{gop}.mp4" for gop in GOPS}
    with ThreadPoolExecutor(len(paths)) as threads:
        made = [threads.submit(make_video, path, gop, seconds) for gop, path in paths.items()]
        for one in made:
            one.result()
    return list(paths.values())


def pace_of_yolo(python: str, video: Path, stride: int, seconds: int) -> Pace:
    """Measure `yolo predict source=video`, warm, in the other environment."""
    script = str(Path(__file__).with_name("yolo_video.py"))
    arguments = [str(NETWORK), str(video), str(stride), str(seconds)]
    output = run([python, script, *arguments]).output
    wall_s, cpu_s = map(float, output.rsplit("figures=", 1)[1].split())
    return Pace(wall_s * 1e3, cpu_s * 1e3, RATE / stride)


def scan(video: Path, seconds: float, folder: Path) -> Scan:
    """Scan a video with the command line, from its start to all its results."""
    out = folder / "out"
    command = [CLI, "scan", str(video), "--out", str(out), "--zones", str(ZONES)]
    command += ["--every", str(EVERY_S), "--workers", str(WORKERS)]
    took, again = run(command), run(command)
    told = json.loads((out / "run.json").read_text(encoding="utf-8"))
    scored = told["counts"]["scored"] / seconds
    pace = Pace(took.wall_s / seconds * 1e3, took.cpu_s / seconds * 1e3, scored)
    return Scan(pace, read_found(out / "incidents.jsonl"), again.wall_s / seconds * 1e3)


def pace_of_each_sample(video: Path, seconds: float) -> tuple[Pace, tuple[Found, ...]]:
    """Score every sample in this process, one after another."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    scored, found = score_each_sample(video, read_views(ZONES), EVERY_S)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return Pace(wall_s / seconds * 1e3, cpu_s / seconds * 1e3, scored / seconds), found


def measure(video: Path, python: str) -> list[str]:
    """Measure one video and return Markdown lines."""
    seconds = probe_video(video).duration_s
    assert seconds is not None
    compared = min(COMPARED_S, int(seconds) - WARM_UP_S)
    # The small ones on both sides of the long one: the machine's pace drifts.
    stride = [pace_of_yolo(python, video, round(RATE * EVERY_S), compared)]
    with tempfile.TemporaryDirectory() as name:
        scanned = scan(video, seconds, Path(name))
    stride.append(pace_of_yolo(python, video, round(RATE * EVERY_S), compared))
    each_frame = pace_of_yolo(python, video, 1, compared)
    each_sample, found = pace_of_each_sample(video, seconds)
    ways = {
        f"`street-issues scan --every {EVERY_S:g} --workers {WORKERS}`": scanned.pace,
        "the same samples, all scored, one process": each_sample,
        f"`yolo predict vid_stride={round(RATE * EVERY_S)}`": mean_pace(stride),
        "`yolo predict`": each_frame,
    }
    lines = [
        "| | wall, ms | × scan's | CPU, ms | × scan's | frames scored |",
        "|---|---|---|---|---|---|",
    ]
    for way, pace in ways.items():
        lines.append(
            f"| {way} | {pace.wall_ms:.1f} | {pace.wall_ms / scanned.pace.wall_ms:.1f} "
            f"| {pace.cpu_ms:.1f} | {pace.cpu_ms / scanned.pace.cpu_ms:.1f} "
            f"| {pace.scored_per_s:.2f} |"
        )
    return [
        *lines,
        "",
        f"- the same command again, when only incidents and their pictures are made anew: "
        f"{scanned.again_ms:.1f} ms",
        f"- incidents of the script that the scan finds: {tell_script(scanned.found, seconds)}",
        f"- that all samples scored find: {tell_script(found, seconds)}",
        f"- the scan's against those: {compare_found(scanned.found, found, EVERY_S)}",
    ]


def mean_pace(paces: Sequence[Pace]) -> Pace:
    """Return the mean of paces at the same sampling."""
    wall_ms, cpu_ms = (
        sum(getattr(pace, name) for pace in paces) / len(paces) for name in ("wall_ms", "cpu_ms")
    )
    return Pace(wall_ms, cpu_ms, paces[0].scored_per_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=HOUR_S / 60, help="of the script")
    parser.add_argument("--folder", type=Path, help="keeps the videos")
    parser.add_argument("--video", type=Path, action="append", help="instead of making them")
    options = parser.parse_args()
    python = other_python()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        videos = options.video or make_videos(folder.resolve(), options.minutes * 60)
        print(
            f"Per second of video; `yolo predict` with `save=False`, measured warm on "
            f"{COMPARED_S} s, the scan whole: start, looking, incidents, evidence."
        )
        for video, spacing in zip_longest(videos, () if options.video else GOPS.values()):
            facts = probe_video(video)
            what = f"a key frame {spacing}" if spacing else video.name
            size = video.stat().st_size / 1e6
            print(
                f"\n{facts.wh[0]}×{facts.wh[1]}, {facts.codec}, {facts.duration_s or 0:.0f} s, "
                f"{size:.0f} MB, {what}:\n",
                *measure(video.resolve(), python),
                sep="\n",
                flush=True,
            )


if __name__ == "__main__":
    main()
