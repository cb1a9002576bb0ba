"""Answers of a moment ago, kept for a minute: figures that take longer to count than to read."""

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")

KEPT: Final = timedelta(seconds=60)
MOST: Final = 64


class Recent(Generic[T]):
    """A few answers by what was asked. Threads may share it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._answers: dict[Hashable, tuple[datetime, T]] = {}
        self._lock = threading.Lock()

    def get(self, asked: Hashable, now: datetime, make: Callable[[], T]) -> T:
        """Return the answer, made anew if the last is over a minute old.

        Two who ask at once may both make it; the later one is kept.
        """
        with self._lock:
            found = self._answers.get(asked)
        if found is not None and timedelta() <= now - found[0] < KEPT:
            return found[1]
        answer = make()
        with self._lock:
            self._answers.pop(asked, None)
            self._answers[asked] = (now, answer)
            while len(self._answers) > MOST:
                del self._answers[next(iter(self._answers))]
        return answer
