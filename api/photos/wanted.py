"""Photos whose pictures somebody will ask for."""

import threading
from collections import deque
from typing import Final

MOST: Final = 2000
"""Remembered at most; of more the oldest are made when somebody asks for them."""


class PicturesAhead:
    """Photos whose pictures somebody will ask for. Safe to use from several threads."""

    def __init__(self, most: int = MOST) -> None:
        """Remember at most so many."""
        self._lock = threading.Lock()
        self._wanted: deque[str] = deque(maxlen=most)

    def add(self, sha256: str) -> None:
        """Remember a photo that is in the ledger now."""
        with self._lock:
            if sha256 not in self._wanted:
                self._wanted.append(sha256)

    def take(self) -> str | None:
        """Return the next photo and forget it; None: there is none."""
        with self._lock:
            return self._wanted.popleft() if self._wanted else None

    def give_back(self, sha256: str) -> None:
        """Put a photo first in line again."""
        with self._lock:
            if len(self._wanted) < (self._wanted.maxlen or MOST):
                self._wanted.appendleft(sha256)
