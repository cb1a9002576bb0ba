"""What a watcher remembers: how each camera stands, and the news that still have to go out.

One SQLite file, `watch.db`. A camera's state and the news that follow from it are written in one
transaction, so after a power cut there is never one without the other: nothing is told twice as
something new, and nothing is forgotten.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from detector.camera.frames import LumaArray
from detector.camera.incident import Incident
from detector.camera.scenery import LookKey
from detector.camera.service import ServiceCameraState
from detector.errors import OutputError
from detector.watch.incident_json import dump_incident, load_incident
from detector.watch.scenes import read_scenes, write_scenes
from detector.watch.state_file import explain_fault, open_file, take_folder

FILE_NAME: Final = "watch.db"
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class News:
    """One revision of an incident on its way out."""

    incident: Incident
    photo: bytes | None = None
    """The frame of the peak, JPEG; None: it goes without, or an earlier revision had it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """How a camera is."""

    camera: str
    state: ServiceCameraState
    at: datetime
    frame: bytes | None = None
    """What it shows, JPEG; None: not worth sending now."""


class WatchState:
    """The file. Safe to use from several threads; one process at a time."""

    def __init__(self, folder: Path, most_photo_mib: int = 1024) -> None:
        """Open or begin the file.

        Args:
            folder: Made where it is missing.
            most_photo_mib: Photos that wait may take so much room together; further ones are
                dropped, their news are not.

        Raises:
            OutputError: The folder or the file cannot be written, or is damaged.
            UsageError: Another watcher uses it, or a newer version wrote it.
        """
        self.path = folder / FILE_NAME
        self.most_photo_bytes = most_photo_mib * MIB
        self.photos_dropped = 0
        """Photos that found no room."""
        self.superseded = 0
        """Revisions that a newer one overtook before they were sent."""
        self._lock = threading.RLock()
        self._sending: set[int] = set()
        self._held = take_folder(folder)
        try:
            with self._translated():
                self._db = open_file(self.path)
        except BaseException:
            self._held.close()
            raise

    @contextmanager
    def change(self) -> Generator[sqlite3.Connection]:
        """Give the connection for one transaction.

        Raises:
            OutputError: It cannot be written; nothing of it was.
        """
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def look(self) -> Generator[sqlite3.Connection]:
        """Give the connection to read from.

        Raises:
            OutputError: It cannot be read.
        """
        with self._lock, self._translated():
            yield self._db

    def load_camera(self, code: str) -> dict[str, Any] | None:
        """Return a camera's state as it was saved last; None: it is new.

        Raises:
            OutputError: The file cannot be read.
            ValueError: What it holds is no state.
        """
        with self.look() as db:
            row = db.execute("SELECT state FROM cameras WHERE code = ?", (code,)).fetchone()
        if row is None:
            return None
        content = json.loads(row[0])
        if not isinstance(content, dict):
            raise ValueError("It is no object.")
        return content

    def load_scenes(self, code: str) -> dict[LookKey, LumaArray]:
        """Return the small pictures that a camera's state refers to."""
        with self.look() as db:
            return read_scenes(db, code)

    def list_cameras(self) -> tuple[str, ...]:
        """Return the cameras that ever were saved."""
        with self.look() as db:
            rows = db.execute("SELECT code FROM cameras ORDER BY code").fetchall()
        return tuple(row[0] for row in rows)

    def save_camera(
        self,
        code: str,
        state: Mapping[str, Any] | None,
        news: Sequence[News] = (),
        beat: Beat | None = None,
        *,
        scenes: Mapping[LookKey, LumaArray] | None = None,
    ) -> None:
        """Save how a camera stands, with the news that follow from it: all, or nothing.

        Args:
            code: The camera's.
            state: As JSON has it; None: as it was.
            news: Put at the end of the spool.
            beat: In the place of one that waits.
            scenes: Small pictures that the state refers to; None: as they were.

        Raises:
            OutputError: It cannot be written; nothing was saved.
        """
        text = None if state is None else json.dumps(state, ensure_ascii=False)
        dropped = overtaken = 0
        with self.change() as db:
            if text is not None:
                db.execute(
                    "INSERT OR REPLACE INTO cameras (code, state, saved_at) VALUES (?, ?, ?)",
                    (code, text, datetime.now(UTC).isoformat()),
                )
            if scenes is not None:
                write_scenes(db, code, scenes)
            for one in news:
                lost, passed = self._add_news(db, one)
                dropped += lost
                overtaken += passed
            if beat is not None:
                _put_beat(db, beat)
        with self._lock:
            self.photos_dropped += dropped
            self.superseded += overtaken

    def note_dropped(self, photos: int) -> None:
        """Count photos that were dropped before they came here."""
        with self._lock:
            self.photos_dropped += photos

    def mark_sending(self, row: int | None) -> None:
        """Remember which news are on their way: they must not be overtaken now. None: none are."""
        with self._lock:
            self._sending = set() if row is None else {row}

    def close(self) -> None:
        """Close the file and let others use the folder."""
        with self._lock:
            self._db.close()
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_news(self, db: sqlite3.Connection, news: News) -> tuple[int, int]:
        """Append news; return how many photos were dropped and revisions overtaken.

        A revision that waits is overtaken by a newer one of its incident. Never the first: it
        opens the case, with the frame of that moment.
        """
        incident = news.incident
        marks = ",".join("?" * len(self._sending))
        waiting = db.execute(
            "SELECT id, body, photo FROM news WHERE incident = ? AND revision > 1 AND revision < ? "
            f"AND id NOT IN ({marks}) ORDER BY id DESC",
            (incident.id, incident.revision, *self._sending),
        ).fetchall()
        photo = news.photo
        for row, body, its_photo in waiting:
            # Of another peak it would not fit the box.
            if photo is None and its_photo is not None and _shows_peak(body, incident):
                photo = its_photo
            db.execute("DELETE FROM news WHERE id = ?", (row,))
        fits, displaced = (True, 0) if photo is None else self._make_room(db, len(photo))
        kept = photo if fits else None
        db.execute(
            "INSERT INTO news (camera, incident, revision, body, photo, photo_bytes, made_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                incident.camera,
                incident.id,
                incident.revision,
                dump_incident(incident),
                kept,
                0 if kept is None else len(kept),
                time.time(),
            ),
        )
        return displaced + int(not fits), len(waiting)

    def _make_room(self, db: sqlite3.Connection, n_bytes: int) -> tuple[bool, int]:
        """Tell whether a photo finds room, and how many were dropped for it.

        Those of news that were set aside give way, oldest first.
        """
        used = db.execute("SELECT total(photo_bytes) FROM news WHERE photo_bytes > 0").fetchone()[0]
        if used + n_bytes <= self.most_photo_bytes:
            return True, 0
        rows = db.execute(
            "SELECT id, photo_bytes FROM news WHERE photo_bytes > 0 AND refused IS NOT NULL "
            "ORDER BY id"
        ).fetchall()
        for count, (row, freed) in enumerate(rows, start=1):
            db.execute("UPDATE news SET photo = NULL, photo_bytes = 0 WHERE id = ?", (row,))
            used -= freed
            if used + n_bytes <= self.most_photo_bytes:
                return True, count
        return False, len(rows)

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(str(self.path), explain_fault(error)) from error


def _shows_peak(body: str, incident: Incident) -> bool:
    """Tell whether a revision that waits has the same peak."""
    try:
        peak = load_incident(body).peak
    except ValueError:
        return False
    return (peak.source, peak.timestamp_s) == (incident.peak.source, incident.peak.timestamp_s)


def _put_beat(db: sqlite3.Connection, beat: Beat) -> None:
    """Take the place of a heartbeat that waits; of one in the same state, keep its frame."""
    db.execute(
        "INSERT INTO heartbeats (camera, number, state, at, frame) VALUES (?, 1, ?, ?, ?) "
        "ON CONFLICT (camera) DO UPDATE SET number = number + 1, at = excluded.at, "
        "frame = coalesce(excluded.frame, CASE WHEN state = excluded.state THEN frame END), "
        "state = excluded.state",
        (beat.camera, beat.state, beat.at.isoformat(), beat.frame),
    )
