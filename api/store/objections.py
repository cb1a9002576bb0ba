"""That something is not solved, as reporters said of cases that had ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, or_, select, update

from api.store.people_tables import objections
from api.store.tables import case_reports, cases

Outcome = Literal[
    "reopened",  # The case begins again
    "noted",  # Of a dismissed one: a person reads it
]


@dataclass(frozen=True, slots=True)
class Objection:
    """What one reporter said of one end of a case."""

    id: str
    report_id: str
    case_id: str
    at: datetime
    note: str | None
    """In their words; None: none, or they were erased."""
    outcome: Outcome


def insert_objection(connection: Connection, objection: Objection) -> None:
    """Add one."""
    connection.execute(objections.insert().values(**asdict(objection)))


def list_objections(connection: Connection, case_id: str) -> tuple[Objection, ...]:
    """Return what was said of a case, newest first.

    With it comes what its reporters said of cases that were merged away since.
    """
    reporters = select(case_reports.c.report_id).where(case_reports.c.case_id == case_id)
    rows = connection.execute(
        select(objections)
        .join(cases, cases.c.id == objections.c.case_id)
        .where(
            or_(
                objections.c.case_id == case_id,
                and_(objections.c.report_id.in_(reporters), cases.c.merged_into.is_not(None)),
            )
        )
        .order_by(objections.c.at.desc(), objections.c.id.desc())
    )
    return tuple(Objection(**row._mapping) for row in rows)


def newest_objections(
    connection: Connection, report_id: str, case_ids: Sequence[str]
) -> dict[str, datetime]:
    """Return when a report's sender objected last, by case; cases without are left out."""
    rows = connection.execute(
        select(objections.c.case_id, objections.c.at)
        .where(objections.c.report_id == report_id, objections.c.case_id.in_(case_ids))
        .order_by(objections.c.at)
    )
    return {row.case_id: row.at for row in rows}


def blank_objections(connection: Connection, report_id: str) -> None:
    """Delete the words of a report's sender; that they objected stays in the cases' histories."""
    connection.execute(
        update(objections).where(objections.c.report_id == report_id).values(note=None)
    )
