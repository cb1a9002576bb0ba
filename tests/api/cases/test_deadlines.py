"""Working days and deadlines, worked out by hand around the holidays of 2026."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cases.deadlines import reckon
from api.cases.rules import LimitKind, TimeLimit, load_rules
from api.cases.workdays import WorkCalendar

BEIJING = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar(BEIJING, ((time(9), time(12)), (time(13, 30), time(17, 30))))
DAY_HOURS = 7


def at(text: str) -> datetime:
    """2026, Beijing: "02-13 16:00"; with a year too."""
    text = text if text[4] == "-" else f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-01-01", False),  # New Year's Day
        ("2026-01-04", True),  # Sunday, swapped
        ("2026-02-14", True),  # Saturday, swapped for Spring Festival
        ("2026-02-16", False),  # Monday, New Year's Eve
        ("2026-02-23", False),  # Monday, last day of Spring Festival
        ("2026-02-24", True),
        ("2026-02-28", True),  # Saturday, swapped
        ("2026-03-01", False),  # Sunday
        ("2026-05-09", True),  # Saturday, swapped for Labour Day
        ("2026-09-20", True),  # Sunday, swapped for National Day
        ("2026-10-07", False),
        ("2026-11-21", False),  # Saturday
    ],
)
def test_public_calendar(day: str, works: bool) -> None:
    assert CALENDAR.is_working_day(date.fromisoformat(day)) is works


def test_a_bureaus_own_days_win() -> None:
    calendar = replace(
        CALENDAR,
        extra_holidays=frozenset({date(2026, 3, 2)}),
        extra_working_days=frozenset({date(2026, 10, 1)}),
    )
    assert not calendar.is_working_day(date(2026, 3, 2))
    assert calendar.is_working_day(date(2026, 10, 1))


def test_a_year_without_data_falls_back_to_weekends() -> None:
    assert CALENDAR.covers(2026)
    assert not CALENDAR.covers(2100)
    assert CALENDAR.is_working_day(date(2100, 10, 1))  # A Friday
    assert not CALENDAR.is_working_day(date(2100, 10, 2))


def test_a_year_listed_in_full_counts_as_covered() -> None:
    calendar = replace(
        CALENDAR,
        complete_years=frozenset({2100}),
        extra_holidays=frozenset({date(2100, 10, 1)}),
    )
    assert calendar.covers(2100)
    assert not calendar.is_working_day(date(2100, 10, 1))
    deadline = reckon(TimeLimit("working_hours", 1), at("2100-10-01 09:00"), calendar)
    assert deadline.at == at("2100-10-04 10:00")
    assert deadline.note is None


HAND_WORKED: list[tuple[LimitKind, float, str, str]] = [
    # An ordinary Monday
    ("working_hours", 4, "03-02 09:00", "03-02 14:30"),
    ("working_hours", 3, "03-02 09:00", "03-02 12:00"),  # Not 13:30
    ("working_hours", 4, "03-02 03:00", "03-02 14:30"),
    ("working_hours", 1, "03-02 11:30", "03-02 14:00"),
    ("working_hours", 1, "03-02 12:30", "03-02 14:30"),
    ("working_hours", 2, "03-02 17:00", "03-03 10:30"),
    ("working_hours", 0.5, "03-02 17:00", "03-02 17:30"),
    # Friday evening: Monday
    ("working_hours", 2, "03-06 18:00", "03-09 11:00"),
    ("working_hours", 2, "03-06 16:30", "03-09 10:00"),
    # Saturday 14 February is worked; Spring Festival is 15-23 February
    ("working_hours", 4, "02-13 17:00", "02-14 14:00"),
    ("working_hours", 4, "02-14 16:00", "02-24 11:30"),
    ("working_hours", 2, "02-17 10:00", "02-24 11:00"),
    ("working_hours", 1, "02-27 17:00", "02-28 09:30"),  # Saturday 28 February is worked
    # National Day 1-7 October, Saturday 10 October worked
    ("working_hours", 7, "09-30 14:30", "10-08 14:30"),
    ("working_days", 1, "09-30 14:30", "10-08 14:30"),
    ("working_days", 1, "03-02 10:00", "03-03 10:00"),
    ("working_days", 1, "03-02 09:00", "03-02 17:30"),  # The whole Monday
    ("working_days", 1, "03-02 08:00", "03-02 17:30"),
    ("working_days", 2, "03-06 15:00", "03-10 15:00"),
    ("working_days", 1, "03-06 20:00", "03-09 17:30"),
    ("working_days", 3, "02-13 10:00", "02-25 10:00"),  # 14, 24, 25 February
    ("working_days", 3, "10-08 10:00", "10-12 10:00"),  # 9, 10 (Saturday), 12 October
    ("working_days", 0.5, "03-02 09:00", "03-02 14:00"),
    ("hours", 12, "02-16 20:00", "02-17 08:00"),
]


@pytest.mark.parametrize(("kind", "amount", "start", "end"), HAND_WORKED)
def test_hand_worked(kind: LimitKind, amount: float, start: str, end: str) -> None:
    deadline = reckon(TimeLimit(kind, amount), at(start), CALENDAR)
    assert deadline.at == at(end)
    assert deadline.at.tzinfo is UTC
    assert deadline.note is None


def test_a_deadline_that_runs_into_an_unknown_year_says_so() -> None:
    known = reckon(TimeLimit("working_hours", 1), at("2026-12-31 10:00"), CALENDAR)
    assert known.note is None
    crossed = reckon(TimeLimit("working_days", 40), at("2099-12-31 10:00"), CALENDAR)
    assert crossed.note is not None
    assert "2099, 2100" in crossed.note
    assert "weekends only" in crossed.note
    assert "周末" in crossed.note
    assert reckon(TimeLimit("hours", 9999), at("2099-12-31 10:00"), CALENDAR).note is None


def test_the_shipped_rules_make_a_calendar() -> None:
    rules = load_rules(None)
    calendar = WorkCalendar.from_rules(rules)
    assert calendar.working_day() == timedelta(hours=DAY_HOURS)
    assert reckon(rules.review, at("03-02 09:00"), calendar).at == at("03-02 11:00")


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        reckon(TimeLimit("hours", 1), datetime(2026, 3, 2), CALENDAR)
    for amount in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="none"):
            reckon(TimeLimit("working_hours", amount), at("03-02 09:00"), CALENDAR)


starts = st.datetimes(datetime(2025, 12, 1), datetime(2027, 3, 1), timezones=st.just(UTC))
limits = st.builds(
    TimeLimit,
    st.sampled_from(("hours", "working_hours", "working_days")),
    st.floats(0.01, 30).map(lambda amount: round(amount, 2)),
)


@settings(max_examples=300)
@given(limits, starts, st.integers(0, 20_000))
def test_a_later_start_never_ends_earlier(limit: TimeLimit, start: datetime, minutes: int) -> None:
    later = start + timedelta(minutes=minutes)
    assert reckon(limit, start, CALENDAR).at <= reckon(limit, later, CALENDAR).at


@given(limits, starts, st.floats(0, 30))
def test_a_longer_limit_never_ends_earlier(limit: TimeLimit, start: datetime, more: float) -> None:
    longer = replace(limit, amount=limit.amount + more)
    assert reckon(limit, start, CALENDAR).at <= reckon(longer, start, CALENDAR).at


@settings(max_examples=300)
@given(limits, starts)
def test_it_ends_after_the_start_and_in_working_time(limit: TimeLimit, start: datetime) -> None:
    end = reckon(limit, start, CALENDAR).at
    assert end > start
    if limit.kind != "hours":
        assert CALENDAR.is_working_time(end)
        assert worked_between(start, end) == pytest.approx(
            limit.amount * (DAY_HOURS if limit.kind == "working_days" else 1), abs=1e-6
        )


def worked_between(start: datetime, end: datetime) -> float:
    """Hours of working time, added up day by day: another way to the same number."""
    total = timedelta()
    day = start.astimezone(BEIJING).date()
    while day <= end.astimezone(BEIJING).date():
        for opens, closes in CALENDAR.spans(day):
            total += max(min(closes, end) - max(opens, start), timedelta())
        day += timedelta(days=1)
    return total / timedelta(hours=1)
