"""Searching the ledger: against a plain filter, page by page in both directions."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.cases.case import Case
from api.cases.states import STATES
from api.cases.waiting import deadline_of
from api.ids import new_id
from api.store.case_search import count_found, turn_page
from api.store.cases import insert_case
from api.store.database import Database
from api.store.tables import cases
from api.web.ledger_query import (
    LedgerQuery,
    decode_place,
    encode_place,
    ledger_address,
    make_search,
)

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
ORDERS = ("newest", "oldest", "priority", "due")
WORDS = ("花园路 12 号", "延安西路1228-2号", "Garden Road 100%", "a_b\\c", "", "人民路")


def _hour(step: int) -> datetime:
    return NOW + timedelta(hours=step)


hours = st.integers(-60, 60).map(_hour)
labels = st.sampled_from(["overflowing_bin", "illegal_poster", None])
codes = st.sampled_from(["310101001", "310101%02", "3101_1003", "320500001", None])


@st.composite
def some_cases(draw: st.DrawFn) -> list[Case]:
    made = []
    for n in range(draw(st.integers(0, 14))):
        made.append(
            Case(
                id=new_id(),
                number=f"2026-{n:06d}",
                label=draw(labels),
                event_code=None,
                state=draw(st.sampled_from(STATES)),
                source=draw(st.sampled_from(["citizen", "camera"])),
                lat=None,
                lon=None,
                address=draw(st.sampled_from(WORDS)) or None,
                grid_code=draw(codes),
                severity=None,
                priority=draw(st.integers(0, 2)),
                reports_count=1,
                reporters_count=1,
                photo_sha256=None,
                opened_at=draw(hours),
                state_since=NOW,
                review_due_at=draw(st.none() | hours),
                due_at=draw(st.none() | hours),
                due_note=None,
                ended_at=draw(st.none() | st.just(NOW)),
                merged_into=None,
                version=1,
            )
        )
    return made


@st.composite
def queries(draw: st.DrawFn) -> LedgerQuery:
    asked: dict[str, Any] = {
        "state": draw(st.lists(st.sampled_from(STATES), max_size=3)),
        "label": draw(st.lists(st.sampled_from(["overflowing_bin", "site_dust"]), max_size=2)),
        "unlabelled": draw(st.booleans()),
        "grid": draw(st.sampled_from(["", "3101", "310101%", "3101_", "32"])),
        "source": draw(st.sampled_from(["", "citizen"])),
        "opened_from": draw(st.sampled_from(["", "2026-03-01", "2026-03-02"])),
        "opened_before": draw(st.sampled_from(["", "2026-03-02", "2026-03-03"])),
        "ended": draw(st.sampled_from(["", "0", "1"])),
        "overdue": draw(st.booleans()),
        "q": draw(
            st.sampled_from(
                [
                    "",
                    "",
                    "2026-00000",
                    "3",
                    "花园",
                    "garden",
                    "%",
                    "_b",
                    "\\",
                    "2026-",
                    "1228-2",
                    "2026-000003",
                ]
            )
        ),
        "order": draw(st.sampled_from(ORDERS)),
    }
    return LedgerQuery.model_validate(asked)


def _fits(one: Case, query: LedgerQuery, grids: tuple[str, ...]) -> bool:
    day = one.opened_at.astimezone(SHANGHAI).date()
    deadline = deadline_of(one)
    text = query.q or ""
    return all(
        (
            not grids or any((one.grid_code or "\0").startswith(grid) for grid in grids),
            not query.state or one.state in query.state,
            not (query.label or query.unlabelled)
            or one.label in query.label
            or (query.unlabelled and one.label is None),
            query.grid is None or (one.grid_code or "\0").startswith(query.grid),
            query.source is None or one.source == query.source,
            query.opened_from is None or day >= query.opened_from,
            query.opened_before is None or day < query.opened_before,
            query.ended is None or (one.ended_at is not None) == query.ended,
            not query.overdue or (deadline is not None and deadline < NOW),
            query.order != "due" or deadline is not None,
            not text
            or (
                (bool(re.fullmatch(r"\d{4}-\d*", text)) and one.number.startswith(text))
                or text.lower() in (one.address or "").lower()
                or (text.isdecimal() and one.number.endswith(f"-{text:>06}"))
            ),
        )
    )


def _key(one: Case, order: str) -> tuple[Any, ...]:
    at = one.opened_at.timestamp()
    reverse_id = tuple(-ord(sign) for sign in one.id)
    return {
        "newest": (-at, reverse_id),
        "oldest": (at, one.id),
        "priority": (-one.priority, at, one.id),
        "due": (deadline_of(one), one.id),
    }[order]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stored=some_cases(),
    query=queries(),
    grids=st.sampled_from([(), ("3101",), ("310101%", "32")]),
    limit=st.integers(1, 4),
)
def test_filters_orders_and_pages_are_those_of_a_plain_filter(
    database: Database,
    stored: list[Case],
    query: LedgerQuery,
    grids: tuple[str, ...],
    limit: int,
) -> None:
    search = make_search(query, now=NOW, timezone=SHANGHAI, grids=grids)
    wanted = [one for one in stored if _fits(one, query, grids)]
    wanted.sort(key=lambda one: _key(one, query.order))
    with database.write() as connection:
        connection.execute(cases.delete())
        for one in stored:
            insert_case(connection, one)
        whole = turn_page(connection, search, limit=100, count_to=100)
        assert whole.found == len(wanted)
        assert list(whole.cases) == wanted
        assert (whole.before, whole.after) == (None, None)
        assert count_found(connection, search, 100) == len(wanted)
        assert count_found(connection, search, 2) == min(2, len(wanted))
        # Forward to the end, then back to the start: each case once, in order.
        page = turn_page(connection, search, limit=limit)
        pages = [page]
        while page.after is not None:
            token = encode_place(page.after)
            after = decode_place(token, query.order)
            page = turn_page(connection, search, after=after, limit=limit)
            pages.append(page)
        assert [one for page in pages for one in page.cases] == wanted
        assert page.after is None
        back = [page]
        while page.before is not None:
            page = turn_page(connection, search, before=page.before, limit=limit)
            back.append(page)
        assert [page.cases for page in back[::-1]] == [page.cases for page in pages]


@settings(max_examples=200, deadline=None)
@given(query=queries())
def test_an_address_says_what_the_query_says(query: LedgerQuery) -> None:
    said = parse_qs(urlsplit(ledger_address(query, size="100", after="abc")).query)
    many = {"state", "label"}
    asked = {name: value if name in many else value[0] for name, value in said.items()}
    again = LedgerQuery.model_validate(asked)
    assert again == query.model_copy(update={"size": "100", "after": "abc"})
