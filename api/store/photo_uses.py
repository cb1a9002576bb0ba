"""What shows a photo: reports, cases, closing checks, cameras, incidents."""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, CompoundSelect, Connection, exists, or_, select, text, union

from api.store.side_tables import cameras, incidents
from api.store.tables import (
    case_reports,
    cases,
    closing_checks,
    photos,
    reports,
    verdicts,
)

FILE_LOCKS: Final = 0x511E
"""The space of PostgreSQL's advisory locks on files; `Database.serialise` has the one below."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies that shows a photo and has no grid code of its own."""

    lat: float | None
    lon: float | None


def lock_file(connection: Connection, sha256: str) -> None:
    """Let nobody enter or delete a photo's file until the transaction ends, row or no row.

    Take it before the lock of a photo's row and before `Database.serialise(…, "cases")`. SQLite has
    one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:space, :name)"),
            {"space": FILE_LOCKS, "name": zlib.crc32(sha256.encode()) - 2**31},
        )


def case_ids_of(sha256: str) -> CompoundSelect[Any]:
    """Return the query for the cases that show a photo: themselves, in a report or in a check."""
    by_report = select(case_reports.c.case_id).join(
        reports, reports.c.id == case_reports.c.report_id
    )
    return union(
        select(cases.c.id).where(cases.c.photo_sha256 == sha256),
        by_report.where(reports.c.photo_sha256 == sha256),
        select(closing_checks.c.case_id).where(closing_checks.c.photo_sha256 == sha256),
    )


def grid_codes_of(connection: Connection, sha256: str) -> tuple[str | None, ...]:
    """Return the grid cells of the cases that show a photo, each once."""
    query = select(cases.c.grid_code).where(cases.c.id.in_(case_ids_of(sha256))).distinct()
    return tuple(connection.execute(query).scalars())


def places_of(connection: Connection, sha256: str) -> tuple[Place, ...]:
    """Return where reports without a case, and cameras, lie that show a photo."""
    has_case = exists().where(case_reports.c.report_id == reports.c.id)
    loose = select(reports.c.lat, reports.c.lon).where(
        reports.c.photo_sha256 == sha256, reports.c.erased_at.is_(None), ~has_case
    )
    watching = select(cameras.c.lat, cameras.c.lon).where(cameras.c.frame_sha256 == sha256)
    seen = (
        select(cameras.c.lat, cameras.c.lon)
        .join(incidents, incidents.c.camera_id == cameras.c.id)
        .where(incidents.c.photo_sha256 == sha256)
    )
    rows = connection.execute(loose.union(watching, seen))
    return tuple(Place(row.lat, row.lon) for row in rows)


def shown_by_open_case(sha256: Any) -> ColumnElement[bool]:
    """Return the condition that somebody still works on a case that shows a photo.

    Each way from the photo to its cases is a question of its own, so that each can use its index.

    Args:
        sha256: The photo's name, or a column that holds it.
    """
    running = cases.c.ended_at.is_(None)
    return or_(
        exists().where(running, cases.c.photo_sha256 == sha256),
        exists().where(
            running,
            cases.c.id == case_reports.c.case_id,
            case_reports.c.report_id == reports.c.id,
            reports.c.photo_sha256 == sha256,
        ),
        exists().where(
            running,
            cases.c.id == closing_checks.c.case_id,
            closing_checks.c.photo_sha256 == sha256,
        ),
    )


def shown_by_case(connection: Connection, sha256: str) -> bool:
    """Tell whether any case shows a photo."""
    return connection.execute(case_ids_of(sha256).limit(1)).first() is not None


def used_since(sha256: Any, since: datetime) -> ColumnElement[bool]:
    """Return the condition that a photo came in again at this time or later, or waits for a look.

    Args:
        sha256: The photo's name, or a column that holds it.
        since: Only what came before this is old.
    """
    return or_(
        exists().where(
            reports.c.photo_sha256 == sha256,
            reports.c.erased_at.is_(None),
            or_(reports.c.received_at >= since, reports.c.state == "waiting"),
        ),
        exists().where(closing_checks.c.photo_sha256 == sha256, closing_checks.c.at >= since),
        exists().where(incidents.c.photo_sha256 == sha256, incidents.c.updated_at >= since),
    )


def is_used(sha256: Any, but_for_report: str | None = None) -> ColumnElement[bool]:
    """Return the condition that anything refers to a photo.

    Args:
        sha256: The photo's name, or a column that holds it.
        but_for_report: A report that does not count, nor the cases' first picture or the verdicts,
            which stand on reports.
    """
    by_report = exists().where(
        reports.c.photo_sha256 == sha256,
        reports.c.erased_at.is_(None),
        *([] if but_for_report is None else [reports.c.id != but_for_report]),
    )
    uses = [
        by_report,
        exists().where(closing_checks.c.photo_sha256 == sha256),
        exists().where(cameras.c.frame_sha256 == sha256),
        exists().where(incidents.c.photo_sha256 == sha256, incidents.c.report_id.is_(None)),
    ]
    if but_for_report is None:
        uses += [
            exists().where(cases.c.photo_sha256 == sha256),
            exists().where(verdicts.c.photo_sha256 == sha256),
            exists().where(incidents.c.photo_sha256 == sha256),
        ]
    return or_(*uses)


def holds(connection: Connection, sha256: str, *conditions: ColumnElement[bool]) -> bool:
    """Tell whether every condition holds for a photo that is known."""
    query = select(photos.c.sha256).where(photos.c.sha256 == sha256, *conditions)
    return connection.execute(query).first() is not None
