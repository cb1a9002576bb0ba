"""`street-issues` in short stretches of video, with a diary: `python diary.py DIARY scan ...`.

The diary has a line for each chunk that a worker begins or ends and for each that the journal has
noted, in the order in which it happened: `begin NAME NUMBER PID`, `end ...`, `note NAME NUMBER`.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from detector.archive import chunk, engines, identify
from detector.archive.attempts import Job
from detector.archive.chunk_result import ChunkResult
from detector.archive.journal import Journal
from detector.archive.journal_rows import ChunkTask

VARIABLE = "SCAN_DIARY"
CHUNK_S = 16.0


def write(what: str, task: ChunkTask) -> None:
    line = f"{what} {quote(task.files[0].name)} {task.number} {os.getpid()}\n"
    # One write to a file opened so is never mixed with another's.
    descriptor = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode("ascii"))
    os.close(descriptor)


def open_workshop(plan: Any) -> Callable[[Job, Callable[[int], None]], ChunkResult]:
    """Set a worker up that writes into the diary."""
    work = chunk.open_workshop(plan)

    def write_and_work(job: Job, tell: Callable[[int], None]) -> ChunkResult:
        if job.task.only_count:
            return work(job, tell)
        write("begin", job.task)
        result = work(job, tell)
        write("end", job.task)
        return result

    return write_and_work


def main() -> int:
    # A shell starts what it leaves in the background with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[VARIABLE] = str(Path(sys.argv[1]).resolve())
    commit = Journal.commit

    def commit_and_write(journal: Journal, task: ChunkTask, result: ChunkResult) -> bool:
        noted = commit(journal, task, result)
        write("note", task)
        return noted

    Journal.commit = commit_and_write  # type: ignore[method-assign, assignment]
    engines.EngineSettings = partial(  # type: ignore[misc, assignment]
        engines.EngineSettings, open_work="diary:open_workshop"
    )
    resolve = identify.resolve_setup_apart
    identify.resolve_setup_apart = lambda options: resolve(replace(options, chunk_s=CHUNK_S))

    from detector.cli import main as run

    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
