"""What an archive scan holds in memory, all its processes together, over many frames.

python -m benchmarks.scan_memory [--frames 100000]

Two stretches of the scripted camera, small and 1080p, stand in the archive under many names with
times that follow each other. The memory is read while the scan runs: PSS counts what processes
share once, RSS once for each.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.processes import CLI, ROOT, run

FRAMES_A_FILE: Final = 1000
"""One a second, each a key frame."""
START_S: Final = 280
"""In the script: the bin is full soon after."""
CLIPS: Final = {"small": "640x360", "large": "1920x1080"}
LARGE_SHARE: Final = 10
"""One file in so many is large."""
FILES_A_CAMERA: Final = 30
FIRST: Final = datetime(2026, 3, 2)
READ_EVERY_S: Final = 0.5
STEPS: Final = 10
"""Parts of the scan whose highest values are told."""
SMALLEST_FRAMES: Final = FRAMES_A_FILE * LARGE_SHARE


@dataclass(frozen=True, slots=True)
class Reading:
    """What all processes of a scan hold at one moment, in 10^6 bytes."""

    pss_mb: float
    rss_mb: float
    processes: int


def make_archive(folder: Path, n_frames: int) -> Path:
    """Write two clips and link them into an archive."""
    clips = {}
    for kind, wh in CLIPS.items():
        clips[kind] = folder / f"{kind}.mp4"
        command = [sys.executable, "-m", "benchmarks.scripted_camera", "--out", str(clips[kind])]
        end_s = START_S + FRAMES_A_FILE
        command += ["--wh", wh, "--rate", "1", "--gop", "1"]
        run([*command, "--start", str(START_S), "--end", str(end_s)])
    counts = dict.fromkeys(CLIPS, 0)
    for number in range(n_frames // FRAMES_A_FILE):
        kind = "small" if (number + 1) % LARGE_SHARE else "large"
        camera, place = divmod(counts[kind], FILES_A_CAMERA)
        counts[kind] += 1
        start = FIRST + timedelta(seconds=place * FRAMES_A_FILE)
        path = folder / "archive" / f"{kind}{camera}" / f"{start:%Y%m%d_%H%M%S}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(clips[kind], path)
    return folder / "archive"


def watch(command: list[str]) -> list[Reading]:
    """Run a command; read what it and its descendants hold until it ends."""
    readings = []
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        while process.poll() is None:
            readings.append(read_tree(process.pid))
            time.sleep(READ_EVERY_S)
        if process.returncode != 0:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read()}")
    return readings


def read_tree(pid: int) -> Reading:
    """Read a process and its descendants; one that ends meanwhile counts as nothing."""
    found, pss, rss = [pid], 0, 0
    for one in found:  # Grows while it is walked: children of children.
        try:
            for path in Path(f"/proc/{one}/task").glob("*/children"):
                found.extend(int(word) for word in path.read_text("ascii").split())
            lines = Path(f"/proc/{one}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        kib = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
        pss, rss = pss + kib["Pss:"], rss + kib["Rss:"]
    return Reading(pss * 1024 / 1e6, rss * 1024 / 1e6, len(found))


def measure(n_frames: int) -> list[str]:
    """Measure and return Markdown lines."""
    with tempfile.TemporaryDirectory() as name:
        archive = make_archive(Path(name), n_frames)
        command = [CLI, "scan", str(archive), "--out", f"{name}/out", "--every", "1", "--report"]
        started = time.perf_counter()
        readings = watch(command)
        minutes = (time.perf_counter() - started) / 60
    highest = max(readings, key=lambda one: one.pss_mb)
    parts = [
        readings[i * len(readings) // STEPS : (i + 1) * len(readings) // STEPS or 1]
        for i in range(STEPS)
    ]
    each = ", ".join(f"{max(one.pss_mb for one in part):.0f}" for part in parts if part)
    files = n_frames // FRAMES_A_FILE
    return [
        f"{files * FRAMES_A_FILE:,} frames in {files} videos, one in {LARGE_SHARE} of them "
        f"{CLIPS['large'].replace('x', '×')}, the others {CLIPS['small'].replace('x', '×')}; "
        f"scanned with a report in {minutes:.0f} minutes.",
        "",
        f"- at most {highest.pss_mb:.0f} MB in {highest.processes} processes (PSS); the sum of "
        f"their RSS, which counts what they share several times, at most "
        f"{max(one.rss_mb for one in readings):.0f} MB",
        f"- highest PSS in each tenth of the scan, in MB: {each}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100_000)
    options = parser.parse_args()
    if options.frames < SMALLEST_FRAMES:
        parser.error(f"--frames must be {SMALLEST_FRAMES} or more, to hold a large video")
    print("\n".join(measure(options.frames)))


if __name__ == "__main__":
    main()
