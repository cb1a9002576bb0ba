"""Spans of days in several time zones: they tile time, and end where the calendar says."""

import itertools
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.cases.spans import DaySpan, last_days, month_before, month_of
from tests.api.store.counted_rows import ZONES


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_days_tile_time_and_offsets_are_those_of_the_zone(zone: ZoneInfo) -> None:
    span = DaySpan(date(2026, 3, 1), date(2026, 4, 30), zone)
    for one, other in itertools.pairwise(span.days()):
        first, second = DaySpan(one, one, zone), DaySpan(other, other, zone)
        assert first.end == second.start
        assert second.start.astimezone(zone).date() == other
        assert (second.start - timedelta(microseconds=1)).astimezone(zone).date() == one
    steps = dict(span.offsets())
    at, offset = span.start, None
    while at < span.end:
        offset = steps.get(at, offset)
        assert at.astimezone(zone).utcoffset() == timedelta(seconds=offset or 0)
        at += timedelta(minutes=15)


def test_spans_by_name_end_where_the_calendar_says() -> None:
    zone = ZONES[0]
    assert last_days(7, date(2026, 3, 2), zone).first == date(2026, 2, 24)
    assert month_of(date(2026, 3, 2), zone).first == date(2026, 3, 1)
    assert month_before(date(2026, 3, 31), zone) == DaySpan(
        date(2026, 2, 1), date(2026, 2, 28), zone
    )
    assert month_before(date(2026, 1, 5), zone).first == date(2025, 12, 1)
