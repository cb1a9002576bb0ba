"""The pool's places: who runs, who waits, and whether one more is let in."""

import math
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from api.errors import BusyError
from api.scoring.tasks import Task

LONGEST_RETRY_AFTER_S: Final = 60
SHUTTING_DOWN_RETRY_AFTER_S: Final = 5
NO_WORKER_RETRY_AFTER_S: Final = 30
WEIGHT_OF_LAST: Final = 0.1
"""Of the last task in the running mean of their seconds."""


@dataclass(frozen=True, slots=True)
class Order:
    """A task, and where its result is waited for."""

    task: Task
    photos: tuple[bytes, ...]
    future: Future[Any]


class WaitingRoom:
    """A bounded queue for several workers. Safe to call from several threads."""

    def __init__(self, workers: int, places: int) -> None:
        """Take the number of workers, and of tasks that may run or wait."""
        self._workers = workers
        self._places = places
        self._changed = threading.Condition()
        self._waiting: deque[Order] = deque()
        self._running = 0
        self._task_s = 1.0
        self._refusal: BusyError | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Tell whether `close` was called."""
        return self._is_closed

    @property
    def taken(self) -> int:
        """Places that are taken."""
        with self._changed:
            return self._running + len(self._waiting)

    def has_room(self) -> bool:
        """Tell whether a task would be let in."""
        with self._changed:
            return self._has_room()

    def add(self, task: Task, *photos: bytes) -> Future[Any]:
        """Let a task in.

        Raises:
            BusyError: Every place is taken, or the room is closed.
        """
        future: Future[Any] = Future()
        with self._changed:
            if not self._has_room():
                raise self._refusal or self._describe_full()
            self._waiting.append(Order(task, photos, future))
            self._changed.notify()
        return future

    def wait(self) -> bool:
        """Wait until a task waits; False: the room is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or bool(self._waiting))
            return not self._is_closed

    def take(self) -> Order | None:
        """Take the first task that is still wanted, if there is one."""
        with self._changed:
            while self._waiting and not self._is_closed:
                order = self._waiting.popleft()
                if order.future.set_running_or_notify_cancel():
                    self._running += 1
                    return order
        return None

    def wake_another(self) -> None:
        """Wake a worker for the task that the caller was woken for and cannot take now."""
        with self._changed:
            self._changed.notify()

    def finish(self, elapsed_s: float) -> None:
        """Free the place of a task that was taken."""
        with self._changed:
            self._running -= 1
            self._task_s += WEIGHT_OF_LAST * (elapsed_s - self._task_s)

    def open(self) -> None:
        """Let tasks in again."""
        with self._changed:
            if not self._is_closed:
                self._refusal = None

    def shut(self) -> None:
        """Let nobody in and send away who waits: no worker can be started."""
        self._refuse(
            BusyError(
                "no_worker",
                "No worker process can be started.",
                retry_after_s=NO_WORKER_RETRY_AFTER_S,
            )
        )

    def close(self) -> None:
        """Let nobody in ever again, and send away who waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._refuse(
            BusyError(
                "shutting_down",
                "The service is shutting down.",
                retry_after_s=SHUTTING_DOWN_RETRY_AFTER_S,
            )
        )

    def _refuse(self, refusal: BusyError) -> None:
        with self._changed:
            self._refusal = refusal
            orders, self._waiting = self._waiting, deque()
        for order in orders:  # Outside the lock: the futures call back whom they will.
            if order.future.set_running_or_notify_cancel():
                order.future.set_exception(refusal)

    def _has_room(self) -> bool:
        if self._refusal is not None:
            return False
        if self._running + len(self._waiting) < self._places:
            return True
        # Whoever gave up waiting holds a place no longer.
        self._waiting = deque(one for one in self._waiting if not one.future.cancelled())
        return self._running + len(self._waiting) < self._places

    def _describe_full(self) -> BusyError:
        wait_s = self._task_s * (1 + len(self._waiting) / self._workers)
        retry_after_s = min(LONGEST_RETRY_AFTER_S, max(1, math.ceil(wait_s)))
        return BusyError("pool_full", "Every worker is busy.", retry_after_s=retry_after_s)
