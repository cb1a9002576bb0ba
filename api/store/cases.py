"""Cases, their history, and the reports that speak for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, func, select, update

from api.cases.case import Case, CaseEvent
from api.cases.places import place_cell
from api.errors import ConflictError
from api.store.tables import case_events, case_reports, cases, counters, reports
from api.store.upsert import upsert

JoinReason = Literal["opened", "near", "same_photo", "similar_photo", "merged", "split", "incident"]

COLUMNS: Final = tuple(cases.c[field.name] for field in fields(Case))


@dataclass(frozen=True, slots=True)
class CaseReport:
    """That a report speaks for a case."""

    case_id: str
    report_id: str
    joined_at: datetime
    why: JoinReason
    distance_m: float | None
    """From the case to the report, when it joined."""
    findings: tuple[str, ...]
    """Ids of the findings in the report's photo that show the problem."""


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
    names = [field.name for field in fields(CaseEvent)]
    return tuple(CaseEvent(**{name: row._mapping[name] for name in names}) for row in rows)


def add_report(connection: Connection, joined: CaseReport) -> None:
    """Let a report speak for a case."""
    values = {field.name: getattr(joined, field.name) for field in fields(joined)}
    connection.execute(case_reports.insert(), values | {"findings": list(joined.findings)})


def list_reports(connection: Connection, case_id: str) -> tuple[CaseReport, ...]:
    """Return the reports that speak for a case, in the order in which they joined."""
    rows = connection.execute(
        select(case_reports)
        .where(case_reports.c.case_id == case_id)
        .order_by(case_reports.c.joined_at, case_reports.c.report_id)
    )
    return tuple(
        CaseReport(**dict(row._mapping) | {"findings": tuple(row.findings)}) for row in rows
    )


def remove_reports(connection: Connection, case_id: str, report_ids: Sequence[str]) -> None:
    """Let reports speak for a case no longer."""
    connection.execute(
        delete(case_reports).where(
            case_reports.c.case_id == case_id, case_reports.c.report_id.in_(report_ids)
        )
    )


@dataclass(frozen=True, slots=True)
class ReportCount:
    """How many reports speak for a case, and how many people."""

    reports: int
    reporters: int
    """Reports without a contact count as one person each."""


def count_reports(connection: Connection, case_id: str) -> ReportCount:
    """Count the reports of a case."""
    known = func.count(reports.c.reporter_hash)
    row = connection.execute(
        select(func.count(), known, func.count(reports.c.reporter_hash.distinct()))
        .select_from(case_reports.join(reports))
        .where(case_reports.c.case_id == case_id)
    ).one()
    return ReportCount(row[0], row[0] - row[1] + row[2])


def _values(case: Case) -> Mapping[str, Any]:
    values = {field.name: getattr(case, field.name) for field in fields(case)}
    cell = None if case.lat is None or case.lon is None else place_cell(case.lat, case.lon)
    return values | {"place_cell": cell}
