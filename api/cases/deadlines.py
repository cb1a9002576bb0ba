"""When a time limit ends, in plain hours or in working time.

Working time runs only in the bureau's working hours. A working day is as much of it as one working
day has: a limit of 1 working day that starts on Monday at 10:00 ends on Tuesday at 10:00, and one
that starts before Monday's first hour ends with Monday's last. Where the end falls between two
spans it is the end of the first: nobody is given the lunch break, or a holiday, as extra time
that an hour's count would not show.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.cases.rules import TimeLimit
from api.cases.workdays import WorkCalendar

__all__ = ["Deadline", "TimeLimit", "reckon"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something should be done."""

    at: datetime
    """UTC."""
    note: str | None = None
    """What the reader should know of how it was reckoned, Chinese and English."""


def reckon(limit: TimeLimit, start: datetime, calendar: WorkCalendar) -> Deadline:
    """Return when a limit ends.

    Args:
        limit: How long.
        start: Aware; when the clock starts. Outside working time a working clock stands still.
        calendar: When the bureau works.

    Raises:
        ValueError: The start has no offset from UTC, or the amount is not over 0.
    """
    if start.tzinfo is None:
        raise ValueError(f"{start!r} has no offset from UTC")
    if not limit.amount > 0:
        raise ValueError(f"a limit of {limit.amount} {limit.kind} is none")
    start = start.astimezone(UTC)
    if limit.kind == "hours":
        return Deadline(start + timedelta(hours=limit.amount))
    unit = timedelta(hours=1) if limit.kind == "working_hours" else calendar.working_day()
    return _run_working_clock(limit.amount * unit, start, calendar)


def _run_working_clock(left: timedelta, start: datetime, calendar: WorkCalendar) -> Deadline:
    unknown_years: set[int] = set()
    for day in calendar.days_from(start):
        if not calendar.covers(day.year):
            unknown_years.add(day.year)
        for opens, closes in calendar.spans(day):
            begins = max(opens, start)
            if begins + left <= closes:
                return Deadline(begins + left, _describe(unknown_years))
            left -= max(closes - begins, timedelta())
    raise AssertionError("days do not end")


def _describe(unknown_years: set[int]) -> str | None:
    if not unknown_years:
        return None
    years = ", ".join(map(str, sorted(unknown_years)))
    return f"{years} 年暂无法定节假日数据，仅按周末计。No holiday data for {years}: weekends only."
