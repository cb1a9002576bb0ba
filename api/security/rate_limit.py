"""How often a key or an address may ask: the generic cell rate algorithm, in memory.

It lets a burst of a whole window's requests through and then one each `window / most` seconds.
One number for each client is all it keeps. It goes by a clock that never jumps, and forgets who
has been quiet; the `limits` library's memory storage (5.8) does neither: it goes by the time of
day and keeps an entry for each address for ever.
"""

import math
import threading
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

from api.errors import RateLimitedError

WINDOW_S: Final = 60.0
SWEEP_EVERY: Final = 10_000
"""After so many admissions those who have been quiet are forgotten."""


class RateLimit:
    """So many requests in each window of time for each client. Safe to use from several threads.

    Each process counts for itself: behind N replicas a client may ask up to N times as often.
    """

    def __init__(
        self,
        most: int,
        tick: Callable[[], float] = time.monotonic,
        window_s: float = WINDOW_S,
    ) -> None:
        """Take the limit, a clock in seconds that never jumps back, and what the limit is for."""
        self._spacing_s = window_s / most
        self._window_s = window_s
        self._tick = tick
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self._until_sweep = SWEEP_EVERY

    def take(self, client: str) -> None:
        """Count one request.

        Raises:
            RateLimitedError: The client has asked too often; this request is not counted.
        """
        now = self._tick()
        with self._lock:
            due = max(self._due.get(client, now), now)
            wait_s = due + self._spacing_s - now - self._window_s
            if wait_s <= 1e-9:  # Sums of floats: a whole window is not one hair more.
                self._due[client] = due + self._spacing_s
                self._sweep(now)
                return
        raise _refusal(wait_s)

    def check(self, client: str) -> None:
        """Refuse as `take` would, and count nothing.

        Raises:
            RateLimitedError: The client has asked too often.
        """
        now = self._tick()
        with self._lock:
            due = max(self._due.get(client, now), now)
            wait_s = due + self._spacing_s - now - self._window_s
        if wait_s > 1e-9:
            raise _refusal(wait_s)

    def _sweep(self, now: float) -> None:
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._until_sweep = SWEEP_EVERY
            self._due = {client: due for client, due in self._due.items() if due > now}

    def __len__(self) -> int:
        return len(self._due)


def _refusal(wait_s: float) -> RateLimitedError:
    return RateLimitedError(
        "rate_limited", "Too many requests.", retry_after_s=max(1, math.ceil(wait_s))
    )


def name_address(host: str) -> str:
    """Return what an address is counted under: an IPv6 address by its /64.

    Whoever has one IPv6 address has its whole /64 (RFC 6177), so counting single ones would
    count nothing.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
