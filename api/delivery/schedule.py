"""When a delivery that failed is tried again. Pure: no clock, no dice."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

# About as Standard Webhooks proposes: dense at first, for a receiver that restarts, then rare.
WAITS_S: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)
"""Seconds after the first, second, … failed try; the last for all that follow."""
JITTER: Final = 0.2
"""A wait is up to so much longer: a thousand deliveries do not come back in one second."""
GIVE_UP_AFTER: Final = timedelta(hours=72)
"""Of trying; a delivery then gets one last try."""
LEAST_TRIES: Final = 5
"""However old: one that waited long behind another is not given up after a single try."""
MOST_RETRY_AFTER_S: Final = 24 * 3600
"""What a receiver may ask for at most with Retry-After."""

Action = Literal["delivered", "again", "give_up", "disable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try."""

    status: int | None
    """HTTP status; None: no whole answer came."""
    error: str | None = None
    """What went wrong, in words; None: nothing."""
    retry_after_s: float | None = None
    """What the receiver asked for."""
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """Where a delivery stands after a try."""

    attempts: int
    """Tries so far, this one too."""
    created_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to the delivery now."""

    action: Action
    next_at: datetime | None = None
    """When it is tried again."""


def decide(answer: Answer, tried: Tried, chance: float) -> Decision:
    """Return what follows from a try.

    Args:
        answer: What came of it.
        tried: Where the delivery stands.
        chance: Evenly from 0 up to 1: the jitter.
    """
    if answer.status is not None and 200 <= answer.status < 300 and answer.error is None:
        return Decision("delivered")
    if answer.status == 410:  # Gone: the receiver wants nothing any more
        return Decision("disable")
    next_at = _choose_next(tried, answer.retry_after_s, chance)
    return Decision("give_up") if next_at is None else Decision("again", next_at)


def _choose_next(tried: Tried, retry_after_s: float | None, chance: float) -> datetime | None:
    last_at = tried.created_at + GIVE_UP_AFTER
    if tried.now >= last_at and tried.attempts >= LEAST_TRIES:
        return None
    wait_s = WAITS_S[min(tried.attempts, len(WAITS_S)) - 1] * (1 + JITTER * chance)
    if tried.now < last_at:  # The last try comes at the end, not some hours after it.
        wait_s = min(wait_s, max((last_at - tried.now).total_seconds(), WAITS_S[0]))
    asked_s = min(max(retry_after_s or 0.0, 0.0), MOST_RETRY_AFTER_S) * (1 + JITTER * chance)
    return tried.now + timedelta(seconds=max(wait_s, asked_s))


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for; None: nothing that makes sense."""
    if text is None:
        return None
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit():
        return float(min(int(stripped[:9]), MOST_RETRY_AFTER_S))
    try:
        at = parsedate_to_datetime(stripped)
    except (ValueError, OverflowError):
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), MOST_RETRY_AFTER_S)
