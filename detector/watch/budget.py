"""Who may have the model next: shares that are fair when there is not enough of it.

Each camera has a clock of its own that runs while it is served; whose clock is furthest behind is
served next (stride scheduling, Waldspurger and Weihl, 1995). A camera that comes back from a
quiet hour starts where the others are now: it neither lost nor saved up anything, and what it did
not use went to the others.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

URGENT_WEIGHT: Final = 2.0
"""A camera that is about to open or clear an incident may have so many times the share of one that
is not. With all others urgent, a calm camera still has half a fair share: none starves."""


class FairShares:
    """Chooses whose turn it is; pure, and as deterministic as what it is asked."""

    def __init__(self) -> None:
        """Begin without anybody waiting."""
        self._clocks: dict[str, float] = {}
        self._waiting: dict[str, tuple[float, int, bool]] = {}
        self._now = 0.0
        self._asked = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def ask(self, camera: str, *, urgent: bool = False) -> None:
        """Let a camera wait for its turn; asking again changes nothing but the urgency."""
        if camera in self._waiting:
            clock, order, _ = self._waiting[camera]
        else:
            clock = max(self._clocks.get(camera, 0.0), self._now)
            order = self._asked
            self._asked += 1
        self._waiting[camera] = clock, order, urgent

    def leave(self, camera: str) -> None:
        """Let a camera wait no longer."""
        self._waiting.pop(camera, None)

    def choose(self) -> str | None:
        """Return whose turn it is, who then waits no more; None: nobody waits."""
        if not self._waiting:
            return None
        camera = min(self._waiting, key=lambda one: self._waiting[one][:2])
        clock, _, urgent = self._waiting.pop(camera)
        self._now = clock
        self._clocks[camera] = clock + (1.0 / URGENT_WEIGHT if urgent else 1.0)
        return camera


@dataclass(slots=True, eq=False)
class Turn:
    """A camera's place in the line, and then its use of the model."""

    camera: str
    _came: threading.Event

    def wait(self, timeout_s: float) -> bool:
        """Return whether the turn has come, after so many seconds at most."""
        return self._came.wait(timeout_s)

    @property
    def has_come(self) -> bool:
        """Whether the model may be used now."""
        return self._came.is_set()


class Budget:
    """Lets few cameras at a time to the model, in a fair order. Safe to use from many threads."""

    def __init__(
        self,
        parallel: int = 1,
        frames_per_s: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set the limits.

        Args:
            parallel: Frames in the model at the same time.
            frames_per_s: Frames that may begin in a second, over all cameras; None: as many as
                the machine manages.
            clock: Monotonic seconds.
        """
        self._parallel = parallel
        self._gap_s = 0.0 if frames_per_s is None else 1.0 / frames_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._shares = FairShares()
        self._lines: dict[str, Turn] = {}
        self._in_use = 0
        self._next_at = -float("inf")
        self._timer: threading.Timer | None = None
        self._closed = False

    def ask(self, camera: str, *, urgent: bool = False) -> Turn:
        """Get in line; each camera once at a time. End the turn with `done`, come or not."""
        with self._lock:
            turn = Turn(camera, threading.Event())
            self._lines[camera] = turn
            self._shares.ask(camera, urgent=urgent)
            self._serve()
            return turn

    def done(self, turn: Turn) -> None:
        """Give the model back, or leave the line."""
        with self._lock:
            if turn.has_come:
                self._in_use -= 1
            elif self._lines.get(turn.camera) is turn:
                self._shares.leave(turn.camera)
                del self._lines[turn.camera]
            self._serve()

    def close(self) -> None:
        """Serve nobody any more; who waits goes on waiting until it gives up."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _serve(self) -> None:
        """Call whoever may come; with the lock held."""
        while not self._closed and self._in_use < self._parallel and len(self._shares):
            now = self._clock()
            if now < self._next_at:
                self._serve_later(self._next_at - now)
                return
            camera = self._shares.choose()
            if camera is None:
                return
            # Time that nobody used is gone: after a quiet hour there is no rush.
            self._next_at = max(self._next_at + self._gap_s, now)
            self._in_use += 1
            self._lines.pop(camera)._came.set()

    def _serve_later(self, wait_s: float) -> None:
        if self._timer is not None:
            return
        self._timer = threading.Timer(wait_s, self._wake)
        self._timer.daemon = True
        self._timer.start()

    def _wake(self) -> None:
        with self._lock:
            self._timer = None
            self._serve()
