"""The line of news that wait for the service: what is next, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from detector.camera.incident import Incident
from detector.camera.service import ServiceCameraState
from detector.watch.incident_json import load_incident
from detector.watch.state import Beat, WatchState

NEXT_NEWS: Final = """
SELECT id, camera, body, CASE WHEN bare THEN NULL ELSE photo END, attempts
FROM news AS one
WHERE refused IS NULL AND due_s <= ? AND NOT EXISTS (
    SELECT 1 FROM news AS earlier
    WHERE earlier.incident = one.incident AND earlier.id < one.id AND earlier.refused IS NULL
)
ORDER BY id LIMIT 1
"""
"""The oldest that may go now; never before an earlier revision of its incident."""


@dataclass(frozen=True, slots=True)
class WaitingNews:
    """News that may go now."""

    row: int
    camera: str
    incident: Incident
    photo: bytes | None
    attempts: int
    """Failed tries so far."""


@dataclass(frozen=True, slots=True)
class WaitingBeat:
    """A heartbeat that may go now."""

    number: int
    """Which of the camera's it is: a newer one may take its place while it is sent."""
    beat: Beat


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits."""

    news: int
    refused: int
    """Of the news: set aside, tried again when the watcher starts anew."""
    heartbeats: int
    oldest_at: float | None
    """Seconds since 1970 of the oldest news not set aside; None: none wait."""
    photo_bytes: int


class Spool:
    """The line in a state's file. Safe to use from several threads; one of them sends."""

    def __init__(self, state: WatchState) -> None:
        """Take the file."""
        self._state = state

    def next_news(self, now_s: float) -> WaitingNews | None:
        """Return the oldest news that may go now, and mark them as on their way.

        Args:
            now_s: On the clock that `put_off` is given.

        Raises:
            OutputError: The file cannot be read.
        """
        while True:
            with self._state.look() as db:
                row = db.execute(NEXT_NEWS, (now_s,)).fetchone()
                self._state.mark_sending(None if row is None else row[0])
            if row is None:
                return None
            try:
                incident = load_incident(row[2])
            except ValueError:
                self.refuse(row[0], "unreadable: it was damaged while it waited")
                continue
            return WaitingNews(row[0], row[1], incident, row[3], row[4])

    def release(self) -> None:
        """News that were on their way are so no more."""
        self._state.mark_sending(None)

    def next_beat(self, now_s: float) -> WaitingBeat | None:
        """Return the heartbeat that waits longest and may go now.

        Raises:
            OutputError: The file cannot be read.
        """
        with self._state.look() as db:
            row = db.execute(
                "SELECT number, camera, state, at, frame FROM heartbeats WHERE due_s <= ? "
                "ORDER BY at, camera LIMIT 1",
                (now_s,),
            ).fetchone()
        if row is None:
            return None
        state = cast(ServiceCameraState, row[2])
        return WaitingBeat(row[0], Beat(row[1], state, datetime.fromisoformat(row[3]), row[4]))

    def news_arrived(self, row: int) -> None:
        """Take news out of the line."""
        self._do("DELETE FROM news WHERE id = ?", row)

    def beat_arrived(self, beat: WaitingBeat) -> None:
        """Take a heartbeat out of the line, unless a newer one stands there by now."""
        self._do(
            "DELETE FROM heartbeats WHERE camera = ? AND number = ?", beat.beat.camera, beat.number
        )

    def put_off(self, row: int, due_s: float, *, bare: bool = False) -> None:
        """Try news again later.

        Args:
            row: Which.
            due_s: Not before this, on the sender's clock.
            bare: Without the photo, which was what the service refused.
        """
        self._do(
            "UPDATE news SET due_s = ?, attempts = attempts + 1, bare = max(bare, ?) WHERE id = ?",
            due_s,
            int(bare),
            row,
        )

    def put_off_camera(self, camera: str, due_s: float) -> None:
        """Try all news of a camera again later."""
        with self._state.change() as db:
            db.execute("UPDATE news SET due_s = ? WHERE camera = ?", (due_s, camera))
            db.execute("UPDATE heartbeats SET due_s = ? WHERE camera = ?", (due_s, camera))

    def drop_frame(self, camera: str) -> None:
        """Send a camera's heartbeat without its frame, which was what the service refused."""
        self._do("UPDATE heartbeats SET frame = NULL WHERE camera = ?", camera)

    def refuse(self, row: int, reason: str) -> None:
        """Set news aside, with why; a restart tries them once more."""
        self._do("UPDATE news SET refused = ? WHERE id = ?", reason, row)

    def refused(self) -> tuple[tuple[str, int, str], ...]:
        """Return what was set aside: id of the incident, revision, reason."""
        with self._state.look() as db:
            rows = db.execute(
                "SELECT incident, revision, refused FROM news WHERE refused IS NOT NULL ORDER BY id"
            ).fetchall()
        return tuple((row[0], row[1], row[2]) for row in rows)

    def depth(self) -> Depth:
        """Return how much waits.

        Raises:
            OutputError: The file cannot be read.
        """
        with self._state.look() as db:
            news, refused, oldest_at, photo_bytes = db.execute(
                "SELECT count(*), count(refused), min(CASE WHEN refused IS NULL THEN made_at END), "
                "total(photo_bytes) FROM news"
            ).fetchone()
            beats = db.execute("SELECT count(*) FROM heartbeats").fetchone()[0]
        return Depth(news, refused, beats, oldest_at, int(photo_bytes))

    def _do(self, statement: str, *values: Any) -> None:
        with self._state.change() as db:
            db.execute(statement, values)
