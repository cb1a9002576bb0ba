"""Work that dies, hangs or hungers when the job says so. Worker processes import it."""

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from detector.archive.attempts import Job
from detector.archive.chunk_result import ChunkCounts, ChunkResult
from detector.archive.rows import FileProblem
from detector.errors import BundleError


def open_words(plan: Any) -> Callable[[str, Callable[[int], None]], str]:
    """Jobs are texts: a word, and what it needs."""
    if plan == "refuse":
        raise BundleError("manifest_missing", "There is no model.", "Copy it.")
    if plan == "die":
        os._exit(3)
    return do_word


def do_word(job: str, tell: Callable[[int], None]) -> str:
    word, _, rest = job.partition(" ")
    print("this must not reach the scan's standard output")
    match word:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            while True:
                time.sleep(60)
        case "die-once":
            if not Path(rest).exists():
                Path(rest).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "eat":
            size = 2**31
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
            held = []
            while True:
                held.append(bytearray(2**26))
        case "raise":
            raise ZeroDivisionError
        case "unsendable":
            return lambda: None  # type: ignore[return-value]  # that is the oddity
        case "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        case "work":  # Longer than the patience of the test, with signs of life.
            for _ in range(int(rest)):
                time.sleep(0.05)
                tell(1)
    return f"{job} by {os.getpid()}"


def open_files(plan: Any) -> Callable[[Job, Callable[[int], None]], ChunkResult]:
    """Jobs are chunks, whose files say by their names what happens."""
    del plan

    def work(job: Job, tell: Callable[[int], None]) -> ChunkResult:
        seen: list[FileProblem] = []
        for item in job.task.files:
            if item.name in job.passed_over:
                continue
            do_word(item.name, tell)
            tell(1)
            seen.append(FileProblem(item.name, "seen", "", fatal=False))
        return ChunkResult(problems=tuple(seen), counts=ChunkCounts(frames=len(seen)))

    return work
