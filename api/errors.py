"""Every error that the service raises on purpose, with the HTTP status it is answered with.

    StreetIssueError                code, message, hint (detector.errors)
    └── ApiError                    status
        ├── InvalidError            422 what was sent makes no sense
        ├── UnauthenticatedError    401 no key, or none that is known
        ├── ForbiddenError          403 the key may not do this
        ├── NotFoundError           404 it does not exist, or not for this key
        ├── GoneError               410 it was deleted for good
        ├── ConflictError           409 it does not fit the present state
        │   ├── IllegalMoveError        a case cannot make this move from its state
        │   ├── LeaseLostError          the lease has passed to another consumer
        │   └── IdempotencyError        the key was used with other content
        ├── SlowBodyError           408 the body came too slowly
        ├── TooLargeError           413 the body is larger than allowed
        ├── UnsupportedError        415 a type that is not taken
        ├── RateLimitedError        429 too many requests, with seconds to wait
        ├── BusyError               503 no room now, with seconds to wait
        ├── ScoringError            503 a picture hung or killed its worker, or the runtime failed
        ├── StorageError            503 the database or the photo store does not answer
        │   └── StorageFullError    507 no space left
        └── SettingsError           the service cannot start as it is set (command line only)

Foreign errors (SQLAlchemy, fsspec, shapely, httpx, pydantic) are translated once, at the seam where
they enter.
"""

from typing import ClassVar

from detector.errors import StreetIssueError


class ApiError(StreetIssueError):
    """Base of the service's errors."""

    status: ClassVar[int] = 500


class InvalidError(ApiError):
    """What was sent makes no sense."""

    status = 422


class UnauthenticatedError(ApiError):
    """No key was sent, or none that is known."""

    status = 401

    def __init__(self, message: str = "This needs a key.", hint: str = "") -> None:
        """It has one code: which part of the key was wrong is nobody's business."""
        super().__init__(
            "unauthenticated", message, hint or "Send the header Authorization: Bearer KEY."
        )


class ForbiddenError(ApiError):
    """The key may not do this."""

    status = 403


class NotFoundError(ApiError):
    """It does not exist, or this key must not know that it does."""

    status = 404

    def __init__(self, what: str, name: str) -> None:
        """Name the kind of thing and the name asked for."""
        super().__init__("not_found", f"There is no {what} {name!r}.", "Check the address.")


class GoneError(ApiError):
    """It was there, and was deleted for good."""

    status = 410


class ConflictError(ApiError):
    """It does not fit the present state."""

    status = 409


class IllegalMoveError(ConflictError):
    """A case cannot make this move from its state."""


class LeaseLostError(ConflictError):
    """The lease ran out and the case passed to another consumer."""


class IdempotencyError(ConflictError):
    """An Idempotency-Key was used again with other content."""


class SlowBodyError(ApiError):
    """The body came too slowly."""

    status = 408


class TooLargeError(ApiError):
    """The body is larger than allowed."""

    status = 413


class UnsupportedError(ApiError):
    """A media type that is not taken."""

    status = 415


class _WaitError(ApiError):
    retry_after_s: int

    def __init__(self, code: str, message: str, hint: str = "", *, retry_after_s: int = 1) -> None:
        """As the base, with seconds after which trying again makes sense."""
        super().__init__(code, message, hint or f"Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class RateLimitedError(_WaitError):
    """Too many requests from one key or address."""

    status = 429


class BusyError(_WaitError):
    """No room for this now."""

    status = 503


class ScoringError(ApiError):
    """A picture hung or killed its worker, or the runtime failed."""

    status = 503


class StorageError(_WaitError):
    """The database or the photo store does not answer."""

    status = 503


class StorageFullError(StorageError):
    """No space is left where photos or the ledger are kept."""

    status = 507


class SettingsError(ApiError):
    """The service cannot start as it is set."""
