"""The watcher's file as SQLite has it: its form, who holds it, and its faults in words."""

import errno
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Final

from detector.errors import OutputError, UsageError

VERSION: Final = 1
BUSY_S: Final = 30.0
"""How long a backup program may hold the file before a write fails."""
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cameras (
    code TEXT PRIMARY KEY, state TEXT NOT NULL, saved_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scenes (
    camera TEXT NOT NULL, source TEXT NOT NULL, timestamp_s REAL NOT NULL, picture BLOB NOT NULL,
    PRIMARY KEY (camera, source, timestamp_s)
);
CREATE TABLE IF NOT EXISTS news (
    id INTEGER PRIMARY KEY AUTOINCREMENT, camera TEXT NOT NULL, incident TEXT NOT NULL,
    revision INTEGER NOT NULL, body TEXT NOT NULL, photo_bytes INTEGER NOT NULL,
    made_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_s REAL NOT NULL DEFAULT 0,
    bare INTEGER NOT NULL DEFAULT 0, refused TEXT, photo BLOB
);
CREATE INDEX IF NOT EXISTS news_by_incident ON news (incident, id);
CREATE INDEX IF NOT EXISTS news_by_photo ON news (photo_bytes) WHERE photo_bytes > 0;
CREATE TABLE IF NOT EXISTS heartbeats (
    camera TEXT PRIMARY KEY, number INTEGER NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL,
    due_s REAL NOT NULL DEFAULT 0, frame BLOB
);
"""
"""Pictures come last: to get at a column behind one, SQLite reads the whole picture."""


def open_file(path: Path) -> sqlite3.Connection:
    """Open or begin the file; transactions are the caller's.

    Raises:
        UsageError: A newer version wrote it.
        sqlite3.Error: It cannot be used; see `explain_fault`.
    """
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # News must survive a power cut.
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise UsageError(
                f"{path} was written by a newer version of this program.",
                "Use that version, or another state folder.",
            )
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version = {VERSION}")
        # A restart is when someone mended something: everything is tried once more.
        db.execute("UPDATE news SET due_s = 0, bare = 0, attempts = 0, refused = NULL")
        db.execute("UPDATE heartbeats SET due_s = 0")
    except BaseException:
        db.close()
        raise
    return db


def take_folder(folder: Path) -> IO[bytes]:
    """Hold the folder for this process until the file returned is closed, or the process ends."""
    path = folder / "watch.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise OutputError(str(path), error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            raise UsageError(
                f"Another watcher uses the folder {folder}.",
                "Stop it, or give this one a state folder of its own.",
            ) from error
        raise OutputError(str(path), error) from error
    return file


def explain_fault(error: sqlite3.Error) -> OSError:
    """Return what the system would have said, in its words."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return OSError(errno.EIO, "it is damaged; move it away, and the watcher begins anew")
    return OSError(errno.EIO, str(error))
