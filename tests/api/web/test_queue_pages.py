"""The queue's order against a plain sort, its pages, and who sees what in it; both databases."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from api.cases.case import Case
from api.cases.states import STATES, CaseState
from api.cases.waiting import LANE_STATES, LANES, Lane, deadline_of, is_overdue, lane_of
from api.ids import new_id
from api.services import Services
from api.store.cases import insert_case
from api.store.database import Database
from api.store.review_queue import Wanted, count_lanes, page_queue, place_of
from api.store.tables import cases
from api.web.queue_walk import Walk, parse_place, write_place

if TYPE_CHECKING:
    from starlette.testclient import TestClient

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MakeKey = Callable[..., dict[str, str]]
MOMENTS = st.one_of(
    st.none(),
    st.integers(-4, 4).map(lambda hours: NOW + timedelta(hours=hours, microseconds=hours)),
)


def make_case(number: int, state: CaseState, **fields: Any) -> Case:
    """Return a case such as the ledger holds."""
    given: dict[str, Any] = {
        "label": "overflowing_bin", "event_code": "200102", "source": "citizen", "lat": 31.2304,
        "lon": 121.4737, "address": None, "grid_code": "310101001", "severity": None,
        "priority": 300, "reports_count": 1, "reporters_count": 1, "photo_sha256": None,
        "opened_at": NOW - timedelta(days=1), "state_since": NOW, "review_due_at": None,
        "due_at": None, "due_note": None, "ended_at": None, "merged_into": None, "version": 1,
    }  # fmt: skip
    ended = NOW if lane_of(state) is None else None
    return Case(
        **{"id": new_id(), "number": f"2026-{number:06d}", "state": state}
        | given
        | {"ended_at": ended}
        | fields
    )


case_fields = st.fixed_dictionaries(
    {
        "state": st.sampled_from(STATES),
        "priority": st.integers(0, 3),
        "opened_at": st.integers(0, 3).map(lambda hours: NOW - timedelta(hours=hours)),
        "review_due_at": MOMENTS,
        "due_at": MOMENTS,
        "grid_code": st.sampled_from([None, "310101001", "310101002", "310102001", "3%"]),
        "label": st.sampled_from([None, "overflowing_bin", "site_dust"]),
    }
)


def sort_plainly(known: list[Case], wanted: Wanted) -> list[Case]:
    """Return a lane as the plan says it: overdue by deadline, then priority, then age."""
    waiting = [
        case
        for case in known
        if case.state in LANE_STATES[wanted.lane]
        and (not wanted.grids or (case.grid_code or "").startswith(wanted.grids))
        and (wanted.label is None or case.label == wanted.label)
        and (not wanted.unlabelled or case.label is None)
        and (wanted.grid_prefix is None or (case.grid_code or "").startswith(wanted.grid_prefix))
    ]

    def key(case: Case) -> tuple[Any, ...]:
        late = is_overdue(case, NOW)
        deadline = deadline_of(case) if late else NOW
        return (not late, deadline, -case.priority, case.opened_at, case.id)

    return sorted(waiting, key=key)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(case_fields, max_size=14),
    lane=st.sampled_from(LANES),
    grids=st.sampled_from([(), ("310101",), ("310101001", "310102"), ("3%",)]),
    label=st.sampled_from([None, "site_dust", "none"]),
    grid_prefix=st.sampled_from([None, "31010", "3%"]),
    size=st.integers(1, 5),
)
def test_the_order_is_that_of_a_plain_sort_on_pages_of_any_size(
    database: Database,
    rows: list[dict[str, Any]],
    lane: Lane,
    grids: tuple[str, ...],
    label: str | None,
    grid_prefix: str | None,
    size: int,
) -> None:
    known = [make_case(number, **fields) for number, fields in enumerate(rows)]
    wanted = Wanted(lane, grids, None if label == "none" else label, label == "none", grid_prefix)
    expected = sort_plainly(known, wanted)
    with database.write() as connection:
        connection.execute(delete(cases))
        for case in known:
            insert_case(connection, case)
        found: list[Case] = []
        while page := page_queue(
            connection,
            wanted,
            NOW,
            after=parse_place(write_place(place_of(found[-1], NOW))) if found else None,
            limit=size,
        ):
            found += page
        assert found == expected
        for at, case in enumerate(expected):
            before = page_queue(connection, wanted, NOW, before=place_of(case, NOW), limit=size)
            assert list(before) == expected[max(0, at - size) : at]
        counts = count_lanes(connection, wanted, NOW)
        for one in LANES:
            there = sort_plainly(known, Wanted(one, *_rest(wanted)))
            assert counts[one].waiting == len(there)
            assert counts[one].overdue == sum(is_overdue(case, NOW) for case in there)


def _rest(wanted: Wanted) -> tuple[Any, ...]:
    return wanted.grids, wanted.label, wanted.unlabelled, wanted.grid_prefix


def test_every_state_waits_in_one_lane_or_has_ended() -> None:
    assert {state: lane_of(state) for state in STATES if lane_of(state) is None}.keys() == {
        *("dismissed", "closed", "evaluated", "merged")
    }
    assert sum(map(len, LANE_STATES.values())) == len(STATES) - 4


Put = Callable[..., Case]


@pytest.fixture
def put(services: Services) -> Put:
    """Return a function that puts a case into the ledger."""
    numbers = iter(range(1, 1000))

    def put_one(state: CaseState = "collected", **fields: Any) -> Case:
        case = make_case(next(numbers), state, **fields)
        with services.database.write() as connection:
            insert_case(connection, case)
        return case

    return put_one


@pytest.fixture
def enter(client: "TestClient", make_key: MakeKey) -> Callable[..., "TestClient"]:
    """Return a function that signs the client in."""

    def sign_in(role: str = "operator", **options: Any) -> "TestClient":
        key = make_key(role, **options)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
        assert answer.status_code == 303
        return client

    return sign_in


def numbers_in(page: str) -> list[str]:
    return re.findall(r'href="/console/cases/[^"]+">(2026-\d{6})</a>', page)


def test_the_queue_shows_a_lane_by_urgency(put: Put, enter: Callable[..., Any]) -> None:
    low = put(priority=100)
    high = put(priority=900, address="<script>alert(1)</script>")
    late = put(priority=1, review_due_at=NOW - timedelta(hours=30))
    put("filed")
    page = enter().get("/console/queue?lane=review", headers={"accept-language": "en"}).text
    assert numbers_in(page) == [late.number, high.number, low.number]
    assert '<span class="overdue">1 d 6 h overdue</span>' in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_another_grids_operator_sees_and_counts_nothing(
    put: Put, enter: Callable[..., Any]
) -> None:
    put(grid_code="310101001")
    put(grid_code=None)
    client = enter(grids=("310102",))
    for address in ("/console/queue", "/console/queue/list?lane=review"):
        page = client.get(address).text
        assert numbers_in(page) == []
        assert re.findall(r'待审核 <span class="number">(\d+)', page) == ["0"]
    step = client.get("/console/queue/next?lane=review", follow_redirects=False)
    assert step.headers["location"].startswith("/console/queue?")


def test_pages_go_on_where_the_last_one_ended(put: Put, enter: Callable[..., Any]) -> None:
    expected = [put(priority=500 - n).number for n in range(65)]
    client = enter()
    address, found = "/console/queue?lane=review", []
    while address:
        page = client.get(address).text
        found += numbers_in(page)
        following = re.search(r'id="page-next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert found == expected
    assert client.get("/console/queue?cursor=abc").status_code == 422


def test_filters_hold_in_the_list_and_in_the_walk(put: Put, enter: Callable[..., Any]) -> None:
    put(priority=900)
    dust = put(label="site_dust", grid_code="310102009")
    nameless = put(label=None)
    client = enter()
    assert numbers_in(client.get("/console/queue?label=site_dust").text) == [dust.number]
    assert numbers_in(client.get("/console/queue?label=none").text) == [nameless.number]
    assert numbers_in(client.get("/console/queue?grid=310102").text) == [dust.number]
    step = client.get("/console/queue/next?label=site_dust&lane=review", follow_redirects=False)
    assert step.headers["location"] == f"/console/cases/{dust.id}?lane=review&label=site_dust"


def test_steps_lead_through_the_lane_and_wrap_after_decisions(
    put: Put, enter: Callable[..., Any]
) -> None:
    first, second, third = (put(priority=900 - n) for n in range(3))
    client = enter()

    def step(way: str, **query: str) -> str:
        answer = client.get(f"/console/queue/{way}", params=query, follow_redirects=False)
        return str(answer.headers["location"])

    def place(case: Case) -> str:
        return write_place(place_of(case, NOW))

    walk = Walk("review")
    assert step("next") == f"/console/cases/{first.id}{walk.query()}"
    assert step("next", after=place(first)).startswith(f"/console/cases/{second.id}?")
    assert step("previous", before=place(third)).startswith(f"/console/cases/{second.id}?")
    assert step("previous", before=place(first)) == "/console/queue?lane=review&end=1"
    assert step("next", after=place(third)) == "/console/queue?lane=review&end=1"
    assert step("next", after=place(third), wrap="1").startswith(f"/console/cases/{first.id}?")


def test_handlers_begin_where_their_work_is(put: Put, enter: Callable[..., Any]) -> None:
    put()
    theirs = put("dispatched")
    assert numbers_in(enter("handler").get("/console/queue").text) == [theirs.number]
