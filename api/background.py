"""Work that goes on beside the requests: a thread that takes one step after the other."""

import logging
import threading
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 60.0
"""After an error the pause doubles from the first to the longest."""


class Loop:
    """Calls a step again and again in a thread of its own, until it is stopped."""

    def __init__(self, name: str, step: Callable[[], float]) -> None:
        """Take what to do.

        Args:
            name: Shown in logs.
            step: Does a little, and returns the seconds to wait before the next call, 0 for at
                once. An error that it raises is logged and the step is tried again later.
        """
        self.name = name
        self._step = step
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a loop is started once."""
        if self._thread is not None:
            raise RuntimeError(f"the loop {self.name} is started already")
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """End the present wait: there is something to do. Safe from any thread."""
        self._wanted.set()

    def tell_to_stop(self) -> None:
        """Let no other step begin, and wait for nothing."""
        self._stopping.set()
        self._wanted.set()

    def stop(self, timeout_s: float = 20.0) -> bool:
        """Let the running step end and begin no other.

        Returns:
            False if the step was still running after the time given.
        """
        self.tell_to_stop()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            self._wanted.clear()
            try:
                wait_s = self._step()
                pause_s = FIRST_PAUSE_S
            except Exception:
                logger.exception("loop_failed", extra={"loop": self.name, "retry_in_s": pause_s})
                # A wake-up must not turn the pause after an error into a busy loop.
                self._stopping.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            # stop() may have set it before clear(): the loop's condition is looked at after that.
            if wait_s > 0 and not self._stopping.is_set():
                self._wanted.wait(wait_s)
