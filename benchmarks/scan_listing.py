"""What an archive of many small files costs beside looking at them: listing, entering, resuming.

python -m benchmarks.scan_listing [--files 1000000] [--folder /dev/shm]
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import run
from detector.archive.journal import Journal
from detector.archive.names import NameRules
from detector.archive.work_list import list_archive

PER_FOLDER = 1_000
"""Files of one camera and day: every fourth folder videos, the others photos of a fixed camera."""


def make_files(root: Path, n_files: int) -> None:
    for first in range(0, n_files, PER_FOLDER):
        number = first // PER_FOLDER
        folder = root / f"camera{number // 28:04}" / f"2026-03-{number % 28 + 1:02}"
        folder.mkdir(parents=True)
        ending = "mp4" if number % 4 == 0 else "jpg"
        for at in range(min(PER_FOLDER, n_files - first)):
            minute, second = divmod(at, 60)
            name = f"{folder}/202603{number % 28 + 1:02}08{minute:02}{second:02}.{ending}"
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))


def enter(root: Path, out: Path) -> None:
    """List and enter once, as a scan does when it starts, in a process of its own."""
    started = time.perf_counter()
    with Journal.open(out, {}) as journal:
        entered = journal.enter(list_archive([root], NameRules()))
        task = next(journal.chunks_to_do())
        seconds = time.perf_counter() - started
        counts = journal.counts()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_mb = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    print(
        f"{seconds:.1f} s | {time.process_time():.1f} s | {peak_mb:.0f} MB | "
        f"{entered.new} | {entered.known} | "
        f"{counts.chunks_todo} | {len(task.files)} | {size_mb:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the files are made")
    parser.add_argument("--enter", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.enter:
        enter(*options.enter)
        return
    folder = Path(tempfile.mkdtemp(prefix="scan_listing_", dir=options.folder))
    try:
        archive, out = folder / "archive", folder / "out"
        make_files(archive, options.files)
        print(
            "| | time | CPU | peak memory | new | known | chunks to do | files in the first "
            "| journal |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for step in ("first start", "resumed"):
            command = [sys.executable, "-m", "benchmarks.scan_listing", "--enter", archive, out]
            print(f"| {step} | {run([str(part) for part in command]).output.strip()} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
