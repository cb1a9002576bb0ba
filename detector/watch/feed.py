"""Between a camera's stream and whoever looks at it: the newest frame only."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Protocol, Self

from detector.camera.frames import Frame
from detector.camera.live import Outage

MOST_OUTAGES: Final = 8
"""Kept while nobody looks; older ones tell nothing that newer ones do not."""


class Stream(Protocol):
    """A live stream: frames while the camera answers, outages while it does not."""

    def __iter__(self) -> Iterator[Frame | Outage]:
        """Yield until it is closed, or until it ends where it can."""
        ...

    def close(self) -> None:
        """End it from any thread."""
        ...


class Feed:
    """Reads a stream in a thread of its own; use it as a context."""

    def __init__(
        self,
        stream: Stream,
        name: str,
        *,
        lossless: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the stream, and close it at the end.

        Args:
            stream: Read once the context is entered.
            name: The camera's, for the thread.
            lossless: No frame is dropped; the stream waits. For recordings in tests.
            clock: Seconds that only grow.
        """
        self._stream = stream
        self._lossless = lossless
        self._items: deque[Frame | Outage] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._ended = False
        self._dropped = 0
        self._clock = clock
        self._heard_at = clock()
        self._thread = threading.Thread(target=self._read, name=f"feed {name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._stream.close()
        self._thread.join(timeout=5)

    @property
    def ended(self) -> bool:
        """Whether the stream is over and everything was taken, an error of its own too."""
        with self._changed:
            return self._ended and not self._items and self._error is None

    @property
    def silent_s(self) -> float:
        """Seconds since the stream gave something, frame or outage."""
        with self._changed:
            return self._clock() - self._heard_at

    def take(self, timeout_s: float) -> Frame | Outage | None:
        """Return what comes next; None: nothing came in time, or the stream is over.

        Raises:
            Exception: Whatever the stream raised, after what it gave before.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended, timeout_s)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            return None

    def take_newest(self) -> Frame | None:
        """Return the newest frame if one waits. The outages before it are over, and dropped."""
        with self._changed:
            if self._lossless:
                return None
            for index in range(len(self._items) - 1, -1, -1):
                item = self._items[index]
                if isinstance(item, Frame):
                    for _ in range(index + 1):
                        self._items.popleft()
                    self._changed.notify_all()
                    return item
            return None

    def pop_dropped(self) -> int:
        """Return how many frames a newer one replaced since this was asked last."""
        with self._changed:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def _read(self) -> None:
        try:
            for item in self._stream:
                self._put(item)
                if self._ended:
                    return
        except BaseException as error:  # Raised again where it is looked at; see `take`.
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, item: Frame | Outage) -> None:
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: not self._items or self._ended)
            elif isinstance(item, Frame):
                kept = [one for one in self._items if not isinstance(one, Frame)]
                self._dropped += len(self._items) - len(kept)
                self._items = deque(kept)
            while len(self._items) >= MOST_OUTAGES:
                self._items.popleft()
            self._items.append(item)
            self._heard_at = self._clock()
            self._changed.notify_all()
