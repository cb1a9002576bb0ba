"""The tables around the ledger: keys, audit, deliveries, grid, cameras, toilets."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from api.store.tables import ID, SHA256, metadata
from api.store.types import Json, RowNumber, UtcTime

keys = Table(
    "keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("originals", Boolean, nullable=False),  # May read unblurred photos, with a reason
    Column("grids", Json, nullable=False),  # Prefixes of grid codes; empty: everywhere
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("revoked_at", UtcTime),
)

audit = Table(  # Append-only; each row's hash covers the one before
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("target", Text, nullable=False),
    Column("details", Json, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

outbox = Table(  # What happened, for whoever subscribed; written with what happened
    "outbox",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),  # CloudEvents id, and webhook-id
    Column("type", String(60), nullable=False),
    Column("subject", String(80), nullable=False),  # cases/ID or reports/ID
    Column("grid_code", String(64)),
    Column("at", UtcTime, nullable=False),
    Column("data", Json, nullable=False),
    Index(None, "subject", "seq"),
    Index(None, "at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("url", Text, nullable=False),
    Column("types", Json, nullable=False),  # Prefixes of event types; empty: all
    Column("grids", Json, nullable=False),
    Column("secrets", Json, nullable=False),  # Newest first; several while rotating
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("disabled_at", UtcTime),
    Column("disabled_why", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("webhook_id", ID, ForeignKey("webhooks.id"), nullable=False),
    Column("event_seq", RowNumber, ForeignKey("outbox.seq"), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("state", String(12), nullable=False),  # waiting, delivered, failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claim", BigInteger, nullable=False, server_default="0"),
    Column("created_at", UtcTime, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("last_status", SmallInteger),
    Column("last_error", Text),
    Column("ended_at", UtcTime),
    Index(None, "webhook_id", "id"),
    Index(None, "event_seq"),
    Index(
        "ix_deliveries_waiting",
        "webhook_id",
        "next_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_deliveries_order",
        "webhook_id",
        "subject",
        "event_seq",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

grid_cells = Table(
    "grid_cells",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("name", Text),
    Column("geometry", Json, nullable=False),  # GeoJSON Polygon or MultiPolygon, WGS-84
)

cameras = Table(
    "cameras",
    metadata,
    Column("id", ID, primary_key=True),
    Column("code", String(64), nullable=False, unique=True),  # As the bureau calls it
    Column("name", Text, nullable=False),
    Column("place", String(8), nullable=False),  # site or street
    Column("site", Text),  # Building site that it watches
    Column("lat", Float),
    Column("lon", Float),
    Column("labels", Json, nullable=False),
    Column("hours", Json, nullable=False),  # [["08:00", "18:00"], ...] local; empty: always
    Column("zones", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", String(12)),  # live, frozen, black, blurred, moved, offline
    Column("state_since", UtcTime),
    Column("heartbeat_at", UtcTime),
    Column("frame_sha256", SHA256, ForeignKey("photos.sha256")),  # Last frame shown on the wall
    Column("retired_at", UtcTime),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(80), primary_key=True),  # Given by the watcher: posting twice is harmless
    Column("camera_id", ID, ForeignKey("cameras.id"), nullable=False),
    Column("label", String(64), nullable=False),
    Column("state", String(8), nullable=False),  # open, cleared
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Column("revision", Integer, nullable=False),  # Late news do not undo newer ones
    Column("frames", Integer, nullable=False),
    Column("peak", Json, nullable=False),  # Peak finding
    Column("photo_sha256", SHA256, ForeignKey("photos.sha256")),
    Column("report_id", ID, ForeignKey("reports.id")),
    Index(None, "camera_id", "started_at"),
    Index(None, "photo_sha256"),
    Index(
        "ix_incidents_open",
        "camera_id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

toilets = Table(
    "toilets",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("address", Text),
    Column("opening_hours", Text),  # OpenStreetMap's opening_hours syntax, or plain words
    Column("wheelchair", String(8)),  # yes, no, limited; None: unknown
    Column("fee", Boolean),
    Column("details", Json, nullable=False),
    Index(None, "lat"),
)

shadow_scores = Table(  # What a candidate model says of the same photos
    "shadow_scores",
    metadata,
    Column("report_id", ID, ForeignKey("reports.id"), primary_key=True),
    Column("model", String(120), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("score", Json, nullable=False),
)

retention = Table(  # What housekeeping did
    "retention",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("originals_deleted", Integer, nullable=False),
    Column("bytes_deleted", BigInteger, nullable=False),
)
