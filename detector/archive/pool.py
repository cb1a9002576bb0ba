"""Worker processes that are replaced when they die or hang: a broken file must not end a scan."""

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from detector.archive.messages import Done, Lost, Orders, Progress, Ready, Refused
from detector.errors import StreetIssueError

logger = logging.getLogger(__name__)

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")

STALL_S: Final = 120.0
"""The slowest frame takes some seconds; two minutes without one is no decoder that works."""
START_TIMEOUT_S: Final = 120.0
"""Loading takes a second or two; a cold disk or a busy machine takes longer."""
MOST_FAILED_STARTS: Final = 3
"""In a row, without a worker that got ready: then the next would not either."""
WORKER_ENVIRONMENT: Final = MappingProxyType({"MALLOC_ARENA_MAX": "2"})
"""Where nobody says otherwise. glibc keeps freed memory apart for each thread: with two pools a
worker holds 305 MB instead of 320 after scanning 1080p, at the same pace."""
END_PATIENCE_S: Final = 2.0
"""A worker whose connection closed has nothing more to do."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How large the pool is, and how patient."""

    workers: int
    orders: Orders
    """How each worker sets itself up."""
    stall_s: float = STALL_S
    """A worker that gives no sign of life for so long is replaced."""
    start_timeout_s: float = START_TIMEOUT_S
    on_progress: Callable[[int], None] = lambda _: None
    """Told how many more frames were looked at."""


class _Worker(Generic[JobT]):
    """One process, and the job that it has."""

    def __init__(self, orders: Orders) -> None:
        self.connection, theirs = Pipe()
        try:
            # Started anew, not forked: threads of a runtime do not survive a fork. Its standard
            # output is closed: ours may be a pipe that somebody parses.
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "detector.archive.worker"),
                    *(str(theirs.fileno()), str(os.getpid())),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**WORKER_ENVIRONMENT, **os.environ, "PYTHONPATH": import_path()},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self.connection.close()
            raise StreetIssueError(
                "worker_failed", f"No worker process can be started: {error.strerror}."
            ) from error
        finally:
            theirs.close()
        self.is_ready = False
        self.job: JobT | None = None
        self.has_taken = False
        """The job is at work: what happens to the process is the job's doing."""
        self.seen_at = time.monotonic()
        self.send(orders)

    def give(self, job: JobT) -> None:
        """Hand it a job; it takes it when it is set up."""
        self.job = job
        self.has_taken = False
        self.seen_at = time.monotonic()
        self.send(job)

    def send(self, message: object) -> None:
        """Send; that nobody is there any more shows when its answer is read."""
        with contextlib.suppress(OSError):
            self.connection.send(message)

    def end(self) -> str:
        """End it at once if it has not ended; return how it ended, in words."""
        self.connection.close()
        try:
            code = self.process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def kill(self) -> None:
        """End it now, whatever it does."""
        self.process.kill()
        self.end()


class WorkerPool(Generic[JobT, ResultT]):
    """A fixed number of worker processes, one job each. Used from one thread.

    Linux ends the workers with the thread that made the pool; so that thread must live as long.
    """

    def __init__(self, settings: PoolSettings) -> None:
        """Start the workers; what keeps them from getting ready is raised by `wait`.

        Raises:
            StreetIssueError: The system starts no process.
        """
        self._settings = settings
        self._workers: list[_Worker[JobT]] = []
        self._failed_starts = 0
        self._left_at: float | None = None
        try:
            for _ in range(settings.workers):
                self._workers.append(_Worker(settings.orders))
        except StreetIssueError:
            self.close()
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the workers."""
        return tuple(worker.process.pid for worker in self._workers)

    @property
    def running(self) -> int:
        """Jobs that were started and have not ended."""
        return sum(worker.job is not None for worker in self._workers)

    def has_room(self) -> bool:
        """Tell whether a worker has no job."""
        return self.running < len(self._workers)

    def start(self, job: JobT) -> None:
        """Give a job to a worker that has none."""
        # One that is set up first: another may be on its way still.
        free = [worker for worker in self._workers if worker.job is None]
        next((worker for worker in free if worker.is_ready), free[0]).give(job)

    def wait(self) -> list[tuple[JobT, ResultT | Lost]]:
        """Wait until a job has ended, and return those that have.

        Raises:
            StreetIssueError: No worker can be set up; in the worker's own words.
        """
        ended: list[tuple[JobT, ResultT | Lost]] = []
        self._forgive_own_absence()
        while self.running and not ended:
            by_connection = {worker.connection: worker for worker in self._workers}
            readable = wait(list(by_connection), timeout=self._until_next_deadline_s())
            for connection in readable:
                assert isinstance(connection, Connection)
                ended.extend(self._hear(by_connection[connection]))
            if not readable:
                ended.extend(self._replace_the_overdue())
        self._left_at = time.monotonic()
        return ended

    def close(self) -> None:
        """End all workers, whatever they do."""
        for worker in self._workers:
            worker.kill()
        self._workers = []

    def _forgive_own_absence(self) -> None:
        """Do not hold against the workers the time in which nobody read what they said."""
        if self._left_at is not None:
            away_s = time.monotonic() - self._left_at
            for worker in self._workers:
                worker.seen_at += away_s
            self._left_at = None

    def _deadline(self, worker: _Worker[JobT]) -> float | None:
        if not worker.is_ready:
            return worker.seen_at + self._settings.start_timeout_s
        return None if worker.job is None else worker.seen_at + self._settings.stall_s

    def _until_next_deadline_s(self) -> float:
        deadlines = [self._deadline(worker) for worker in self._workers]
        first = min(deadline for deadline in deadlines if deadline is not None)
        return max(0.0, first - time.monotonic())

    def _hear(self, worker: _Worker[JobT]) -> list[tuple[JobT, ResultT | Lost]]:
        """Take one message of a worker; return what ended with it."""
        try:
            message: Any = worker.connection.recv()
        except Exception as error:  # EOFError, OSError, and what pickle raises on half a message.
            logger.debug("A worker's connection ended", exc_info=error)
            return self._bury(worker, worker.end())
        worker.seen_at = time.monotonic()
        match message:
            case Ready():
                worker.is_ready = True
                self._failed_starts = 0
            case Refused(code, text, hint):
                raise StreetIssueError(code, text, hint)
            case Progress(frames):
                worker.has_taken = True
                if frames:
                    self._settings.on_progress(frames)
            case Done(result):
                return self._let_go(worker, result)
            case Lost():
                return self._let_go(worker, message)
        return []

    def _let_go(
        self, worker: _Worker[JobT], answer: ResultT | Lost
    ) -> list[tuple[JobT, ResultT | Lost]]:
        job, worker.job = worker.job, None
        return [] if job is None else [(job, answer)]

    def _replace_the_overdue(self) -> list[tuple[JobT, ResultT | Lost]]:
        ended: list[tuple[JobT, ResultT | Lost]] = []
        now = time.monotonic()
        for worker in list(self._workers):
            deadline = self._deadline(worker)
            if deadline is None or now < deadline:
                continue
            worker.kill()
            if worker.is_ready and worker.job is not None:
                text = f"The worker gave no sign of life for {self._settings.stall_s:g} s."
                ended.extend(self._let_go(worker, Lost("stalled", text)))
            ended.extend(self._bury(worker, "it was not ready in time"))
        return ended

    def _bury(self, worker: _Worker[JobT], how: str) -> list[tuple[JobT, ResultT | Lost]]:
        """Put a new worker in the place of one that ended."""
        ended: list[tuple[JobT, ResultT | Lost]] = []
        if worker.job is not None and worker.has_taken:
            text = f"The process that looked through it ended ({how})."
            ended = self._let_go(worker, Lost("decoder_crashed", text))
        if not worker.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                raise StreetIssueError("worker_failed", f"No worker can be started ({how}).")
        logger.info("Worker process %d is replaced (%s)", worker.process.pid, how)
        successor: _Worker[JobT] = _Worker(self._settings.orders)
        self._workers[self._workers.index(worker)] = successor
        if worker.job is not None:  # It ended before it took the job, which is not to blame.
            successor.give(worker.job)
        return ended


def import_path() -> str:
    """Return this process's import path: a worker imports what it would."""
    return os.pathsep.join(str(Path(entry or ".").resolve()) for entry in sys.path)
