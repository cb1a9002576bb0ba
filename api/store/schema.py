"""Which shape the ledger has, and how it gets the one that this release needs (alembic)."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event, inspect

from api.errors import SettingsError
from api.store.database import Database
from api.store.people_tables import sessions

FOLDER: Final = Path(__file__).with_name("migrations")
NEWEST: Final = "head"
EMPTY: Final = "base"
"""The name of no tables at all."""

METADATA: Final = sessions.metadata
"""Every table: the import of the tables of people, and of the side tables, has completed it."""


def upgrade(database: Database, revision: str = NEWEST) -> None:
    """Bring the ledger to a later shape, or leave it if it has that already.

    One step fails, none is done. Replicas that start at once wait for each other.

    Raises:
        SettingsError: The ledger is of a newer release, or its tables are not ours.
        StorageError: The database does not answer.
    """
    script = _open_script()

    def find_steps(present: Any, _context: Any) -> Any:
        return script._upgrade_revs(revision, present)

    _run(database, script, revision, find_steps)


def downgrade(database: Database, revision: str) -> None:
    """Bring the ledger back to an earlier shape; what the earlier shape has no place for is lost.

    Args:
        database: The ledger, which nobody else uses meanwhile. Back it up first.
        revision: Name of the shape; EMPTY drops every table.

    Raises:
        SettingsError: There is no such shape, or it is not an earlier one.
        StorageError: The database does not answer.
    """
    script = _open_script()

    def find_steps(present: Any, _context: Any) -> Any:
        return script._downgrade_revs(revision, present)

    _run(database, script, revision, find_steps)


def current(database: Database) -> str | None:
    """Return the name of the shape that the ledger has; None: it has no tables.

    Raises:
        SettingsError: It has tables that no step of ours made.
        StorageError: The database does not answer.
    """
    with database.read() as connection:
        return _read_current(connection)


def newest() -> str:
    """Return the name of the shape that this release works with."""
    head = _open_script().get_current_head()
    assert head is not None  # There is a first step.
    return head


def names() -> tuple[str, ...]:
    """Return the names of all shapes, oldest first."""
    steps = _open_script().walk_revisions(EMPTY, NEWEST)
    return tuple(reversed([step.revision for step in steps]))


def is_current(database: Database) -> bool:
    """Tell whether the ledger has the shape that this release works with.

    Raises:
        SettingsError: It has tables that no step of ours made.
        StorageError: The database does not answer.
    """
    return current(database) == newest()


@contextlib.contextmanager
def open_alone(database: Database) -> Iterator[Connection]:
    """Open a transaction that no other replica's migration runs beside.

    On SQLite references between rows are looked at only at its end.

    Raises:
        SettingsError: At the end, rows refer to others that do not exist; nothing was changed.
        StorageError: The database does not answer.
    """
    if database.dialect == "postgresql":
        with database.write() as connection:
            database.serialise(connection, "schema")
            yield connection
        return
    # A step may have to copy a table and drop the old one, to which others refer; SQLite looks
    # away only if it is told so before the transaction begins, hence a connection of its own.
    alone = Database(database.engine.url.render_as_string(hide_password=False))
    event.listen(alone.engine, "connect", _ignore_references)
    try:
        with alone.write() as connection:
            yield connection
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise SettingsError(
                    "ledger_inconsistent",
                    f"{len(broken)} rows refer to others that do not exist, such as one of "
                    f"{broken[0][0]}; nothing was changed.",
                    "Restore the last backup.",
                )
    finally:
        alone.close()


def _open_script() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))


def _read_current(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None and inspect(connection).has_table("cases"):
        raise SettingsError(
            "ledger_unknown",
            "The database holds tables that no migration of this service made.",
            "Give the service a database of its own.",
        )
    return revision


def _run(
    database: Database,
    script: ScriptDirectory,
    revision: str,
    find_steps: Callable[[Any, Any], Any],
) -> None:
    with open_alone(database) as connection, _translated(revision):
        _read_current(connection)
        environment = EnvironmentContext(
            Config(), script, fn=find_steps, destination_rev=revision, starting_rev=None
        )
        # Within our transaction: alembic sees it and opens none of its own.
        environment.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
        environment.run_migrations()


def _ignore_references(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


@contextlib.contextmanager
def _translated(revision: str) -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise SettingsError(
            "ledger_revision_unknown",
            f"The ledger cannot be brought to {revision!r}: {error}.",
            "A ledger of a newer release needs that release.",
        ) from error
