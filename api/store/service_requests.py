"""Cases as the public asks for them: by id of a case or of a report, by date and status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, or_, select

from api.cases.case import Case
from api.store.cases import COLUMNS, get_cases
from api.store.tables import case_reports, cases, reports

MOST_MERGES: Final = 20
"""Cases that were merged one into the other, followed to the last; more is a circle."""


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which cases are wanted."""

    since: datetime
    until: datetime
    """The instant itself counts."""
    labels: tuple[str, ...] = ()
    unlabelled: bool = False
    """Beside `labels`: also cases without one."""
    ended: bool | None = None


@dataclass(frozen=True, slots=True)
class ReportWords:
    """What a reporter said, and when."""

    id: str
    received_at: datetime
    label: str | None
    lat: float | None
    lon: float | None
    note: str | None
    address: str | None
    media_url: str | None


def list_requested(
    connection: Connection, wanted: RequestFilter, *, offset: int, limit: int
) -> tuple[Case, ...]:
    """Return cases, newest first; those that were merged into another are that other one."""
    statement = select(*COLUMNS).where(
        cases.c.opened_at >= wanted.since,
        cases.c.opened_at <= wanted.until,
        cases.c.state != "merged",
    )
    if wanted.labels or wanted.unlabelled:
        named = cases.c.label.in_(wanted.labels)
        statement = statement.where(
            or_(named, cases.c.label.is_(None)) if wanted.unlabelled else named
        )
    if wanted.ended is not None:
        ended = cases.c.ended_at.is_not(None)
        statement = statement.where(ended if wanted.ended else cases.c.ended_at.is_(None))
    newest = statement.order_by(cases.c.opened_at.desc(), cases.c.id.desc())
    rows = connection.execute(newest.offset(offset).limit(limit))
    return tuple(Case(**row._mapping) for row in rows)


def find_reports(connection: Connection, report_ids: Sequence[str]) -> dict[str, ReportWords]:
    """Return those of the reports that exist, by id."""
    columns = [reports.c[name] for name in ReportWords.__slots__]
    rows = connection.execute(select(*columns).where(reports.c.id.in_(report_ids)))
    return {row.id: ReportWords(**row._mapping) for row in rows}


def find_cases_of(connection: Connection, report_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the ids of the cases that each of the reports speaks for, oldest first."""
    rows = connection.execute(
        select(case_reports.c.report_id, case_reports.c.case_id)
        .where(case_reports.c.report_id.in_(report_ids))
        .order_by(case_reports.c.case_id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.report_id] = (*found.get(row.report_id, ()), row.case_id)
    return found


def first_words(connection: Connection, case_ids: Sequence[str]) -> dict[str, ReportWords]:
    """Return, by case, what the first reporter who wrote anything said."""
    columns = [reports.c[name] for name in ReportWords.__slots__]
    rows = connection.execute(
        select(case_reports.c.case_id, *columns)
        .join(reports, reports.c.id == case_reports.c.report_id)
        .where(case_reports.c.case_id.in_(case_ids), reports.c.note.is_not(None))
        .order_by(case_reports.c.joined_at.desc(), reports.c.id.desc())
    )
    found = {}
    for row in rows:  # The earliest comes last, and stays.
        values = {name: row._mapping[name] for name in ReportWords.__slots__}
        found[row.case_id] = ReportWords(**values)
    return found


def follow_merges(connection: Connection, found: dict[str, Case]) -> dict[str, Case]:
    """Return each case, or the one that it was merged into, under the id it was asked by."""
    followed = dict(found)
    for _ in range(MOST_MERGES):
        targets = {case.merged_into for case in followed.values() if case.merged_into is not None}
        if not targets:
            break
        into = get_cases(connection, sorted(targets))
        step = {asked: into.get(case.merged_into or "", case) for asked, case in followed.items()}
        if step == followed:
            break
        followed = step
    return followed
