"""Run a command and account for it as the operating system does."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLI = str(Path(sys.executable).with_name("street-issues"))


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    """Largest resident set, in 10^6 bytes."""
    output: str


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; a failure ends the benchmark."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output}{errors.read()}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output)


def median_run(command: Sequence[str], times: int) -> Run:
    """Run a command several times after a warm-up; return the run of median wall time."""
    run(command)
    runs = sorted((run(command) for _ in range(times)), key=lambda one: one.wall_s)
    return runs[times // 2]
