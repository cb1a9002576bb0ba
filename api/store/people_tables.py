"""The tables behind the pages: sessions of the console, and what citizens say afterwards."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text

from api.store.side_tables import keys
from api.store.tables import ID, metadata
from api.store.types import UtcTime

sessions = Table(  # Who is signed in to the console
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),  # Keyed hash of what the cookie holds
    Column("key_id", ID, ForeignKey(keys.c.id), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index(None, "expires_at"),
    Index(None, "key_id"),
)

citizen_words = Table(  # "That is right", "that is wrong": a hint for operators, no verdict
    "citizen_words",
    metadata,
    Column("report_id", ID, ForeignKey("reports.id"), primary_key=True),
    Column("finding_id", String(64), primary_key=True),
    Column("label", String(64), nullable=False),  # Of the finding, so that words can be counted
    Column("is_right", Boolean, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "at"),
)

objections = Table(  # "It is not solved", said of a closed case by one of its reporters
    "objections",
    metadata,
    Column("id", ID, primary_key=True),
    Column("report_id", ID, ForeignKey("reports.id"), nullable=False),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("note", Text),  # In the reporter's words; erased with the report
    Column("outcome", String(16), nullable=False),  # reopened, noted
    Index(None, "case_id", "at"),
    Index(None, "report_id"),
)
