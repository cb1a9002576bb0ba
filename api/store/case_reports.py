"""Which reports speak for which case."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, func, select

from api.store.duplicates import forget_photos, index_photo
from api.store.reports import COLUMNS as REPORT_COLUMNS
from api.store.reports import Report
from api.store.tables import case_reports, photos, reports

JoinReason = Literal["opened", "near", "same_photo", "similar_photo", "merged", "split", "incident"]


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


def add_report(connection: Connection, joined: CaseReport) -> None:
    """Let a report speak for a case."""
    values = {field.name: getattr(joined, field.name) for field in fields(joined)}
    connection.execute(case_reports.insert(), values | {"findings": list(joined.findings)})


def speaks_for(connection: Connection, case_id: str, report_id: str) -> bool:
    """Tell whether a report speaks for a case already."""
    found = connection.execute(
        select(case_reports.c.case_id).where(
            case_reports.c.case_id == case_id, case_reports.c.report_id == report_id
        )
    )
    return found.first() is not None


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


def read_reports(
    connection: Connection, case_id: str, limit: int | None = None
) -> tuple[tuple[CaseReport, Report], ...]:
    """Return the reports that speak for a case with what they say, in the order of joining.

    Args:
        connection: In a transaction.
        case_id: The case.
        limit: At most so many; None: all.
    """
    joined = [column.label(f"joined_{column.name}") for column in case_reports.c]
    rows = connection.execute(
        select(*(reports.c[name] for name in REPORT_COLUMNS), *joined)
        .join_from(case_reports, reports)
        .where(case_reports.c.case_id == case_id)
        .order_by(case_reports.c.joined_at, case_reports.c.report_id)
        .limit(limit)
    )
    pairs = []
    for row in rows:
        of = row._mapping
        joining = {name.name: of[f"joined_{name.name}"] for name in case_reports.c}
        joining["findings"] = tuple(joining["findings"])
        report = Report(**{name: of[name] for name in REPORT_COLUMNS})
        pairs.append((CaseReport(**joining), report))
    return tuple(pairs)


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
    """By contact; without one, the same photo is the same person, and any other a further one."""


def count_reports(connection: Connection, case_id: str) -> ReportCount:
    """Count the reports of a case."""
    person = func.coalesce(reports.c.reporter_hash, reports.c.photo_sha256, reports.c.id)
    row = connection.execute(
        select(func.count(), func.count(person.distinct()))
        .select_from(case_reports.join(reports))
        .where(case_reports.c.case_id == case_id)
    ).one()
    return ReportCount(row[0], row[1])


def list_photos(connection: Connection, case_id: str) -> dict[str, str | None]:
    """Return the photos of a case's reports: SHA-256, and perceptual hash where it is known."""
    rows = connection.execute(
        select(photos.c.sha256, photos.c.perceptual_hash)
        .join_from(case_reports, reports)
        .join(photos, photos.c.sha256 == reports.c.photo_sha256)
        .where(case_reports.c.case_id == case_id)
        .order_by(photos.c.sha256)
    )
    return {row.sha256: row.perceptual_hash for row in rows}


def reindex_photos(connection: Connection, case_id: str) -> None:
    """Make a case's photos findable as copies, and no others."""
    forget_photos(connection, case_id)
    for sha256, perceptual_hash in list_photos(connection, case_id).items():
        if perceptual_hash is not None:
            index_photo(connection, case_id, sha256, perceptual_hash)
