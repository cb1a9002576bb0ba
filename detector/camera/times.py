"""Time before a camera: time zones, hours of the day, and clocks that were wrong."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from detector.errors import UsageError

Hours = tuple[tuple[str, str], ...]
"""Spans of the day such as ("06:00", "22:00"), local time; empty: always."""

CHINA_STANDARD_TIME: Final[tzinfo] = timezone(timedelta(hours=8))
"""All of China keeps it, without summer time since 1992."""
CLOCK_SET_BACK_S: Final = 3600.0
"""What is so much earlier than what came before it did not come late: the clock was ahead and was
set right. A recorder with an empty battery starts anywhere; network time only nudges."""
LARGEST_OFFSET: Final = timedelta(hours=14)
"""The Line Islands; more is a slip of the keyboard."""
OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-5][0-9])")
TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def parse_timezone(text: str) -> tzinfo:
    """Return the time zone of a text: an offset such as `+08:00`, `UTC`, or `Asia/Shanghai`.

    Raises:
        UsageError: It is neither an offset nor a zone that this machine knows.
    """
    if text in ("UTC", "Z"):
        return UTC
    match = OFFSET.fullmatch(text)
    if match:
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset <= LARGEST_OFFSET:
            return timezone(-offset if sign == "-" else offset)
    elif text:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            return ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass  # Said below, as of any other text that is no time zone.
    raise UsageError(
        f"{text!r} is no time zone.", "Write an offset such as +08:00, or a name: Asia/Shanghai."
    )


def check_hours(hours: Sequence[tuple[str, str]]) -> str | None:
    """Say what is wrong with spans of the day, in the rules of the service; None: nothing.

    They follow each other without overlap. A span that ends before it begins goes over midnight;
    it must be the last one.
    """
    end_before = ""
    for at, (start, end) in enumerate(hours):
        for text in (start, end):
            if not TIME_OF_DAY.fullmatch(text):
                return f'holds {text!r}; a time of day is such as "06:00"'
        if start == end:
            return f"holds {start}-{end}, which has no length; leave hours out for always"
        if start < end_before:
            return f"holds {start}-{end}, which begins before the span before it ends"
        if end < start and (at != len(hours) - 1 or end > hours[0][0]):
            return f"holds {start}-{end}, which goes over midnight into another span"
        end_before = end
    return None


def is_within(hours: Hours, at: datetime, zone: tzinfo) -> bool:
    """Tell whether a moment lies in one of the spans; their ends lie outside.

    Args:
        hours: Checked spans; empty: always.
        at: With its own time zone.
        zone: Where the hours are local.
    """
    # Times of one form compare as text.
    now = at.astimezone(zone).strftime("%H:%M")
    return not hours or any(
        start <= now < end if start < end else now >= start or now < end for start, end in hours
    )
