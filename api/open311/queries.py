"""What a client asks for in GET /requests: text that becomes a filter."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.errors import InvalidError
from api.open311.words import UNSURE_CODE
from api.store.service_requests import RequestFilter

LONGEST_SPAN: Final = timedelta(days=90)
MOST_REQUESTS: Final = 1000
"""Both are the standard's."""


@dataclass(frozen=True, slots=True)
class AskedPage:
    """Which rows of the answer are wanted."""

    offset: int
    limit: int


def split_list(values: list[str]) -> list[str]:
    """Return the parts of a parameter that may be given several times, and with commas."""
    parts = [part.strip() for value in values for part in value.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def parse_filter(
    codes: list[str], statuses: list[str], span: tuple[datetime, datetime]
) -> RequestFilter:
    """Return the filter for service codes and statuses; an empty list asks for all.

    Raises:
        InvalidError: A status is neither open nor closed.
    """
    asked = {status.lower() for status in split_list(statuses)}
    if unknown := asked - {"open", "closed"}:
        raise InvalidError(
            "status_invalid", f"There is no status {min(unknown)!r}.", "Choose open or closed."
        )
    wanted = split_list(codes)
    return RequestFilter(
        since=span[0],
        until=span[1],
        labels=tuple(code for code in wanted if code != UNSURE_CODE),
        unlabelled=UNSURE_CODE in wanted,
        ended=None if len(asked) != 1 else asked == {"closed"},
    )


def parse_span(start: str, end: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the span of time asked for: 90 days from its start, or up to its end, or up to now.

    Args:
        start: W3C time, or empty; without an offset it is the bureau's time.
        end: As `start`.
        now: The present.
        zone: The bureau's.

    Raises:
        InvalidError: One is no time, or they span more than 90 days, or end before they begin.
    """
    since = parse_time("start_date", start, zone)
    until = parse_time("end_date", end, zone)
    if since is None:
        until = until or now
        since = until - LONGEST_SPAN
    elif until is None:
        until = since + LONGEST_SPAN
    if until < since:
        raise InvalidError("span_invalid", "end_date lies before start_date.", "Swap them.")
    if until - since > LONGEST_SPAN:
        raise InvalidError(
            "span_too_long",
            "start_date and end_date span more than 90 days.",
            "Ask for 90 days at a time.",
        )
    return since, until


def parse_time(name: str, text: str, zone: ZoneInfo) -> datetime | None:
    """Read a W3C time such as 2026-03-02T09:00:00+08:00; None if there is none.

    Raises:
        InvalidError: It is no time.
    """
    # A plus sign that was not escaped in the address arrives as a space.
    cleaned = text.strip().replace(" ", "+")
    if not cleaned:
        return None
    try:
        at = datetime.fromisoformat(cleaned)
        aware = at if at.tzinfo is not None else at.replace(tzinfo=zone)
        # Both ends of the calendar leave room for offsets and spans.
        if not 1900 <= aware.year <= 9000:
            raise ValueError("far away")
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "time_invalid", f"{name} {text[:40]!r} is no time.", "Write 2026-03-02T09:00:00Z."
        ) from error
    return aware


def parse_page(page: str, page_size: str) -> AskedPage:
    """Return the rows of a page, counted from 1; without a size it has as many as allowed.

    Raises:
        InvalidError: One is no number in its range.
    """
    size = _parse_count("page_size", page_size, MOST_REQUESTS, MOST_REQUESTS)
    number = _parse_count("page", page, 1, 1_000_000)
    return AskedPage((number - 1) * size, size)


def _parse_count(name: str, text: str, otherwise: int, most: int) -> int:
    if not text.strip():
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise InvalidError(
            f"{name}_invalid", f"{name} {text[:40]!r} is no number from 1 to {most}.", "Correct it."
        )
    return int(text)
