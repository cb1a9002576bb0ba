"""A bounded number of worker processes, each replaced when it hangs or dies."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from api.errors import ApiError, ScoringError, SettingsError
from api.scoring.base import Comparison, PictureRequest, Scored
from api.scoring.process import WorkerGoneError, WorkerProcess
from api.scoring.tasks import (
    CompareTask,
    Failed,
    PictureTask,
    Ready,
    ScoreTask,
    WorkPlan,
)
from api.scoring.waiting_room import Order, WaitingRoom
from detector.detections import ModelReference
from detector.errors import PhotoError

logger = logging.getLogger(__name__)

OPEN_WORK: Final = "api.scoring.work:open_work"
SHADOW_TIMEOUT_S: Final = 5.0
"""How long an answer waits for what the candidate model says."""
CLOSE_PATIENCE_S: Final = 10.0
"""For the tasks that run when the pool closes: Kubernetes kills 30 s after it asked to stop."""
LONGEST_BACK_OFF_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How large the pool is, and how patient."""

    workers: int
    backlog: int
    """Tasks that may wait for each worker."""
    timeout_s: float
    """A task that takes longer is given up."""
    shadow_timeout_s: float = SHADOW_TIMEOUT_S
    open_work: str = OPEN_WORK
    """`module:function` that makes a worker's work; tests put in one that hangs."""
    on_replaced: Callable[[], None] = lambda: None
    """Called when a worker hung or died at a task and is replaced, for the metrics."""
    close_patience_s: float = CLOSE_PATIENCE_S
    """How long `close` lets running tasks go on."""


class ProcessPool:
    """The service's workers; see `ScoringPool`.

    A thread for each worker hands it one task at a time, so the operating system tells when it
    dies, and a deadline needs nothing of it.
    """

    def __init__(self, settings: PoolSettings, plan: WorkPlan) -> None:
        """Start the workers and wait until each is set up.

        Raises:
            SettingsError: The model cannot be loaded, or a worker does not start.
        """
        self._settings = settings
        self._plan = plan
        self._room = WaitingRoom(settings.workers, settings.workers * (1 + settings.backlog))
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._up: dict[int, int] = {}
        """Process number by worker, of those that are set up."""
        self._failing: set[int] = set()
        """Workers whose last start failed."""
        self._refusal: ApiError | None = None
        self._threads = [
            threading.Thread(target=self._supervise, args=(i,), name=f"scoring-{i}", daemon=True)
            for i in range(settings.workers)
        ]
        for thread in self._threads:
            thread.start()
        self._ready = self._wait_for_all()

    def _wait_for_all(self) -> Ready:
        with self._changed:
            self._changed.wait_for(
                lambda: self._refusal is not None or len(self._up) == self._settings.workers
            )
        if self._refusal is not None:
            self.close()
            raise self._refusal
        return self._first_ready

    @property
    def model(self) -> ModelReference:
        """The model that scores."""
        return self._ready.model

    @property
    def labels(self) -> tuple[str, ...]:
        """What it looks for."""
        return self._ready.labels

    @property
    def busy(self) -> int:
        """Tasks that run or wait, for the metrics."""
        return self._room.taken

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process numbers of the workers that are set up."""
        with self._changed:
            return tuple(pid for _, pid in sorted(self._up.items()))

    def is_alive(self) -> bool:
        """Tell whether a worker is set up, or on its way in place of one that hung or died."""
        with self._changed:
            return not self._closing.is_set() and len(self._failing) < self._settings.workers

    def has_room(self) -> bool:
        """Tell whether a task would be taken now."""
        return self._room.has_room()

    def score(self, data: bytes, source: str = "", *, to_keep: bool = True) -> Future[Scored]:
        """See `ScoringPool.score`."""
        return self._room.add(ScoreTask(source, to_keep), data)

    def picture(self, data: bytes, request: PictureRequest) -> Future[bytes]:
        """See `ScoringPool.picture`."""
        return self._room.add(PictureTask(request), data)

    def compare(self, before: bytes, after: bytes) -> Future[Comparison]:
        """See `ScoringPool.compare`."""
        return self._room.add(CompareTask(), before, after)

    def close(self) -> None:
        """Let running tasks end, fail the waiting ones with BusyError, stop the workers.

        A task that does not end soon fails with ScoringError.
        """
        self._closing.set()
        self._room.close()
        deadline = time.monotonic() + self._settings.close_patience_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for pid in self.worker_pids:
            with contextlib.suppress(ProcessLookupError):  # It ended just now.
                os.kill(pid, signal.SIGKILL)
        for thread in self._threads:
            thread.join()

    def _supervise(self, number: int) -> None:
        """Keep one worker, for as long as the pool is open."""
        process: WorkerProcess | None = None
        try:
            while True:
                if process is None or not process.is_alive():
                    process = self._replace(process, number)
                if process is None or not self._room.wait():
                    return
                if not process.is_alive():  # It ended with nothing to do: out of memory.
                    self._room.wake_another()
                    continue
                order = self._room.take()
                if order is None or self._serve(process, order):
                    continue
                # It ended that very moment, or a task later than it should have.
                process = self._replace(process, number)
                if process is None or not self._serve(process, order):
                    gone = ScoringError("worker_died", "No worker lived to take the photo.")
                    self._finish(order, 0.0, error=gone)
        finally:
            with self._changed:
                self._up.pop(number, None)
            if process is not None:
                process.end()

    def _replace(self, gone: WorkerProcess | None, number: int) -> WorkerProcess | None:
        """Close what is left of a worker, and start another; None when the pool closes."""
        if gone is not None:
            gone.end()
        return self._start(number)

    def _start(self, number: int) -> WorkerProcess | None:
        """Start a worker, again and again if need be; None when the pool closes."""
        back_off_s = 1.0
        while not self._closing.is_set():
            with self._changed:
                self._up.pop(number, None)
            try:
                process = WorkerProcess(self._plan, self._settings.open_work)
                ready = process.wait_until_ready(lambda: not self._closing.is_set())
            except (SettingsError, WorkerGoneError) as error:
                self._note_failure(number, error)
                self._closing.wait(back_off_s)
                back_off_s = min(LONGEST_BACK_OFF_S, back_off_s * 2)
                continue
            with self._changed:
                self._first_ready = ready
                self._up[number] = process.pid
                self._failing.discard(number)
                self._room.open()
                self._changed.notify_all()
            return process
        return None

    def _note_failure(self, number: int, error: SettingsError | WorkerGoneError) -> None:
        if self._closing.is_set():
            return
        logger.error("Worker %d cannot be started: %s", number, error)
        if isinstance(error, WorkerGoneError):
            refusal = SettingsError("worker_failed", f"A worker cannot be started: {error}.")
        else:
            refusal = error
        with self._changed:
            self._refusal = refusal
            self._failing.add(number)
            if len(self._failing) == self._settings.workers:
                self._room.shut()
            self._changed.notify_all()

    def _serve(self, process: WorkerProcess, order: Order) -> bool:
        """See one task through; False: the worker was gone before it took it."""
        started = time.monotonic()
        error: Exception | None = None
        result: Any = None
        try:
            answer = process.ask(
                order.task,
                order.photos,
                self._settings.timeout_s,
                self._settings.shadow_timeout_s,
            )
            if isinstance(answer, Failed):
                error = _as_error(answer)
            else:
                result = answer.result
        except WorkerGoneError:
            return False
        except ScoringError as failure:
            logger.error("Worker process %d is replaced: %s", process.pid, failure.message)
            error = failure
            self._settings.on_replaced()
        self._finish(order, time.monotonic() - started, result=result, error=error)
        return True

    def _finish(
        self, order: Order, elapsed_s: float, *, result: Any = None, error: Exception | None = None
    ) -> None:
        """Free the task's place, then tell what came of it: who hears it may come with the next."""
        self._room.finish(elapsed_s)
        if error is None:
            order.future.set_result(result)
        else:
            order.future.set_exception(error)


def _as_error(failed: Failed) -> Exception:
    if failed.is_photo_fault:
        return PhotoError(failed.code, failed.message, failed.hint)  # type: ignore[arg-type]  # it was one on the other side
    return ScoringError(failed.code, failed.message, failed.hint)
