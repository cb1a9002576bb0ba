"""Spans of time in which something was seen: joined, cut, and counted by day. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to a later one."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.start).total_seconds()


def cut_spans(spans: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """Return what of the spans lies within a window, in their order; nothing of no length."""
    cut = (Span(max(one.start, window.start), min(one.end, window.end)) for one in spans)
    return tuple(one for one in cut if one.start < one.end)


def join_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time as spans that neither overlap nor touch, in order."""
    joined: list[Span] = []
    for one in sorted(spans, key=lambda span: (span.start, span.end)):
        if one.end <= one.start:
            continue
        if joined and one.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return tuple(joined)


def sum_seconds(spans: Sequence[Span]) -> float:
    """Return how long spans last; what they share counts once."""
    return sum(one.seconds for one in join_spans(spans))


def days_of(window: Span, timezone: tzinfo) -> tuple[tuple[date, Span], ...]:
    """Return the local days that a window touches, in order, each with its part of the window."""
    days: list[tuple[date, Span]] = []
    day = window.start.astimezone(timezone).date()
    while (start := _midnight(day, timezone)) < window.end:
        following = day + timedelta(days=1)
        whole = Span(start, _midnight(following, timezone))
        days.extend((day, part) for part in cut_spans([whole], window))
        day = following
    return tuple(days)


def seconds_by_day(
    spans: Sequence[Span], window: Span, timezone: tzinfo
) -> tuple[tuple[date, float], ...]:
    """Return, for each local day that a window touches, how long spans last within it.

    Args:
        spans: What they share counts once.
        window: What lies outside does not count.
        timezone: Whose midnights part the days.
    """
    return tuple(
        (day, sum_seconds(cut_spans(spans, part))) for day, part in days_of(window, timezone)
    )


def _midnight(day: date, timezone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone).astimezone(UTC)
