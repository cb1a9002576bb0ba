"""Counting in the database against counting by hand, in several time zones, on both databases."""

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.cases.spans import DaySpan, last_days
from api.ids import new_id
from api.store.database import Database
from api.store.statistics import (
    LAT_DEG,
    LON_DEG,
    Wanted,
    count_by_cell,
    count_by_square,
    count_ended,
    count_now,
    count_opened,
)
from api.store.statistics_times import count_due, count_first_looks, count_handled
from api.store.tables import cases
from tests.api.store.counted_rows import NOW, ZONES, Row, add_case, add_event, undone, write

MIDDLE = datetime(2026, 3, 8, tzinfo=UTC)
CODES = ("310101001", "310101%02", "3101_1003", "320500001", None)
LABELS = ("overflowing_bin", "site_dust", None)

# Close to midnight in some zone, to the microsecond, and anywhere.
instants = st.builds(
    lambda hours, micro: MIDDLE + timedelta(hours=hours, microseconds=micro),
    st.integers(-48, 48).map(lambda half: half / 2 * 5),
    st.sampled_from([0, -1, 1, -400, 400, 1_800_000_000, 123_456_789]),
)
rows = st.builds(
    Row,
    id=st.builds(new_id),
    opened_at=instants,
    label=st.sampled_from(LABELS),
    source=st.sampled_from(["citizen", "camera"]),
    grid_code=st.sampled_from(CODES),
    state=st.sampled_from(
        ["collected", "dispatched", "closed", "evaluated", "dismissed", "merged"]
    ),
    ended_at=st.none() | instants,
    due_at=st.none() | instants,
    lat=st.none() | st.sampled_from([31.2, 31.2005, 31.201, -0.0001, 0.0, 31.2004999]),
    reports_count=st.integers(0, 3),
    events=st.lists(
        st.tuples(st.sampled_from(["verify", "dismiss", "dispatch", "close", "opened"]), instants),
        max_size=5,
    ).map(tuple),
)
spans = st.builds(
    lambda zone, first, days: DaySpan(first, first + timedelta(days=days), zone),
    st.sampled_from(ZONES),
    st.dates(date(2026, 3, 3), date(2026, 3, 12)),
    st.integers(0, 7),
)
wanteds = st.builds(
    Wanted,
    spans,
    st.sampled_from([*LABELS, None]),
    st.sampled_from([None, None, "3101", "310101%"]),
    st.sampled_from([(), (), ("310101",), ("3101_", "32")]),
)
checked = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def within(wanted: Wanted, at: datetime | None) -> bool:
    if at is None:
        return False
    return wanted.span.first <= at.astimezone(wanted.span.timezone).date() <= wanted.span.last


def fits(wanted: Wanted, row: Row) -> bool:
    code = row.grid_code
    return (
        wanted.label in (None, row.label)
        and (wanted.grid_prefix is None or (code or "").startswith(wanted.grid_prefix))
        and (not wanted.grids or (code is not None and code.startswith(wanted.grids)))
    )


def in_order(row: Row) -> Row:
    """Nothing happens to a case before it is opened, or after it has ended."""
    times = [at for _, at in row.events]
    opened_at = min([row.opened_at, *times])
    ended_at = row.ended_at and max([row.ended_at, opened_at, *times])
    return replace(row, opened_at=opened_at, ended_at=ended_at)


def local(wanted: Wanted, at: datetime) -> date:
    return at.astimezone(wanted.span.timezone).date()


def minutes(start: datetime, end: datetime) -> int:
    return (math.floor(end.timestamp()) - math.floor(start.timestamp())) // 60


@checked
@given(ledger=st.lists(rows, max_size=10, unique_by=lambda row: row.id), wanted=wanteds)
def test_counts_agree_with_counting_by_hand(
    database: Database, ledger: list[Row], wanted: Wanted
) -> None:
    with undone(database) as connection:
        write(connection, ledger)
        seen = [row for row in ledger if fits(wanted, row)]
        opened = [row for row in seen if within(wanted, row.opened_at)]
        found = count_opened(connection, wanted)
        assert Counter({(one.day, one.label, one.source): one.cases for one in found}) == Counter(
            (local(wanted, row.opened_at), row.label, row.source) for row in opened
        )
        assert sum(one.reports for one in found) == sum(row.reports_count for row in opened)
        assert sum(one.led for one in found) == sum(row.reports_count > 0 for row in opened)
        assert count_by_cell(connection, wanted) == Counter(row.grid_code for row in opened)
        ended = [row for row in seen if within(wanted, row.ended_at)]
        assert Counter(
            {(one.day, one.label, one.state): one.cases for one in count_ended(connection, wanted)}
        ) == Counter((local(wanted, row.ended_at or NOW), row.label, row.state) for row in ended)
        assert count_now(connection, wanted, NOW).open == sum(row.ended_at is None for row in seen)
        squares = count_by_square(connection, wanted, 100)
        placed = [row.lat for row in opened if row.lat is not None]
        assert Counter({round((one.south + 90) * 1000): one.cases for one in squares}) == Counter(
            math.floor((lat + 90.0) * 1000.0) for lat in placed
        )
        assert [one.cases for one in squares] == sorted(
            (one.cases for one in squares), reverse=True
        )


@checked
@given(
    ledger=st.lists(rows.map(in_order), max_size=10, unique_by=lambda row: row.id),
    wanted=wanteds,
    hours=st.integers(-200, 300),
)
def test_times_agree_with_counting_by_hand(
    database: Database, ledger: list[Row], wanted: Wanted, hours: int
) -> None:
    now = MIDDLE + timedelta(hours=hours)
    with undone(database) as connection:
        write(connection, ledger)
        seen = [row for row in ledger if fits(wanted, row)]
        took: Counter[tuple[str | None, int]] = Counter()
        timed = in_time = 0
        for row in seen:
            dispatched = [at for action, at in row.events if action == "dispatch"]
            if row.state not in ("closed", "evaluated") or not dispatched:
                continue
            if row.ended_at is None or not within(wanted, row.ended_at):
                continue
            took[row.label, minutes(max(dispatched), row.ended_at)] += 1
            timed += row.due_at is not None
            in_time += row.due_at is not None and row.ended_at <= row.due_at
        found = count_handled(connection, wanted)
        assert Counter({(one.label, one.minutes): one.cases for one in found}) == took
        assert sum(one.timed for one in found) == timed
        assert sum(one.in_time for one in found) == in_time
        looks: Counter[int | None] = Counter()
        for row in seen:
            if within(wanted, row.opened_at):
                times = [at for action, at in row.events if action in ("verify", "dismiss")]
                if times:
                    looks[(minutes(row.opened_at, min(times)))] += 1
                elif row.state == "collected":
                    looks[None] += 1
        counted = count_first_looks(connection, wanted)
        assert Counter({one.minutes: one.cases for one in counted}) == looks
        due = [
            row
            for row in seen
            if row.state != "merged" and row.due_at is not None and within(wanted, row.due_at)
            if row.due_at < now
        ]
        late = [row for row in due if row.ended_at is None or row.ended_at > (row.due_at or now)]
        dues = count_due(connection, wanted, now)
        assert Counter({one.label: one.cases for one in dues}) == Counter(row.label for row in due)
        assert sum(one.late for one in dues) == len(late)


def test_the_first_look_is_a_persons(database: Database) -> None:
    wanted = Wanted(last_days(7, NOW.date(), ZONES[0]))
    with undone(database) as connection:
        at_once = add_case(connection, state="filed", opened_at=NOW)
        add_event(connection, at_once, "verify", NOW, actor="system:camera")
        assert count_first_looks(connection, wanted) == ()
        looked_at = add_case(connection, state="verified", opened_at=NOW)
        add_event(connection, looked_at, "verify", NOW + timedelta(minutes=7))
        (look,) = count_first_looks(connection, wanted)
        assert (look.minutes, look.cases) == (7, 1)


def test_squares_hold_their_cases(database: Database) -> None:
    span = last_days(30, NOW.date(), ZONES[0])
    places = [(31.2, 121.4), (31.20099, 121.40119), (-33.9, -70.6), (31.2, 121.4)]
    with undone(database) as connection:
        for lat, lon in places:
            case_id = add_case(connection)
            connection.execute(cases.update().where(cases.c.id == case_id).values(lat=lat, lon=lon))
        squares = count_by_square(connection, Wanted(span), 10)
        assert sum(one.cases for one in squares) == len(places)
        assert count_by_square(connection, Wanted(span), 1) == squares[:1]
    for lat, lon in places:
        assert any(
            one.south - 1e-6 <= lat <= one.north + 1e-6
            and one.west - 1e-6 <= lon <= one.east + 1e-6
            for one in squares
        )
    assert all(one.north - one.south == pytest.approx(LAT_DEG, abs=2e-6) for one in squares)
    assert all(one.east - one.west == pytest.approx(LON_DEG, abs=2e-6) for one in squares)
