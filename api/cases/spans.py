"""Spans of whole days in the bureau's calendar, and the instants between which they lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.errors import InvalidError

LONGEST_DAYS: Final = 366
"""A year: more would be read through for figures that nobody compares."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Some days, one after the other, by one clock."""

    first: date
    last: date
    """Itself among them."""
    timezone: ZoneInfo

    @property
    def start(self) -> datetime:
        """When the first day begins, UTC."""
        return _day_start(self.first, self.timezone)

    @property
    def end(self) -> datetime:
        """When the day after the last begins, UTC."""
        return _day_start(self.last + timedelta(days=1), self.timezone)

    def days(self) -> Iterator[date]:
        """Go through the days in order."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def offsets(self) -> tuple[tuple[datetime, int], ...]:
        """Return from when on the clock stands so many seconds before UTC: one pair, mostly.

        Returns:
            Pairs of an instant (UTC) and seconds, by time; the first instant is `start`. Where
            summer time begins or ends within the span there is a pair more.
        """
        at, end = self.start, self.end
        steps = [(at, self._offset_s(at))]
        while at < end:
            following = min(at + timedelta(days=1), end)
            if self._offset_s(following) != self._offset_s(at):
                change = self._find_change(at, following)
                steps.append((change, self._offset_s(change)))
            at = following
        return tuple(steps)

    def _offset_s(self, at: datetime) -> int:
        offset = at.astimezone(self.timezone).utcoffset()
        return 0 if offset is None else round(offset.total_seconds())

    def _find_change(self, before: datetime, after: datetime) -> datetime:
        """Return the second at which the offset becomes that of `after`; clocks change on one."""
        low, high = 0, round((after - before).total_seconds())
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset_s(before + timedelta(seconds=middle)) == self._offset_s(before):
                low = middle
            else:
                high = middle
        return before + timedelta(seconds=high)


def make_span(first: date, last: date, timezone: ZoneInfo) -> DaySpan:
    """Return the span of two days that a person named.

    Raises:
        InvalidError: The last lies before the first, or too far behind it, or far from our time.
    """
    if last < first:
        raise InvalidError(
            "span_backward", f"The span ends on {last}, before it begins on {first}.", "Swap them."
        )
    if (last - first).days >= LONGEST_DAYS:
        raise InvalidError(
            "span_too_long",
            f"The span has more than {LONGEST_DAYS} days.",
            "Choose a shorter one, and put the exports side by side.",
        )
    if first.year < 1990 or last.year > 2200:
        raise InvalidError("span_far", "No case is as old, or as new, as that.", "Check the years.")
    return DaySpan(first, last, timezone)


def last_days(count: int, today: date, timezone: ZoneInfo) -> DaySpan:
    """Return the span of so many days that ends today."""
    return DaySpan(today - timedelta(days=count - 1), today, timezone)


def month_of(today: date, timezone: ZoneInfo) -> DaySpan:
    """Return the span from the month's first day until today."""
    return DaySpan(today.replace(day=1), today, timezone)


def month_before(today: date, timezone: ZoneInfo) -> DaySpan:
    """Return the whole month before this one."""
    last = today.replace(day=1) - timedelta(days=1)
    return DaySpan(last.replace(day=1), last, timezone)


def _day_start(day: date, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), timezone).astimezone(UTC)
