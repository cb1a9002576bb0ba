"""Which days and hours a bureau works, with Chinese public holidays and swapped working days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar  # type: ignore[import-untyped]  # It has no types

from api.cases.rules import Rules

FRIDAY = 4


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working days and hours in one time zone."""

    timezone: ZoneInfo
    hours: tuple[tuple[time, time], ...]
    """Spans of each working day, local time, in order, apart; at least one."""
    extra_holidays: frozenset[date] = frozenset()
    """These win over the public calendar."""
    extra_working_days: frozenset[date] = frozenset()
    complete_years: frozenset[int] = frozenset()
    """Years whose public holidays stand in the two sets above, in full."""

    @classmethod
    def from_rules(cls, rules: Rules) -> "WorkCalendar":
        """Return the calendar that a bureau's rules describe."""
        return cls(
            rules.timezone,
            rules.working_hours,
            rules.extra_holidays,
            rules.extra_working_days,
            rules.complete_years,
        )

    def covers(self, year: int) -> bool:
        """Tell whether the year's public holidays are known; if not, only weekends are free."""
        return year in self.complete_years or _is_published(year)

    def is_working_day(self, day: date) -> bool:
        """Tell whether the bureau works on a local date."""
        if day in self.extra_working_days:
            return True
        if day in self.extra_holidays:
            return False
        if day.year not in self.complete_years and _is_published(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() <= FRIDAY

    def working_day(self) -> timedelta:
        """Return the working time of one working day."""
        day = date.min  # Any: the spans are of the local clock
        lengths = (datetime.combine(day, b) - datetime.combine(day, a) for a, b in self.hours)
        return sum(lengths, timedelta())

    def spans(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the working time of a local date as spans in UTC, in order; none on a free day."""
        if not self.is_working_day(day):
            return ()
        return tuple(
            (self._to_utc(day, start), self._to_utc(day, end)) for start, end in self.hours
        )

    def days_from(self, at: datetime) -> Iterator[date]:
        """Yield local dates, the one of `at` first, without end."""
        day = at.astimezone(self.timezone).date()
        while True:
            yield day
            day += timedelta(days=1)

    def is_working_time(self, at: datetime) -> bool:
        """Tell whether the bureau works at an instant; the ends of a span belong to it."""
        day = at.astimezone(self.timezone).date()
        return any(start <= at <= end for start, end in self.spans(day))

    def _to_utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.timezone).astimezone(UTC)


def _is_published(year: int) -> bool:
    """Tell whether chinese-calendar knows the year; it refuses dates outside its data."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
