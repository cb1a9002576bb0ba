"""Counting in the database against counting by hand, in several time zones, on both databases."""

import contextlib
import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from api.cases.spans import DaySpan, last_days, month_before, month_of
from api.ids import new_id
from api.store.database import Database
from api.store.people_tables import citizen_words
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
from api.store.statistics_judged import (
    WordCount,
    count_added,
    count_checks,
    count_findings,
    count_words,
)
from api.store.statistics_times import count_due, count_first_looks, count_handled
from api.store.tables import (
    case_events,
    case_reports,
    cases,
    closing_checks,
    photos,
    reports,
    verdicts,
)

ZONES = tuple(
    map(
        ZoneInfo,
        (
            "Asia/Shanghai",
            "Asia/Kolkata",
            "America/New_York",  # Summer time begins on 2026-03-08
            "Australia/Lord_Howe",  # by half an hour, ends on 2026-04-05
            "Africa/Cairo",  # at midnight, on 2026-04-24
        ),
    )
)
MIDDLE = datetime(2026, 3, 8, tzinfo=UTC)
NOW = datetime(2026, 3, 20, tzinfo=UTC)
CODES = ("310101001", "310101%02", "3101_1003", "320500001", None)
LABELS = ("overflowing_bin", "site_dust", None)
SHA256 = "cd" * 32


@dataclass(frozen=True)
class Row:
    """A case with what happened to it."""

    id: str
    opened_at: datetime
    label: str | None
    source: str
    grid_code: str | None
    state: str
    ended_at: datetime | None
    due_at: datetime | None
    lat: float | None
    reports_count: int
    events: tuple[tuple[str, datetime], ...]


class _UndoneError(Exception):
    """Ends a test's transaction without a trace."""


@contextlib.contextmanager
def undone(database: Database) -> Iterator[Connection]:
    with contextlib.suppress(_UndoneError), database.write() as connection:
        yield connection
        raise _UndoneError


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


def write(connection: Connection, ledger: list[Row]) -> None:
    for number, row in enumerate(ledger):
        values = {name: getattr(row, name) for name in Row.__dataclass_fields__ if name != "events"}
        connection.execute(
            cases.insert().values(
                **values,
                number=str(number),
                lon=None if row.lat is None else 121.4712,
                priority=0,
                reporters_count=1,
                state_since=row.opened_at,
                version=1,
            )
        )
        for action, at in row.events:
            add_event(connection, row.id, action, at)


def add_event(connection: Connection, case_id: str, action: str, at: datetime) -> None:
    connection.execute(
        case_events.insert().values(
            id=new_id(),
            case_id=case_id,
            at=at,
            actor="key:1",
            action=action,
            to_state="collected",
            details={},
        )
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


def add_case(connection: Connection, grid_code: str | None = "A1", **values: Any) -> str:
    row = Row(
        new_id(), NOW, "site_dust", "citizen", grid_code, "collected", None, None, None, 1, ()
    )
    write(connection, [replace(row, **values)])
    connection.execute(cases.update().where(cases.c.id == row.id).values(number=row.id[-24:]))
    return row.id


def add_verdict(
    connection: Connection, case_id: str, sha256: str, at: datetime, *said: tuple[str, str]
) -> None:
    box = [0.0, 0.0, 9.0, 9.0]
    connection.execute(
        verdicts.insert().values(
            id=new_id(),
            case_id=case_id,
            photo_sha256=sha256,
            at=at,
            actor="key:1",
            role="operator",
            body={
                "model": None if len(said) == 1 else {"name": "m", "version": "1"},
                "findings": [
                    {"label": label, "score": 0.5, "box_xyxy": box, "verdict": word}
                    for label, word in said
                ],
                "added": [{"label": "illegal_poster", "box_xyxy": box}],
                "reviewed": [],
            },
        )
    )


def test_of_each_photo_in_each_case_the_newest_verdict_counts(database: Database) -> None:
    wanted = Wanted(last_days(7, NOW.date(), ZONES[0]))
    bin_, dust = "overflowing_bin", "site_dust"
    with undone(database) as connection:
        for letter in "ab":
            connection.execute(
                photos.insert().values(
                    sha256=letter * 64, size_bytes=1, media_type="image/jpeg", stored_at=NOW
                )
            )
        one, other = add_case(connection), add_case(connection, "B1")
        day = timedelta(days=1)
        add_verdict(connection, one, "a" * 64, NOW - day, (bin_, "true"), (bin_, "true"))
        add_verdict(connection, one, "a" * 64, NOW, (bin_, "false"), (bin_, "moved"))
        add_verdict(connection, one, "b" * 64, NOW - 30 * day, (bin_, "true"), (bin_, "true"))
        add_verdict(connection, other, "a" * 64, NOW, (dust, "wrong_label"))
        found = {
            (of.label, of.verdict, of.model): of.findings
            for of in count_findings(connection, wanted)
        }
        assert found == {
            (bin_, "false", "m 1"): 1,
            (bin_, "moved", "m 1"): 1,
            (dust, "wrong_label", ""): 1,
        }
        assert count_added(connection, wanted) == {"illegal_poster": 2}
        scoped = replace(wanted, grids=("B",))
        assert [of.label for of in count_findings(connection, scoped)] == [dust]
        assert count_added(connection, scoped) == {"illegal_poster": 1}
        labelled = replace(wanted, label=bin_)
        assert sum(of.findings for of in count_findings(connection, labelled)) == 2
        assert count_added(connection, labelled) == {}


def test_checks_and_citizens_words_keep_to_span_and_scope(database: Database) -> None:
    wanted = Wanted(last_days(7, NOW.date(), ZONES[0]))
    with undone(database) as connection:
        connection.execute(
            photos.insert().values(
                sha256=SHA256, size_bytes=1, media_type="image/jpeg", stored_at=NOW
            )
        )
        for code, outcome, days in (
            ("A1", "resolved", 0),
            ("B1", "unsure", 1),
            ("A1", "unsure", 9),
        ):
            case_id, at = add_case(connection, code), NOW - timedelta(days=days)
            connection.execute(
                closing_checks.insert().values(
                    id=new_id(),
                    case_id=case_id,
                    at=at,
                    actor="key:1",
                    photo_sha256=SHA256,
                    outcome=outcome,
                    reasons=[],
                )
            )
            report = {"id": case_id, "received_at": at, "source": "citizen", "state": "scored"}
            connection.execute(reports.insert(), report)
            joined = {"case_id": case_id, "report_id": case_id, "joined_at": at, "why": "opened"}
            connection.execute(case_reports.insert(), joined | {"findings": []})
            word = {"report_id": case_id, "finding_id": "1", "label": "site_dust", "at": at}
            connection.execute(citizen_words.insert(), word | {"is_right": outcome == "resolved"})
        assert count_checks(connection, wanted) == {"resolved": 1, "unsure": 1}
        assert count_words(connection, wanted) == {"site_dust": WordCount(1, 1)}
        for scoped in (replace(wanted, grids=("B",)), replace(wanted, grid_prefix="B")):
            assert count_checks(connection, scoped) == {"unsure": 1}
            assert count_words(connection, scoped) == {"site_dust": WordCount(0, 1)}
        other = replace(wanted, label="overflowing_bin")
        assert count_words(connection, other) == {}
        assert count_checks(connection, other) == {}
