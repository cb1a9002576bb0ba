"""Reports as they came in, and what the model said of their photos."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, select, update

from api.cases.case import Source
from api.store.tables import case_reports, idempotency, reports
from api.store.upsert import upsert
from detector.photo_facts import Datum

ReportState = Literal[
    "waiting",  # for its score
    "scored",
    "unreadable",  # the photo cannot be decoded: a person looks at what can be told without it
    "unscored",  # no photo, or the model failed on it again and again
]
PositionOrigin = Literal["sent", "exif"]


@dataclass(frozen=True, slots=True)
class Report:
    """What one person, or one camera, handed in."""

    id: str
    received_at: datetime
    source: Source
    photo_sha256: str | None
    file_name: str | None
    label: str | None
    """What the reporter says that it is."""
    note: str | None
    contact: Mapping[str, str] | None
    """Personal: email, phone, first_name, last_name, device_id, account_id."""
    reporter_hash: str | None
    """Keyed hash of the contact: counts people, names none."""
    lat: float | None
    """WGS-84 degrees."""
    lon: float | None
    accuracy_m: float | None
    datum: Datum | None
    """Of the position as it was sent."""
    position_from: PositionOrigin | None
    address: str | None
    media_url: str | None
    """As an Open311 client sent it; it is never fetched."""
    key_id: str | None
    state: ReportState
    score: Mapping[str, Any] | None = None
    """detector.score_json's form."""
    scored_at: datetime | None = None
    erased_at: datetime | None = None


def insert_report(connection: Connection, report: Report) -> None:
    """Add a report."""
    connection.execute(reports.insert(), _values(report))


def get_report(connection: Connection, report_id: str, *, lock: bool = False) -> Report | None:
    """Return a report, or None.

    Args:
        connection: In a transaction.
        report_id: Its id.
        lock: Let nobody else change it until the transaction ends (PostgreSQL).
    """
    statement = select(reports).where(reports.c.id == report_id)
    if lock:  # Not against rows that refer to it, as merges and splits write them.
        statement = statement.with_for_update(key_share=True)
    row = connection.execute(statement).one_or_none()
    return None if row is None else Report(**row._mapping)


def save_score(connection: Connection, report: Report) -> None:
    """Store what scoring changed: state, score, time, position from EXIF."""
    columns = ("state", "score", "scored_at", "lat", "lon", "datum", "position_from")
    values = _values(report)
    connection.execute(
        update(reports)
        .where(reports.c.id == report.id)
        .values(**{name: values[name] for name in columns})
    )


def list_cases_of(connection: Connection, report_id: str) -> tuple[str, ...]:
    """Return the ids of the cases that a report belongs to, oldest first."""
    statement = (
        select(case_reports.c.case_id)
        .where(case_reports.c.report_id == report_id)
        .order_by(case_reports.c.case_id)
    )
    return tuple(connection.execute(statement).scalars())


@dataclass(frozen=True, slots=True)
class UsedKey:
    """An Idempotency-Key that was used before."""

    request_hash: str
    subject: str
    """Id of what was made then."""


def remember_key(
    connection: Connection, key_hash: str, request_hash: str, subject: str, at: datetime
) -> UsedKey | None:
    """Store an Idempotency-Key, or return how it was used before.

    Two transactions with the same key wait for each other: one stores it, the other gets it back.

    Args:
        connection: In a transaction that writes.
        key_hash: Keyed hash of API key, route and Idempotency-Key.
        request_hash: Of everything that was sent.
        subject: Id of what is about to be made.
        at: Now.
    """
    made = connection.execute(
        upsert(connection, idempotency)
        .values(key_hash=key_hash, request_hash=request_hash, subject=subject, created_at=at)
        .on_conflict_do_nothing()
        .returning(idempotency.c.key_hash)
    ).first()
    if made is not None:
        return None
    row = connection.execute(select(idempotency).where(idempotency.c.key_hash == key_hash)).one()
    return UsedKey(row.request_hash, row.subject)


COLUMNS: Final = tuple(column.name for column in reports.c)


def _values(report: Report) -> dict[str, Any]:
    values = asdict(report)
    return {name: values[name] for name in COLUMNS}
