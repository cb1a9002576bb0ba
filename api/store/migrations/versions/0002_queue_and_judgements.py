"""Queue and judgements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Written out, so that this step stays what it is when api/store/types.py changes.
UTC_TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "closing_checks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("score", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_closing_checks_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["photo_sha256"], ["photos.sha256"], name=op.f("fk_closing_checks_photo_sha256_photos")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing_checks")),
    )
    op.create_index(
        op.f("ix_closing_checks_case_id_at"), "closing_checks", ["case_id", "at"], unique=False
    )
    op.create_index(
        op.f("ix_closing_checks_photo_sha256"), "closing_checks", ["photo_sha256"], unique=False
    )
    op.create_table(
        "photo_bands",
        sa.Column("band", sa.SmallInteger(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_photo_bands_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("band", "bits", "case_id", "sha256", name=op.f("pk_photo_bands")),
    )
    op.create_index(op.f("ix_photo_bands_case_id"), "photo_bands", ["case_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_verdicts_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["photo_sha256"], ["photos.sha256"], name=op.f("fk_verdicts_photo_sha256_photos")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_at_id"), "verdicts", ["at", "id"], unique=False)
    op.create_index(op.f("ix_verdicts_case_id"), "verdicts", ["case_id"], unique=False)
    op.create_index(op.f("ix_verdicts_photo_sha256"), "verdicts", ["photo_sha256"], unique=False)
    op.create_table(
        "work_items",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=True),
        sa.Column("grid_code", sa.String(length=64), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("since", UTC_TIME, nullable=False),
        sa.Column("available_at", UTC_TIME, nullable=False),
        sa.Column("lease_token", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("leased_by", sa.String(length=36), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("taken_at", UTC_TIME, nullable=True),
        sa.Column("parked_at", UTC_TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_work_items_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_work_items")),
    )
    op.create_index(
        "ix_work_items_order",
        "work_items",
        ["state", sa.literal_column("priority DESC"), "since", "case_id"],
        unique=False,
        sqlite_where=sa.text("taken_at IS NULL AND parked_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL AND parked_at IS NULL"),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_index(
        "ix_work_items_order",
        table_name="work_items",
        sqlite_where=sa.text("taken_at IS NULL AND parked_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL AND parked_at IS NULL"),
    )
    op.drop_table("work_items")
    op.drop_index(op.f("ix_verdicts_photo_sha256"), table_name="verdicts")
    op.drop_index(op.f("ix_verdicts_case_id"), table_name="verdicts")
    op.drop_index(op.f("ix_verdicts_at_id"), table_name="verdicts")
    op.drop_table("verdicts")
    op.drop_index(op.f("ix_photo_bands_case_id"), table_name="photo_bands")
    op.drop_table("photo_bands")
    op.drop_index(op.f("ix_closing_checks_photo_sha256"), table_name="closing_checks")
    op.drop_index(op.f("ix_closing_checks_case_id_at"), table_name="closing_checks")
    op.drop_table("closing_checks")
