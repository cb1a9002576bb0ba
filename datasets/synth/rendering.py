"""Renders numbered sprites with Blender, which runs in an environment of its own.

    street-issues-data render --out FOLDER --count 800 --processes 2

Blender's Python module needs Python 3.11 and NumPy 1, so it is never imported here: a subprocess
runs `blender/worker.py`. What is complete in the folder is left as it is.
"""

import argparse
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datasets.errors import DatasetError

PYTHON: Final = Path(".venv-synth/bin/python")
WORKER: Final = Path(__file__).parent / "blender" / "worker.py"
SET_UP: Final = (
    "python3.11 -m venv .venv-synth && "
    ".venv-synth/bin/pip install --require-hashes -r requirements/synth.lock"
)
DEFAULT_COUNT: Final = 640
LOG_TAIL_CHARS: Final = 1500


@dataclass(frozen=True, slots=True)
class RenderJob:
    """Which sprites to render, and how."""

    out: Path
    count: int = DEFAULT_COUNT
    """Sprites 0 to count - 1; each number gives the same sprite in every run."""
    processes: int = 1
    """Blender processes of one thread each."""
    python: Path = PYTHON
    """Interpreter of the environment that has bpy."""
    worker: Path = WORKER


def render_sprites(job: RenderJob) -> int:
    """Render what is missing of a set of sprites.

    Args:
        job: What to render. The folder is made.

    Returns:
        How many sprites were missing and have been rendered.

    Raises:
        DatasetError: The environment is missing, or Blender failed; complete sprites stay.
    """
    missing = [n for n in range(job.count) if not (job.out / f"{n:05d}.json").exists()]
    if not missing:
        return 0
    if not job.python.exists():
        raise DatasetError(
            "synth_env_missing",
            f"Rendering needs Blender's Python module, and there is no {job.python}.",
            f"Make its environment: {SET_UP}",
        )
    job.out.mkdir(parents=True, exist_ok=True)
    _run(job)
    left = [n for n in missing if not (job.out / f"{n:05d}.json").exists()]
    if left:
        raise DatasetError(
            "render_failed", f"Blender ended without an error, but {len(left)} sprites are missing."
        )
    return len(missing)


def _run(job: RenderJob) -> None:
    """Start the workers, every one on its share of the numbers, and wait for all."""
    started = []
    try:
        for k in range(job.processes):
            command = _command(job, k)
            with (job.out / f"worker-{k}.log").open("wb") as log:
                started.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        codes = [process.wait() for process in started]
    except OSError as error:
        raise DatasetError("render_failed", f"{job.python} cannot be started: {error}.") from error
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
                process.wait()
    for k, code in enumerate(codes):
        if code != 0:
            log_path = job.out / f"worker-{k}.log"
            tail = log_path.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARS:]
            raise DatasetError(
                "render_failed",
                f"The rendering process ended with {code}:\n{tail}",
                f"If bpy is missing: {SET_UP}",
            )


def _command(job: RenderJob, share: int) -> list[str]:
    """Command line of one worker; it skips what is complete."""
    count = len(range(share, job.count, job.processes))
    numbers = {"--first": share, "--step": job.processes, "--count": count, "--threads": 1}
    options = [text for name, value in numbers.items() for text in (name, str(value))]
    return [str(job.python), str(job.worker), "--out", str(job.out), *options]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `street-issues-data render`."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of sprites")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--python", type=Path, default=PYTHON, help="interpreter that has bpy")


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        DatasetError: The environment is missing, or Blender failed.
    """
    job = RenderJob(options.out, options.count, options.processes, options.python)
    rendered = render_sprites(job)
    print(f"{options.out}: {options.count} sprites, {rendered} of them new")
    return 0
