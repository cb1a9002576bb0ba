"""The tables of the ledger: reports, cases, the queue. The rest stands in `side_tables`.

Positions are WGS-84 degrees, times UTC, picture boxes pixels of the full-size upright photo.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from api.store.types import Json, RowNumber, UtcTime

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID: Final = String(36)
SHA256: Final = String(64)


def _id(name: str = "id") -> Column[Any]:
    return Column(name, ID, primary_key=True)


photos = Table(
    "photos",
    metadata,
    Column("sha256", SHA256, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    Column("image_wh", Json),  # [width, height] of the upright photo, once decoded
    Column("captured_at", UtcTime),
    Column("perceptual_hash", String(64)),  # 256 bits in hex, once decoded
    Column("plates", Json),  # Boxes of number plates that the model saw: hidden when served
    Column("original_deleted_at", UtcTime),  # By retention or erasure
    Column("kept_sha256", SHA256),  # Blurred copy in the photo store that outlives the original
    Index(None, "stored_at"),
    Index(None, "kept_sha256"),
)

reports = Table(
    "reports",
    metadata,
    _id(),
    Column("received_at", UtcTime, nullable=False),
    Column("source", String(16), nullable=False),  # citizen, inspector, camera, superior
    Column("photo_sha256", SHA256, ForeignKey("photos.sha256")),
    Column("file_name", Text),
    Column("label", String(64)),  # As the reporter says
    Column("note", Text),
    Column("contact", Json),  # Personal: email, phone, first_name, last_name, device_id
    Column("reporter_hash", String(64)),  # Keyed hash of the contact: counts people, names none
    Column("lat", Float),
    Column("lon", Float),
    Column("accuracy_m", Float),
    Column("datum", String(8)),  # Of the position as it was sent
    Column("position_from", String(16)),  # sent or exif
    Column("address", Text),
    Column("media_url", Text),  # Open311: kept, never fetched
    Column("key_id", ID),
    Column("state", String(16), nullable=False),  # waiting, scored, unreadable, unscored
    Column("score", Json),  # ImageScore as JSON, or its error
    Column("scored_at", UtcTime),
    Column("erased_at", UtcTime),
    Index(None, "received_at"),
    Index(None, "photo_sha256"),
    Index(None, "reporter_hash"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("report_id", ID, ForeignKey("reports.id"), primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Column("run_at", UtcTime, nullable=False),  # Not before; while it runs, when others may take it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claim", BigInteger, nullable=False, server_default="0"),  # Grows with each taking
    Column("last_error", Text),
    Index(None, "run_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_hash", String(64), primary_key=True),  # Of API key, route and Idempotency-Key
    Column("request_hash", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("subject", ID, nullable=False),  # What was made: the report
    Index(None, "created_at"),
)

cases = Table(
    "cases",
    metadata,
    _id(),
    Column("number", String(24), nullable=False, unique=True),  # What people say: 2026-000123
    Column("label", String(64)),
    Column("event_code", String(32)),
    Column("state", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("place_cell", BigInteger),  # api.cases.places: coarse square, to find near cases
    Column("address", Text),
    Column("grid_code", String(64)),
    Column("severity", String(8)),
    Column("priority", Integer, nullable=False),
    Column("reports_count", Integer, nullable=False),
    Column("reporters_count", Integer, nullable=False),
    Column("photo_sha256", SHA256, ForeignKey("photos.sha256")),  # The one shown first
    Column("opened_at", UtcTime, nullable=False),
    Column("state_since", UtcTime, nullable=False),
    Column("review_due_at", UtcTime),
    Column("due_at", UtcTime),
    Column("due_note", Text),  # How the deadline was reckoned
    Column("ended_at", UtcTime),  # Closed, dismissed or merged
    Column("merged_into", ID),
    Column("version", Integer, nullable=False),  # Grows with each change
    Index(
        "ix_cases_near",
        "place_cell",
        "label",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(None, "state", "priority", "opened_at"),
    Index(None, "grid_code", "opened_at"),
    Index(None, "opened_at", "id"),
    Index(None, "due_at"),
    Index(None, "photo_sha256"),
)

case_reports = Table(
    "case_reports",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("report_id", ID, ForeignKey("reports.id"), primary_key=True),
    Column("joined_at", UtcTime, nullable=False),
    Column("why", String(24), nullable=False),  # opened, near, same_photo, similar_photo, merged...
    Column("distance_m", Float),
    Column("findings", Json, nullable=False),  # Ids of the findings that speak for the case
    Index(None, "report_id"),
)

case_events = Table(
    "case_events",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),  # key:ID, system:NAME, citizen
    Column("action", String(32), nullable=False),
    Column("from_state", String(16)),
    Column("to_state", String(16), nullable=False),
    Column("reason", Text),
    Column("details", Json, nullable=False),
    Index(None, "case_id", "seq"),
)

photo_bands = Table(  # Near-copy look-up: 16 bands of 16 bits, of photos of cases not ended
    "photo_bands",
    metadata,
    Column("band", SmallInteger, primary_key=True),
    Column("bits", Integer, primary_key=True),
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("sha256", SHA256, primary_key=True),
    Index(None, "case_id"),
)

work_items = Table(  # The queue: one row for each case not ended
    "work_items",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("label", String(64)),
    Column("grid_code", String(64)),
    Column("priority", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),  # When the case was opened: the older goes first
    Column("available_at", UtcTime, nullable=False),  # End of the lease, or of a nack's pause
    Column("lease_token", BigInteger, nullable=False, server_default="0"),  # Fencing: only grows
    Column("leased_by", ID),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("taken_at", UtcTime),  # Acknowledged: out of the queue until the state changes
    Column("parked_at", UtcTime),  # Tried too often: waits for a person
)
Index(  # As a column's own order, not as text: migrations can then compare it
    "ix_work_items_order",
    work_items.c.state,
    work_items.c.priority.desc(),
    work_items.c.since,
    work_items.c.case_id,
    sqlite_where=text("taken_at IS NULL AND parked_at IS NULL"),
    postgresql_where=text("taken_at IS NULL AND parked_at IS NULL"),
)

closing_checks = Table(
    "closing_checks",
    metadata,
    _id(),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("photo_sha256", SHA256, ForeignKey("photos.sha256"), nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("outcome", String(16), nullable=False),  # resolved, not_resolved, unsure
    Column("reasons", Json, nullable=False),
    Column("score", Json),
    Index(None, "case_id", "at"),
    Index(None, "photo_sha256"),
)

verdicts = Table(  # One judged photo of a case: a line of the feedback export
    "verdicts",
    metadata,
    _id(),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("photo_sha256", SHA256, ForeignKey("photos.sha256"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(16), nullable=False),  # operator, inspector, supervisor
    Column("body", Json, nullable=False),  # As in datasets/feedback.schema.json, without the photo
    Index(None, "at", "id"),
    Index(None, "case_id"),
    Index(None, "photo_sha256"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
