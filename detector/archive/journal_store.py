"""The journal's database: opened by one scan at a time, its errors in words."""

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self, TextIO

from detector.errors import OutputError, StreetIssueError, UsageError

DATABASE, LOCK = "scan.db", "scan.lock"
VERSION: Final = 1
APPLICATION_ID: Final = 0x53495343
"""`SISC`: tells our files from other programs' of the same name."""
CACHE_KB: Final = 32_000
"""Holds the inner pages of the indexes of a million files; a journal grows on disk, not here."""
AGAIN: Final = "--restart begins anew; what was found so far is lost then."

SCHEMA: Final = """
CREATE TABLE fingerprint (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, path BLOB NOT NULL,
    is_photo INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    camera TEXT, start_us INTEGER, start_from TEXT, timeline TEXT,
    to_plan INTEGER NOT NULL DEFAULT 1, gone INTEGER NOT NULL DEFAULT 0,
    finished INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    rebase INTEGER NOT NULL DEFAULT 0, n_chunks INTEGER, footage_s REAL,
    chunk INTEGER);
CREATE INDEX items_to_plan ON items (id) WHERE to_plan;
CREATE INDEX items_timeline ON items (timeline, start_us, name) WHERE timeline IS NOT NULL;
CREATE INDEX items_chunk ON items (chunk) WHERE chunk IS NOT NULL;
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER, number INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0, frames INTEGER NOT NULL DEFAULT 0,
    scored INTEGER NOT NULL DEFAULT 0, looks INTEGER NOT NULL DEFAULT 0,
    first_at REAL, last_at REAL, UNIQUE (item, number));
CREATE INDEX chunks_todo ON chunks (id) WHERE state = 0;
CREATE TABLE looks (chunk INTEGER PRIMARY KEY, blob BLOB NOT NULL);
CREATE TABLE problems (
    id INTEGER PRIMARY KEY, chunk INTEGER, item INTEGER, source TEXT NOT NULL,
    code TEXT NOT NULL, message TEXT NOT NULL, hint TEXT NOT NULL, at_s REAL,
    fatal INTEGER NOT NULL);
CREATE INDEX problems_chunk ON problems (chunk);
CREATE INDEX problems_item ON problems (item) WHERE item IS NOT NULL;
"""
"""`chunks.item` is a video's; photos name their chunk instead. A chunk's state: see `State`."""


class Store:
    """The open database. All that SQLite says against it is translated here."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: TextIO) -> None:
        """Take what `open` opened."""
        self.path = path
        self._connection = connection
        self._lock = lock

    @classmethod
    def open(cls, folder: Path, fingerprint: Mapping[str, str], *, restart: bool) -> Self:
        """Open the journal of a folder, or begin one.

        Args:
            folder: Made where it is not there.
            fingerprint: All that the findings depend on beside the files.
            restart: Begin anew, whatever is there.

        Raises:
            UsageError: Another scan works there, or the journal is of another fingerprint.
            OutputError: The folder cannot be written.
            StreetIssueError: The journal is damaged or of a newer version.
        """
        path = folder / DATABASE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = _lock(folder)
        except OSError as error:
            raise OutputError(str(folder), error) from error
        try:
            if restart:
                # The log before the database: alone it would be taken for that of the next one.
                for ending in ("-wal", "-shm", "-journal", ""):
                    path.with_name(path.name + ending).unlink(missing_ok=True)
            with _translated(path):
                store = cls(path, _connect(path), lock)
        except OSError as error:
            lock.close()
            raise OutputError(str(path), error) from error
        except BaseException:
            lock.close()
            raise
        try:
            store._prepare(fingerprint)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the database and let others in."""
        with suppress(sqlite3.Error):
            self._connection.close()
        self._lock.close()

    def _prepare(self, fingerprint: Mapping[str, str]) -> None:
        (version,) = self.one("PRAGMA user_version")
        (owner,) = self.one("PRAGMA application_id")
        (tables,) = self.one("SELECT COUNT(*) FROM sqlite_master")
        if version == 0 and owner == 0 and tables == 0:
            with self.transaction():
                # Not executescript: it would commit before it begins.
                for statement in SCHEMA.split(";\n"):
                    self.execute(statement)
                self.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self.execute(f"PRAGMA user_version = {VERSION}")
                self.execute_many("INSERT INTO fingerprint VALUES (?, ?)", fingerprint.items())
            return
        if owner != APPLICATION_ID:
            raise _damaged(self.path, "it is no journal of a scan")
        if version != VERSION:
            raise StreetIssueError(
                "journal_newer",
                f"{self.path} is of version {version}; this program writes version {VERSION}.",
                f"Go on with the program that began it, or choose another --out. {AGAIN}",
            )
        self._compare(fingerprint)

    def _compare(self, fingerprint: Mapping[str, str]) -> None:
        noted = dict(self.rows("SELECT name, value FROM fingerprint"))
        differ = [
            f"{name} was {noted.get(name, 'not set')} and is {fingerprint.get(name, 'not set')}"
            for name in sorted({*noted, *fingerprint})
            if noted.get(name) != fingerprint.get(name)
        ]
        if differ:
            raise UsageError(
                f"The scan in {self.path.parent} was begun with other settings: "
                f"{'; '.join(differ)}.",
                f"Use the same, or choose another --out. {AGAIN}",
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of it or nothing; on disk when it ends."""
        with _translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # A full disk has rolled it back already.
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement; its cursor tells how many rows it changed, and the last id."""
        with _translated(self.path):
            return self._connection.execute(statement, values)

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one statement for each row; return how many rows it changed."""
        with _translated(self.path):
            return max(self._connection.executemany(statement, rows).rowcount, 0)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Generator[Any]:
        """Yield rows as they are read."""
        with _translated(self.path):
            yield from self._connection.execute(statement, values)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Return the first row, or None."""
        with _translated(self.path):
            return self._connection.execute(statement, values).fetchone()

    def damaged(self, reason: str) -> StreetIssueError:
        """Return the error of contents that cannot be."""
        return _damaged(self.path, reason)


def _lock(folder: Path) -> TextIO:
    """Keep other scans out; the system lets go of the lock however this process ends."""
    import fcntl

    lock = (folder / LOCK).open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise UsageError(
            f"Another scan is at work in {folder}.", "Wait for its end, or choose another --out."
        ) from None
    except BaseException:
        lock.close()
        raise
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    # Transactions are begun by hand. Exclusive: no shared memory is needed, which network
    # folders do not have.
    connection = sqlite3.connect(os.fspath(path), isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # A fault of the software.
    except sqlite3.Error as error:
        raise _describe(path, error) from error


def _describe(path: Path, error: sqlite3.Error) -> StreetIssueError:
    # Extended codes carry the plain one in their lower byte.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StreetIssueError(
            "disk_full",
            f"{path} cannot grow: the disk is full.",
            "Make room and start the same command again; it goes on where it was.",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StreetIssueError(
            "journal_busy", f"{path} is open in another program.", "Close that program."
        )
    return StreetIssueError(
        "journal_unwritable",
        f"{path} cannot be read or written: {error}.",
        "Check the disk; the same command goes on where it was.",
    )


def _damaged(path: Path, reason: str) -> StreetIssueError:
    return StreetIssueError("journal_damaged", f"{path} is damaged: {reason}.", AGAIN)
