"""Too many wrong keys from one address, and nobody signs in from there for a while."""

import threading
import time
from collections.abc import Callable
from typing import Final

from api.errors import RateLimitedError

MOST_FAILURES: Final = 10
"""A key is pasted, not typed: who fails ten times holds none."""
WINDOW_S: Final = 900.0
"""Failures count so long, and so long the door stays shut."""
MOST_ADDRESSES: Final = 100_000
"""Remembered at most; the oldest are forgotten first."""


class LockOut:
    """Counts failures for each address, in memory. Safe to use from several threads.

    Each process counts for itself: behind N replicas an address may fail up to N times as often.
    """

    def __init__(self, tick: Callable[[], float] = time.monotonic) -> None:
        """Take a clock in seconds that never jumps back."""
        self._tick = tick
        self._lock = threading.Lock()
        self._failures: dict[str, list[float]] = {}

    def check(self, address: str) -> None:
        """Let an address try.

        Raises:
            RateLimitedError: It failed too often; says when it may try again.
        """
        now = self._tick()
        with self._lock:
            failures = self._recent(address, now)
        if len(failures) >= MOST_FAILURES:
            wait_s = max(1, round(failures[-1] + WINDOW_S - now))
            raise RateLimitedError(
                "locked_out",
                "Too many wrong keys came from this address.",
                f"Try again in {-(-wait_s // 60)} min.",
                retry_after_s=wait_s,
            )

    def fail(self, address: str) -> None:
        """Count a wrong key."""
        now = self._tick()
        with self._lock:
            failures = [*self._recent(address, now), now][-MOST_FAILURES:]
            self._failures.pop(address, None)  # To the end: the order is that of the last failure.
            self._failures[address] = failures
            while len(self._failures) > MOST_ADDRESSES:
                del self._failures[next(iter(self._failures))]

    def forgive(self, address: str) -> None:
        """Forget the failures: a right key came."""
        with self._lock:
            self._failures.pop(address, None)

    def _recent(self, address: str, now: float) -> list[float]:
        return [at for at in self._failures.get(address, ()) if now - at < WINDOW_S]
