"""When dust was seen: spans are cut, joined and counted by day, on either database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from api.cameras.camera import Camera
from api.cameras.dust import Span, cut_spans, days_of, join_spans, seconds_by_day, sum_seconds
from api.cameras.sight import known_until
from api.ids import new_id
from api.store.cameras import insert_camera
from api.store.database import Database
from api.store.incidents import Incident, insert_incident
from api.store.outbox import record_event
from api.store.site_dust import count_open, list_dust, list_states, open_incidents

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]
minutes = st.integers(-6 * 24 * 60, 6 * 24 * 60)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


spans = st.lists(
    st.tuples(minutes, minutes).map(lambda ends: Span(at(min(ends)), at(max(ends)))), max_size=12
)
windows = st.tuples(minutes, st.integers(1, 9 * 24 * 60)).map(
    lambda one: Span(at(one[0]), at(one[0] + one[1]))
)


def minutes_of(some: Any) -> set[int]:
    """Count minute by minute, the slow way."""
    found: set[int] = set()
    for one in some:
        start = round((one.start - NOON).total_seconds() / 60)
        found |= set(range(start, start + round(one.seconds / 60)))
    return found


@given(spans)
def test_joined_spans_hold_the_same_minutes_and_lie_apart(some: list[Span]) -> None:
    joined = join_spans(some)
    assert minutes_of(joined) == minutes_of(some)
    assert all(a.end < b.start for a, b in pairwise(joined))
    assert sum_seconds(some) == 60 * len(minutes_of(some))
    assert join_spans(reversed(some)) == joined == join_spans(joined)


@given(spans, windows)
def test_cut_spans_hold_the_minutes_within(some: list[Span], window: Span) -> None:
    cut = cut_spans(some, window)
    assert minutes_of(cut) == minutes_of(some) & minutes_of([window])
    assert all(one.seconds > 0 for one in cut)


@given(spans, windows, st.sampled_from(ZONES))
def test_days_add_up_to_the_window(some: list[Span], window: Span, timezone: ZoneInfo) -> None:
    days = days_of(window, timezone)
    assert days[0][1].start == window.start
    assert days[-1][1].end == window.end
    assert all(a[1].end == b[1].start for a, b in pairwise(days))
    for day, part in days:
        assert part.start.astimezone(timezone).date() == day
        assert (part.end - timedelta(seconds=1)).astimezone(timezone).date() == day
    counted = seconds_by_day(some, window, timezone)
    assert [day for day, _ in counted] == [day for day, _ in days]
    assert sum(seconds for _, seconds in counted) == sum_seconds(cut_spans(some, window))


def test_a_night_is_parted_at_the_local_midnight() -> None:
    night = Span(datetime(2026, 3, 1, 15, 30, tzinfo=UTC), datetime(2026, 3, 1, 17, 0, tzinfo=UTC))
    window = Span(NOON - timedelta(days=1), NOON)
    counted = seconds_by_day([night, night], window, ZoneInfo("Asia/Shanghai"))
    assert [(day.day, seconds) for day, seconds in counted] == [(1, 1800), (2, 3600)]


def make_camera(code: str) -> Camera:
    return Camera(
        id=new_id(), code=code, name=code, place="site", site="s", lat=None, lon=None, labels=(),
        hours=(), zones=(), created_at=NOON,
    )  # fmt: skip


def add_camera(connection: Connection, code: str) -> Camera:
    camera = make_camera(code)
    insert_camera(connection, camera)
    return camera


def add_dust(
    connection: Connection, camera: Camera, start: int, end: int | None, label: str = "site_dust"
) -> str:
    incident = Incident(
        id=new_id(), camera_id=camera.id, label=label, state="open" if end is None else "cleared",
        started_at=at(start), ended_at=None if end is None else at(end), updated_at=NOON,
        revision=1, frames=1, peak={}, photo_sha256=None, report_id=None,
    )  # fmt: skip
    assert insert_incident(connection, incident)
    return incident.id


def test_dust_is_listed_within_a_window_and_goes_on_while_it_is_open(database: Database) -> None:
    window = Span(at(-60), at(0))
    with database.write() as connection:
        one, other = add_camera(connection, "A"), add_camera(connection, "B")
        add_dust(connection, one, -120, -60)  # Over when the window begins
        add_dust(connection, one, -90, -50)
        add_dust(connection, one, -10, None)
        add_dust(connection, one, 5, None)  # A watcher's clock that is fast
        add_dust(connection, one, -30, -30)
        add_dust(connection, one, -30, -20, "street_vending")
        add_dust(connection, other, -40, 30)
        found = list_dust(connection, [one, other], window, ZONES[0])
        assert [(row.camera_id, row.span, row.is_open) for row in found] == [
            (one.id, Span(at(-60), at(-50)), False),
            (other.id, Span(at(-40), at(0)), False),
            (one.id, Span(at(-10), at(0)), True),
        ]
        assert list_dust(connection, [], window, ZONES[0]) == ()
        (row,) = list_dust(connection, [other], window, ZONES[0])
        assert row.camera_id == other.id
        silent = replace(one, state="live", heartbeat_at=at(-8))
        (*_, row) = list_dust(connection, [silent], window, ZONES[0])
        assert (row.span, row.is_open) == (Span(at(-10), at(-8)), False)


HEARD = {"state": "live", "state_since": at(-500), "heartbeat_at": at(0)}
DAY = (("06:00", "12:00"), ("12:00", "12:05"))  # It is noon in Shanghai.


@pytest.mark.parametrize(
    ("changes", "start", "end"),
    [
        ({}, -60, 0),  # Never heard of, but it tells incidents
        (HEARD, -60, 0),
        (HEARD | {"heartbeat_at": at(-5)}, -60, 0),
        (HEARD | {"heartbeat_at": at(-6)}, -60, -6),
        (HEARD | {"heartbeat_at": at(-90)}, -60, -60),
        (HEARD | {"state": "black", "state_since": at(-20)}, -60, -20),
        (HEARD | {"state": "offline", "state_since": at(-20), "heartbeat_at": at(-25)}, -60, -25),
        (HEARD | {"state": "offline", "state_since": at(-20)}, -60, -20),
        (HEARD | {"retired_at": at(-30)}, -60, -30),
        (HEARD | {"hours": DAY}, -60, 0),
        (HEARD | {"hours": DAY}, -24 * 60, -24 * 60 + 5),
        (HEARD | {"hours": DAY}, -7 * 60, 0),  # Begun out of hours: they were others then.
        (HEARD | {"hours": (("22:00", "02:00"),)}, -11 * 60, -10 * 60),
        (HEARD | {"hours": (("00:00", "12:00"), ("12:00", "00:00"))}, -3 * 24 * 60, 0),
    ],
)
def test_dust_goes_on_as_long_as_somebody_watches(
    changes: dict[str, Any], start: int, end: int
) -> None:
    camera = replace(make_camera("A"), **changes)
    assert known_until(camera, at(start), at(0), ZONES[0]) == at(end)


def test_open_incidents_are_counted_and_listed_by_camera(database: Database) -> None:
    with database.write() as connection:
        one, other, idle = (add_camera(connection, code) for code in "ABC")
        first = add_dust(connection, one, -30, None)
        second = add_dust(connection, one, -10, None, "street_vending")
        add_dust(connection, one, -60, -50)
        add_dust(connection, other, -5, None)
        assert count_open(connection) == {one.id: 2, other.id: 1}
        found = open_incidents(connection, [one.id, idle.id])
        assert {name: [row.id for row in some] for name, some in found.items()} == {
            one.id: [second, first]
        }


@pytest.mark.parametrize("limit", [2, 20])
def test_past_states_are_told_newest_first(database: Database, limit: int) -> None:
    with database.write() as connection:
        camera, other = add_camera(connection, "A"), add_camera(connection, "B")
        for minute, whose, kind in (
            (-9, camera, "camera.live"), (-8, camera, "incident.opened"),
            (-7, other, "camera.black"), (-6, camera, "camera.frozen"), (-5, camera, "camera.live"),
        ):  # fmt: skip
            record_event(
                connection, type=f"cn.street-issues.{kind}", subject=f"cameras/{whose.id}",
                grid_code=None, at=at(minute), data={},
            )  # fmt: skip
        states = [(one.at, one.state) for one in list_states(connection, camera, limit=limit)]
    told = [(at(-5), "live"), (at(-6), "frozen"), (at(-9), "live")]
    assert states == told[:limit]
