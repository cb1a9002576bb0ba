"""What the closing check said of each after-photo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from api.cases.closing import Outcome
from api.store.tables import closing_checks


@dataclass(frozen=True, slots=True)
class ClosingCheck:
    """One after-photo, judged."""

    id: str
    case_id: str
    at: datetime
    actor: str
    photo_sha256: str
    lat: float | None
    """WGS-84 degrees; None: not sent."""
    lon: float | None
    outcome: Outcome
    reasons: Sequence[Mapping[str, str]]
    """Each with code, message and message_zh."""
    score: Mapping[str, Any] | None
    """detector.score_json's form."""


def insert_check(connection: Connection, check: ClosingCheck) -> None:
    """Add a check."""
    values = {field.name: getattr(check, field.name) for field in fields(check)}
    connection.execute(closing_checks.insert().values(**values))


def list_checks(connection: Connection, case_id: str) -> tuple[ClosingCheck, ...]:
    """Return a case's checks, newest first."""
    rows = connection.execute(
        select(closing_checks)
        .where(closing_checks.c.case_id == case_id)
        .order_by(closing_checks.c.at.desc(), closing_checks.c.id.desc())
    )
    return tuple(ClosingCheck(**row._mapping) for row in rows)


def checked_photos(connection: Connection, case_id: str) -> frozenset[str]:
    """Return the SHA-256 of every after-photo that was handed in for a case."""
    rows = connection.execute(
        select(closing_checks.c.photo_sha256).where(closing_checks.c.case_id == case_id)
    )
    return frozenset(rows.scalars())
