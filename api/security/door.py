"""Who comes in: keys and rate limits together, for every kind of route."""

import math
import threading
from typing import Final

from api.errors import RateLimitedError, UnauthenticatedError
from api.principal import Principal
from api.security.keys import authenticate, recall_key, was_right
from api.security.rate_limit import RateLimit
from api.services import Services

FAILURES_PER_MINUTE: Final = 30
"""Wrong keys from one address before keys that this process has not seen to be right are looked up
a few at a time only. Guessing 256 bits is hopeless at any speed: this spares the database, and
shows in the logs."""
LOOK_UPS: Final = 2
"""At once, of addresses over that limit: behind one may stand a whole bureau, whose right keys must
come in however many wrong ones a neighbour sends."""
HOUR_S: Final = 3600.0
LOOK_UP_WAIT_S: Final = 0.5
"""For one's turn: a look-up by its index takes about a millisecond."""


class Door:
    """Keys and limits of one process. Safe to use from several threads."""

    def __init__(self, services: Services) -> None:
        """Set the limits up."""
        per_minute = services.settings.requests_per_minute
        self._services = services
        self._by_key = RateLimit(per_minute)
        self._by_address = RateLimit(per_minute)
        self._failures = RateLimit(FAILURES_PER_MINUTE)
        self._reports = RateLimit(services.settings.citizen_reports_per_hour, window_s=HOUR_S)
        self._look_ups = threading.BoundedSemaphore(LOOK_UPS)

    def admit(self, address: str) -> None:
        """Count a request without a key.

        Args:
            address: As `rate_limit.name_address` names it.

        Raises:
            RateLimitedError: Too many came from there.
        """
        self._by_address.take(address)

    def admit_report(self, address: str) -> None:
        """Count a report without a key, before its body is read.

        Raises:
            RateLimitedError: Too many came from there.
        """
        self.admit(address)
        try:
            self._reports.take(address)
        except RateLimitedError as error:
            minutes = math.ceil(error.retry_after_s / 60)
            raise RateLimitedError(
                "too_many_reports",
                "Too many reports came from this address within an hour.",
                f"Try again in {minutes} min.",
                retry_after_s=error.retry_after_s,
            ) from None

    def count(self, principal: Principal) -> None:
        """Count a request of somebody who is known already, by a session.

        Raises:
            RateLimitedError: Too many were made with the key.
        """
        self._by_key.take(principal.id)

    def recall(self, secret: str) -> Principal | None:
        """Return and count who holds a key if that was asked a moment ago; never blocks.

        Raises:
            RateLimitedError: The key was used too often.
        """
        principal = recall_key(self._services, secret)
        if principal is not None:
            self._by_key.take(principal.id)
        return principal

    def identify(self, secret: str | None, address: str) -> Principal:
        """Return and count who holds a key; may ask the database.

        Raises:
            UnauthenticatedError: No key, or none that is known.
            RateLimitedError: The key was used too often, or the address asked too often without a
                right one.
            StorageError: The database does not answer.
        """
        if not secret:
            self.admit(address)
            raise UnauthenticatedError()
        try:
            if not was_right(self._services, secret):
                self._failures.check(address)
        except RateLimitedError as refusal:
            principal = self._look_up_in_turn(secret, refusal)
        else:
            try:
                principal = authenticate(self._services, secret)
            except UnauthenticatedError:
                self._failures.take(address)
                raise
        self._by_key.take(principal.id)
        return principal

    def _look_up_in_turn(self, secret: str, refusal: RateLimitedError) -> Principal:
        if not self._look_ups.acquire(timeout=LOOK_UP_WAIT_S):
            raise refusal
        try:
            return authenticate(self._services, secret)
        except UnauthenticatedError:
            raise refusal from None
        finally:
            self._look_ups.release()
