"""Between the thread that reads a stream and the one that looks at its frames."""

import threading
from collections import deque
from typing import Generic, TypeVar

F = TypeVar("F")
N = TypeVar("N")

NOTES_KEPT = 8
"""Notes beyond so many push out the oldest."""


class Mailbox(Generic[F, N]):
    """Holds the newest frame and the notes around it, in order; never more."""

    def __init__(self, *, lossless: bool = False) -> None:
        """Begin empty and open.

        Args:
            lossless: A frame that was not taken yet makes the writer wait, and is not replaced.
        """
        self._lossless = lossless
        self._items: deque[tuple[bool, F | N]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.replaced = 0
        """Frames that were never looked at: the reader of the box was slower than the stream."""

    def put_frame(self, frame: F) -> None:
        """Leave a frame in place of an older one."""
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: self._closed or not self._count(True))
            for item in [item for item in self._items if item[0]]:
                self._items.remove(item)
                self.replaced += 1
            self._put(True, frame)

    def put_note(self, note: N) -> None:
        """Leave a note after what is there."""
        with self._changed:
            if self._count(False) >= NOTES_KEPT:
                self._items.remove(next(item for item in self._items if not item[0]))
            self._put(False, note)

    def take(self) -> F | N | None:
        """Wait for the next frame or note; None: the box was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._items))
            if self._closed:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item[1]

    def close(self) -> None:
        """Wake all who wait; what is still in the box is dropped."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def _put(self, is_frame: bool, value: F | N) -> None:
        if not self._closed:
            self._items.append((is_frame, value))
            self._changed.notify_all()

    def _count(self, is_frame: bool) -> int:
        return sum(1 for item in self._items if item[0] == is_frame)
