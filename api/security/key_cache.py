"""Keys that were right a moment ago, so that not each request asks the database."""

import threading
import time
from collections.abc import Callable
from typing import Final

from api.principal import Principal

KEY_LIFE_S: Final = 5.0
"""A revoked key stops working after at most so long in every other process."""


class KeyCache:
    """Remembers keys by their hash. Safe to use from several threads.

    Only keys that were right come in, so it never grows past the number of keys.
    """

    def __init__(self, life_s: float = KEY_LIFE_S, tick: Callable[[], float] = time.monotonic):
        """Take how long a key is believed, and a clock in seconds that never jumps back."""
        self._life_s = life_s
        self._tick = tick
        self._lock = threading.Lock()
        self._found: dict[str, tuple[Principal, float]] = {}

    def get(self, key_hash: str) -> Principal | None:
        """Return who holds the key, or None if the database must be asked."""
        with self._lock:
            found = self._found.get(key_hash)
        if found is None or self._tick() - found[1] > self._life_s:
            return None
        return found[0]

    def knew(self, key_hash: str) -> bool:
        """Tell whether the key was right when it was last asked for, however long ago."""
        with self._lock:
            return key_hash in self._found

    def put(self, key_hash: str, principal: Principal) -> None:
        """Remember a key that the database knows."""
        with self._lock:
            self._found[key_hash] = (principal, self._tick())

    def forget(self, key_hash: str) -> None:
        """Forget a key that the database does not know, or no longer."""
        with self._lock:
            self._found.pop(key_hash, None)

    def forget_id(self, key_id: str) -> None:
        """Forget a key by its id: it was revoked in this process."""
        with self._lock:
            for key_hash, (principal, _) in list(self._found.items()):
                if principal.id == key_id:
                    del self._found[key_hash]
