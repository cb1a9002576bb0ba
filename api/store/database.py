"""The one place where connections are made: transactions that mean the same on both databases."""

import contextlib
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.errors import SettingsError, StorageError, StorageFullError

Dialect = Literal["sqlite", "postgresql"]

SQLITE_WAIT_MS: Final = 30_000
"""How long a writer waits for another process (a backup, a command line) to let go."""
# A replica that freezes inside a transaction must not hold up the others for ever: PostgreSQL ends
# what idles in a transaction or waits too long for a lock, and notices a machine that is gone.
POSTGRES_OPTIONS: Final = {
    "options": "-c idle_in_transaction_session_timeout=60000 -c lock_timeout=30000",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
CONNECTIONS: Final = 20
"""As many threads of the server as may talk to PostgreSQL at once; the rest wait their turn."""


class Database:
    """SQLite or PostgreSQL, by URL. Safe to use from several threads; close it at the end."""

    def __init__(self, url: str) -> None:
        """Make the engine; nothing is connected yet.

        Args:
            url: sqlite:///PATH or postgresql+psycopg://…

        Raises:
            SettingsError: It is neither, or the driver is not installed.
        """
        try:
            self.engine = _create_engine(url)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise SettingsError(
                "database_url_invalid",
                f"The database's URL cannot be used: {type(error).__name__}.",
                "Write sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME "
                '(which needs pip install "street-issue-detector[postgres]").',
            ) from error
        self._writer = threading.Lock()

    @property
    def dialect(self) -> Dialect:
        """Which of the two it is."""
        return "sqlite" if self.engine.dialect.name == "sqlite" else "postgresql"

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that may write: committed at the end, rolled back on an error.

        On SQLite it begins IMMEDIATE, so it never fails half-way for another writer, and writers
        of this process queue up in order. On PostgreSQL it is READ COMMITTED.

        Raises:
            StorageError: The database did not answer; nothing was written, unless the connection
                broke during the commit: then it is unknown, and asking again must be harmless.
        """
        # SQLite's own waiting polls with sleeps; a lock hands over at once.
        lock = self._writer if self.dialect == "sqlite" else contextlib.nullcontext()
        with lock, _translated(), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.begin()
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that reads one state of the database and writes nothing.

        Raises:
            StorageError: The database did not answer.
        """
        with _translated(), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    def serialise(self, connection: Connection, name: str) -> None:
        """Let one transaction at a time past this point, until it ends, over all replicas.

        Take several in alphabetical order of their names, or two transactions block each other.
        """
        if self.dialect == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:space, :name)"),
                {"space": 0x511D, "name": zlib.crc32(name.encode()) - 2**31},
            )

    def check(self) -> None:
        """Ask the database the simplest question.

        Raises:
            StorageError: It does not answer.
        """
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _create_engine(url: str) -> Engine:
    # Parameters are hidden from errors: those are logged, and notes and contacts are among them.
    if url.startswith("sqlite:"):
        engine = create_engine(url, connect_args={"check_same_thread": False}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if not url.startswith("postgresql+psycopg:"):
        raise ValueError("neither SQLite nor PostgreSQL through psycopg")
    return create_engine(
        url,
        connect_args=POSTGRES_OPTIONS,
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins, not the driver.
    cursor = connection.cursor()
    _enter_wal(cursor)
    for pragma in (
        "synchronous=FULL",  # A commit survives a power cut, not only a crash of the process.
        f"busy_timeout={SQLITE_WAIT_MS}",
        "foreign_keys=ON",
        "secure_delete=ON",  # What is erased is overwritten: the file holds it no more.
        "cache_size=-65536",  # 64 MiB
        "temp_store=MEMORY",
        "case_sensitive_like=ON",  # As on PostgreSQL, and as `Principal.sees` compares.
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _enter_wal(cursor: Any) -> None:
    """Switch the file to WAL; of processes that make it at once, SQLite lets all but one fail."""
    until = time.monotonic() + SQLITE_WAIT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn trouble of the database into ours; a mistake in a statement stays what it is."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _translate(error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _translate(error) from error
        raise
    except PoolTimeoutError as error:
        raise StorageError("database_busy", "The database has no free connection.") from error


def _translate(error: DBAPIError) -> StorageError:
    words = str(error.orig).lower()
    if "disk is full" in words or "no space left" in words or "disk i/o error" in words:
        return StorageFullError(
            "storage_full",
            "No space is left for the ledger.",
            "Nothing was stored. Free some space, then send it again.",
            retry_after_s=60,
        )
    return StorageError("database_unavailable", "The database does not answer.", retry_after_s=2)
