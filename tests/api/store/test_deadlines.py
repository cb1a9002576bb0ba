"""The deadline that a case waits for: in SQL as in the domain's own rule, on both databases."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from api.cases.states import STATES
from api.cases.waiting import HANDLED_BY, LANE_STATES, REVIEWED_BY, deadline_of, is_overdue
from api.ids import new_id
from api.store.case_list import CaseFilter, list_cases
from api.store.cases import get_cases
from api.store.database import Database
from api.store.deadlines import MAY_RUN, awaited, overdue_at
from api.store.tables import cases

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TIMES = (None, NOW - timedelta(microseconds=1), NOW, NOW + timedelta(hours=1))


def add_cases(database: Database) -> None:
    every = itertools.product(sorted(STATES), TIMES, TIMES)
    rows = [
        make_case_row(number, state=state, review_due_at=review, due_at=due)
        for number, (state, review, due) in enumerate(every)
    ]
    with database.write() as connection:
        connection.execute(cases.insert(), rows)


def make_case_row(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "number": f"2026-{number:06d}",
        "event_code": "99",
        "state_since": NOW,
        "opened_at": NOW,
        "source": "citizen",
        "priority": 0,
        "reports_count": 1,
        "reporters_count": 1,
        "version": 1,
    } | values


def test_the_database_says_what_the_rule_says(database: Database) -> None:
    add_cases(database)
    with database.read() as connection:
        rows = connection.execute(select(cases.c.id, awaited, MAY_RUN)).all()
        late = set(connection.execute(select(cases.c.id).where(overdue_at(NOW))).scalars())
        compared = set(connection.execute(select(cases.c.id).where(awaited < NOW)).scalars())
        known = get_cases(connection, [row[0] for row in rows])
        listed = {
            one.id for one in list_cases(connection, CaseFilter(overdue_at=NOW), limit=len(rows))
        }
    assert len(rows) == len(STATES) * len(TIMES) ** 2
    for case_id, deadline, may_run in rows:
        assert deadline == deadline_of(known[case_id])
        assert may_run or deadline is None
    assert late == compared == listed
    assert late == {one.id for one in known.values() if is_overdue(one, NOW)}
    assert late


def test_deadlines_run_only_where_somebody_waits() -> None:
    waiting = {state for states in LANE_STATES.values() for state in states}
    assert waiting >= REVIEWED_BY | HANDLED_BY
    assert not REVIEWED_BY & HANDLED_BY
