"""Cases and their history."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from api.cases.case import Case, CaseEvent
from api.cases.places import place_cell
from api.errors import ConflictError
from api.store.tables import case_events, cases, counters
from api.store.upsert import upsert

COLUMNS: Final = tuple(cases.c[field.name] for field in fields(Case))


def next_case_number(connection: Connection, year: int) -> str:
    """Return a number that no other case has, such as 2026-000123.

    The transactions that ask wait for each other until they end, so the numbers have no gaps.
    """
    statement = upsert(connection, counters).values(name=f"case-{year}", value=1)
    counted = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": counters.c.value + 1}
        ).returning(counters.c.value)
    ).scalar_one()
    return f"{year}-{counted:06d}"


def insert_case(connection: Connection, case: Case) -> None:
    """Add a case."""
    connection.execute(cases.insert(), _values(case))


def save_case(connection: Connection, case: Case) -> None:
    """Store a case that has changed once since it was read.

    Raises:
        ConflictError: Somebody else changed it in between.
    """
    changed = connection.execute(
        update(cases)
        .where(cases.c.id == case.id, cases.c.version == case.version - 1)
        .values(**_values(case))
    )
    if changed.rowcount != 1:
        raise ConflictError(
            "case_changed",
            f"Case {case.number} was changed by somebody else in the meantime.",
            "Read it again, then decide.",
        )


def get_case(connection: Connection, case_id: str, *, lock: bool = False) -> Case | None:
    """Return a case, or None.

    Args:
        connection: In a transaction.
        case_id: Its id.
        lock: Let nobody else change it until the transaction ends (PostgreSQL).
    """
    statement = select(*COLUMNS).where(cases.c.id == case_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else Case(**row._mapping)


def get_cases(connection: Connection, case_ids: Sequence[str]) -> dict[str, Case]:
    """Return those of the cases that exist, by id."""
    rows = connection.execute(select(*COLUMNS).where(cases.c.id.in_(case_ids)))
    return {row.id: Case(**row._mapping) for row in rows}


def insert_event(connection: Connection, event: CaseEvent) -> None:
    """Add a line to a case's history."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    connection.execute(case_events.insert(), values | {"details": dict(event.details)})


def list_events(connection: Connection, case_id: str) -> tuple[CaseEvent, ...]:
    """Return a case's history, in the order in which it happened."""
    rows = connection.execute(
        select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.seq)
    )
    return tuple(_event(row) for row in rows)


def last_events(connection: Connection, case_id: str, limit: int) -> tuple[CaseEvent, ...]:
    """Return the end of a case's history, in the order in which it happened."""
    rows = connection.execute(
        select(case_events)
        .where(case_events.c.case_id == case_id)
        .order_by(case_events.c.seq.desc())
        .limit(limit)
    )
    return tuple(_event(row) for row in rows)[::-1]


def newest_of(
    connection: Connection, case_id: str, actions: Sequence[str], limit: int = 1
) -> tuple[CaseEvent, ...]:
    """Return the last events of a case that are one of these actions, newest first."""
    rows = connection.execute(
        select(case_events)
        .where(case_events.c.case_id == case_id, case_events.c.action.in_(actions))
        .order_by(case_events.c.seq.desc())
        .limit(limit)
    )
    return tuple(_event(row) for row in rows)


def _event(row: Row[Any]) -> CaseEvent:
    return CaseEvent(**{field.name: row._mapping[field.name] for field in fields(CaseEvent)})


def _values(case: Case) -> Mapping[str, Any]:
    values = {field.name: getattr(case, field.name) for field in fields(case)}
    cell = None if case.lat is None or case.lon is None else place_cell(case.lat, case.lon)
    return values | {"place_cell": cell}
