"""The ledger's copy: SQLite's by its online backup, PostgreSQL's by pg_dump."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, create_engine, func, inspect, select, text

from api.keeping.backup.layout import BackupError, ListedPhoto, sync_folder
from api.store.database import Database
from api.store.schema import METADATA
from api.store.tables import photos

LONGEST_S: Final = 6 * 3600.0
"""A dump that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a copy of the ledger holds."""

    revision: str | None
    counts: dict[str, int]
    photos: tuple[ListedPhoto, ...]
    """Originals that are there, and blurred copies that were kept; in order of name."""


def copy_ledger(database: Database, target: Path) -> Ledger:
    """Copy the ledger as it is at one moment; the server may go on.

    Args:
        database: The ledger.
        target: A new file.

    Raises:
        BackupError: It cannot be copied.
        StorageError: The database does not answer.
    """
    if database.dialect == "sqlite":
        return _copy_sqlite(Path(database.engine.url.database or ""), target)
    return _dump_postgresql(database, target)


def check_sqlite(path: Path) -> str | None:
    """Return what SQLite finds wrong with a file, or None."""
    try:
        with contextlib.closing(_open_sqlite(path)) as connection:
            words: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    return None if words == "ok" else words


def restore_postgresql(url: URL, dump: Path) -> None:
    """Fill an empty database from a dump, all or nothing.

    Raises:
        BackupError: pg_restore is missing or failed.
    """
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    _run_tool("pg_restore", [*options, str(dump)], url)


def _copy_sqlite(source: Path, target: Path) -> Ledger:
    try:
        with (
            contextlib.closing(_open_sqlite(source)) as reader,
            contextlib.closing(sqlite3.connect(target)) as writer,
        ):
            # All pages in one go: in WAL mode that hinders no writer, while a copy in steps begins
            # anew whenever somebody writes.
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode=DELETE")  # One file, without a log beside it.
        target.chmod(0o600)
        _sync_file(target)
    except (sqlite3.Error, OSError) as error:
        raise BackupError("backup_failed", f"The ledger cannot be copied: {error}.") from error
    problem = check_sqlite(target)
    if problem is not None:
        raise BackupError(
            "ledger_damaged",
            f"The ledger is damaged: {problem}.",
            "Stop the server and go back to the last good backup.",
        )
    engine = create_engine(f"sqlite:///{target}")
    try:
        with engine.connect() as connection:
            return _describe(connection)
    finally:
        engine.dispose()


def _dump_postgresql(database: Database, target: Path) -> Ledger:
    # The dump and the list of photos show the same moment.
    with database.engine.connect().execution_options(
        isolation_level="REPEATABLE READ"
    ) as connection:
        snapshot: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        _run_tool(
            "pg_dump",
            [
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={target}",
            ],
            database.engine.url,
        )
        ledger = _describe(connection)
    try:
        target.chmod(0o600)
        _sync_file(target)
    except OSError as error:
        raise BackupError("backup_failed", f"{target} cannot be written: {error}.") from error
    return ledger


def _describe(connection: Connection) -> Ledger:
    present = set(inspect(connection).get_table_names())
    counts = {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in METADATA.sorted_tables
        if table.name in present
    }
    return Ledger(_read_revision(connection, present), counts, tuple(_list_photos(connection)))


def _read_revision(connection: Connection, present: set[str]) -> str | None:
    if "alembic_version" not in present:
        return None
    query = text("SELECT version_num FROM alembic_version")
    revision: str | None = connection.execute(query).scalar_one_or_none()
    return revision


def _list_photos(connection: Connection) -> Iterator[ListedPhoto]:
    kept = select(photos.c.kept_sha256).where(photos.c.kept_sha256.is_not(None)).distinct()
    here = select(photos.c.sha256, photos.c.size_bytes).where(
        photos.c.original_deleted_at.is_(None)
    )
    listed = {
        row.sha256: ListedPhoto(row.sha256, row.size_bytes) for row in connection.execute(here)
    }
    for name in connection.execute(kept).scalars():
        listed.setdefault(name, ListedPhoto(name, None))
    yield from (listed[name] for name in sorted(listed))


def _run_tool(tool: str, options: Sequence[str], url: URL) -> None:
    path = shutil.which(tool)
    if path is None:
        raise BackupError(
            "tool_missing",
            f"{tool} is not installed.",
            "Install PostgreSQL's client programs, at least of the server's version: "
            "apt install postgresql-client.",
        )
    try:
        done = subprocess.run(
            [path, *options, "--no-password", f"--dbname={_bare_url(url)}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
            # Not on the command line, which every user of the machine can read.
            env=os.environ | _password_of(url),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupError("backup_failed", f"{tool} cannot be run: {error}.") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BackupError("backup_failed", f"{tool} failed: {last[0]}")


def _bare_url(url: URL) -> str:
    plain = url.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False)


def _password_of(url: URL) -> Mapping[str, str]:
    password: Any = url.password
    return {} if password is None else {"PGPASSWORD": str(password)}


def _open_sqlite(path: Path) -> sqlite3.Connection:
    # Read-write, because reading a file in WAL mode needs its log's index; never created.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)
