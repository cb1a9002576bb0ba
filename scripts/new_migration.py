"""Draft a step of the ledger's schema from what api/store/tables.py and side_tables.py have become.

python scripts/new_migration.py REVISION NAME

Read the draft, complete it by hand (a new column that must not be empty needs a value for the rows
that are there), and run tests/api/store/test_schema.py.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext

from api.store.database import Database
from api.store.schema import FOLDER, METADATA, newest, upgrade
from api.store.types import Json, RowNumber, UtcTime

HEAD = '''"""{name}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None

# Written out, so that this step stays what it is when api/store/types.py changes.
UTC_TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go one step forward."""
    {up}


def downgrade() -> None:
    """Go one step back."""
    {down}
'''


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types by the names in HEAD."""
    if kind == "type":
        if isinstance(item, UtcTime):
            return "UTC_TIME"
        if item is Json:
            return "JSON"
        if item is RowNumber:
            return "ROW_NUMBER"
    return False


def draft(
    revision: str, before: str | None, name: str, context: MigrationContext, *, batch: bool = True
) -> Path:
    """Write what the database of the context lacks as a step; return its file.

    With `batch` the step changes tables by copying them where SQLite cannot do it otherwise.
    """
    steps = produce_migrations(context, METADATA)
    assert steps.upgrade_ops is not None and steps.downgrade_ops is not None
    up, down = (
        "\n".join(
            line
            for line in render_python_code(
                ops, render_as_batch=batch, render_item=render_item
            ).splitlines()
            if "###" not in line
        ).strip()
        for ops in (steps.upgrade_ops, steps.downgrade_ops)
    )
    path = FOLDER / "versions" / f"{revision}_{'_'.join(name.lower().split())}.py"
    text = HEAD.format(name=name, revision=revision, before=before, up=up, down=down)
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", help="four digits, one more than the last")
    parser.add_argument("name", help="what the step does, in words")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/ledger.db")
        upgrade(database)
        with database.read() as connection:
            context = MigrationContext.configure(connection, opts={"render_as_batch": True})
            print(draft(options.revision, newest(), options.name, context))
        database.close()


if __name__ == "__main__":
    main()
