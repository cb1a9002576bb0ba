"""Reports and cases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, so that this step stays what it is when api/store/types.py changes.
UTC_TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
    op.create_table(
        "photos",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("stored_at", UTC_TIME, nullable=False),
        sa.Column("image_wh", JSON, nullable=True),
        sa.Column("captured_at", UTC_TIME, nullable=True),
        sa.Column("perceptual_hash", sa.String(length=64), nullable=True),
        sa.Column("plates", JSON, nullable=True),
        sa.Column("original_deleted_at", UTC_TIME, nullable=True),
        sa.Column("kept_sha256", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_photos")),
    )
    op.create_index(op.f("ix_photos_kept_sha256"), "photos", ["kept_sha256"], unique=False)
    op.create_index(op.f("ix_photos_stored_at"), "photos", ["stored_at"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=True),
        sa.Column("event_code", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("place_cell", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.String(length=64), nullable=True),
        sa.Column("severity", sa.String(length=8), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("reports_count", sa.Integer(), nullable=False),
        sa.Column("reporters_count", sa.Integer(), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=True),
        sa.Column("opened_at", UTC_TIME, nullable=False),
        sa.Column("state_since", UTC_TIME, nullable=False),
        sa.Column("review_due_at", UTC_TIME, nullable=True),
        sa.Column("due_at", UTC_TIME, nullable=True),
        sa.Column("due_note", sa.Text(), nullable=True),
        sa.Column("ended_at", UTC_TIME, nullable=True),
        sa.Column("merged_into", sa.String(length=36), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_sha256"], ["photos.sha256"], name=op.f("fk_cases_photo_sha256_photos")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index(op.f("ix_cases_due_at"), "cases", ["due_at"], unique=False)
    op.create_index(
        op.f("ix_cases_grid_code_opened_at"), "cases", ["grid_code", "opened_at"], unique=False
    )
    op.create_index(
        "ix_cases_near",
        "cases",
        ["place_cell", "label"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(op.f("ix_cases_opened_at_id"), "cases", ["opened_at", "id"], unique=False)
    op.create_index(op.f("ix_cases_photo_sha256"), "cases", ["photo_sha256"], unique=False)
    op.create_index(
        op.f("ix_cases_state_priority_opened_at"),
        "cases",
        ["state", "priority", "opened_at"],
        unique=False,
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("received_at", UTC_TIME, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("label", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("contact", JSON, nullable=True),
        sa.Column("reporter_hash", sa.String(length=64), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("datum", sa.String(length=8), nullable=True),
        sa.Column("position_from", sa.String(length=16), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("media_url", sa.Text(), nullable=True),
        sa.Column("key_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("score", JSON, nullable=True),
        sa.Column("scored_at", UTC_TIME, nullable=True),
        sa.Column("erased_at", UTC_TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["photo_sha256"], ["photos.sha256"], name=op.f("fk_reports_photo_sha256_photos")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index(op.f("ix_reports_photo_sha256"), "reports", ["photo_sha256"], unique=False)
    op.create_index(op.f("ix_reports_received_at"), "reports", ["received_at"], unique=False)
    op.create_index(op.f("ix_reports_reporter_hash"), "reports", ["reporter_hash"], unique=False)
    op.create_table(
        "case_events",
        sa.Column("seq", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_case_events")),
        sa.UniqueConstraint("id", name=op.f("uq_case_events_id")),
    )
    op.create_index(
        op.f("ix_case_events_case_id_seq"), "case_events", ["case_id", "seq"], unique=False
    )
    op.create_table(
        "case_reports",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("joined_at", UTC_TIME, nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("findings", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_reports_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_case_reports_report_id_reports")
        ),
        sa.PrimaryKeyConstraint("case_id", "report_id", name=op.f("pk_case_reports")),
    )
    op.create_index(op.f("ix_case_reports_report_id"), "case_reports", ["report_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("run_at", UTC_TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claim", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_jobs_report_id_reports")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_run_at"), "jobs", ["run_at"], unique=False)


def downgrade() -> None:
    """Go one step back."""
    op.drop_index(op.f("ix_jobs_run_at"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_index(op.f("ix_case_reports_report_id"), table_name="case_reports")
    op.drop_table("case_reports")
    op.drop_index(op.f("ix_case_events_case_id_seq"), table_name="case_events")
    op.drop_table("case_events")
    op.drop_index(op.f("ix_reports_reporter_hash"), table_name="reports")
    op.drop_index(op.f("ix_reports_received_at"), table_name="reports")
    op.drop_index(op.f("ix_reports_photo_sha256"), table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_cases_state_priority_opened_at"), table_name="cases")
    op.drop_index(op.f("ix_cases_photo_sha256"), table_name="cases")
    op.drop_index(op.f("ix_cases_opened_at_id"), table_name="cases")
    op.drop_index(
        "ix_cases_near",
        table_name="cases",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_cases_grid_code_opened_at"), table_name="cases")
    op.drop_index(op.f("ix_cases_due_at"), table_name="cases")
    op.drop_table("cases")
    op.drop_index(op.f("ix_photos_stored_at"), table_name="photos")
    op.drop_index(op.f("ix_photos_kept_sha256"), table_name="photos")
    op.drop_table("photos")
    op.drop_index(op.f("ix_idempotency_created_at"), table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("counters")
