"""Incidents of a scan handed to the service, each until it is answered."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from detector.archive.lines import format_line
from detector.camera.incident import Incident
from detector.camera.service import Service
from detector.camera.service_wire import is_camera_code
from detector.errors import OutputError, ServiceError, StreetIssueError

MOST_UNREACHED: Final = 3
"""So many incidents in a row that could not be sent: the service is down, none of them is bad."""
PICTURE_REFUSED: Final = frozenset({413, 415, 422})
"""Answers (HTTP) that may speak of the picture alone."""
KEY_REFUSED: Final = frozenset({401, 403})
"""Answers (HTTP) that speak of the key: every other incident would get the same."""


PhotoReader = Callable[[Incident], bytes | None]
"""The frame of an incident's peak as a JPEG file; None: sent without. Raises StreetIssueError."""


@dataclass(frozen=True, slots=True)
class FilingSettings:
    """How often to try, and how long to wait."""

    tries: int = 5
    """For one revision."""
    wait_first_s: float = 1.0
    """Doubled with each try."""
    wait_most_s: float = 60.0
    """Also the longest that the service's own wish is followed."""
    sleep: Callable[[float], None] = field(default=time.sleep)
    """Waits; a test's own does not."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of one incident."""

    incident: Incident
    result: Literal["filed", "known", "unfiled"]
    """filed: the service has it now; known: it had it already, by filed.jsonl; unfiled: not."""
    reason: str = ""
    """Why it is unfiled, and what to do."""


class FiledLog:
    """What a service acknowledged: DIR/filed.jsonl, a line each. Closes at the end of a `with`."""

    def __init__(self, path: Path, service: str) -> None:
        """Read what is known.

        Args:
            path: The file; it is made where it is missing.
            service: The service's address without a key: another one knows nothing of these.

        Raises:
            OutputError: It cannot be read or written.
        """
        self._path = path
        self._service = service
        self._known: set[tuple[str, int, str]] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("a+b")
            self._file.seek(0)
            content = self._file.read()
            # A line that a crash cut in two must not swallow the next.
            if content and not content.endswith(b"\n"):
                self._file.write(b"\n")
        except OSError as error:
            raise OutputError(str(path), error) from error
        for line in content.splitlines():
            self._learn(line)

    def __enter__(self) -> "FiledLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def knows(self, news: Incident) -> bool:
        """Say whether the service has this revision of this incident in this state."""
        return (news.id, news.revision, news.state) in self._known

    def note(self, news: Incident) -> None:
        """Remember an acknowledgement.

        Raises:
            OutputError: It cannot be written.
        """
        line: dict[str, Any] = {
            "service": self._service,
            "id": news.id,
            "revision": news.revision,
            "state": news.state,
        }
        try:
            self._file.write(format_line(line))
            self._file.flush()
        except OSError as error:
            raise OutputError(str(self._path), error) from error
        self._known.add((news.id, news.revision, news.state))

    def _learn(self, line: bytes) -> None:
        # A line that cannot be read tells nothing: the news are sent again, which is harmless.
        try:
            content = json.loads(line)
            if content["service"] == self._service:
                known = (str(content["id"]), int(content["revision"]), str(content["state"]))
                self._known.add(known)
        except (ValueError, KeyError, TypeError):
            return


@dataclass(slots=True)
class Filing:
    """Hands incidents to one service."""

    client: Service
    log: FiledLog
    settings: FilingSettings = FilingSettings()

    def file_incidents(
        self,
        incidents: Sequence[Incident],
        read_photo: PhotoReader,
        report: Callable[[Filed], None] | None = None,
    ) -> tuple[Filed, ...]:
        """File each incident: as it opened, with its picture, then as it was cleared.

        A failure holds up no other, unless the service cannot be reached or refuses the key: then
        those left are unfiled, too. Nothing is lost: run again, it goes on with those.

        Args:
            incidents: Their last revisions.
            read_photo: Reads the frame of the peak.
            report: Told of each as it is done.

        Returns:
            What became of each, in the order given.

        Raises:
            OutputError: What was acknowledged cannot be written down.
        """
        results = []
        unreached = 0
        stop = ""
        for incident in incidents:
            done = self._judge(incident)
            if done is None:
                try:
                    if stop:
                        done = Filed(incident, "unfiled", stop)
                    else:
                        done = self._file(incident, read_photo)
                        unreached = 0
                except ServiceError as error:
                    done = Filed(incident, "unfiled", str(error))
                    unreached = unreached + 1 if error.again else 0
                    if error.status in KEY_REFUSED or unreached >= MOST_UNREACHED:
                        stop = f"Not tried, since others before failed: {error}"
                except OutputError:
                    raise
                except StreetIssueError as error:
                    done = Filed(incident, "unfiled", f"Its picture cannot be read: {error}")
            results.append(done)
            if report is not None:
                report(done)
        return tuple(results)

    def _judge(self, incident: Incident) -> Filed | None:
        """Return the answer where nothing needs to be sent."""
        if incident.started_at is None:
            reason = (
                "The time of its footage is unknown, and a case needs one. Name the start of the "
                "file with --cameras or --name-pattern and scan again."
            )
            return Filed(incident, "unfiled", reason)
        if not is_camera_code(incident.camera):
            reason = (
                f"The service takes no camera's code like {incident.camera!r}: no spaces, and none "
                r"of / ? # % \. Name the camera with --cameras or --name-pattern and scan again."
            )
            return Filed(incident, "unfiled", reason)
        if self.log.knows(revisions_of(incident)[-1]):
            return Filed(incident, "known")
        return None

    def _file(self, incident: Incident, read_photo: PhotoReader) -> Filed:
        for news in revisions_of(incident):
            if not self.log.knows(news):
                self._send(news, read_photo(incident) if news.state == "open" else None)
                self.log.note(news)
        return Filed(incident, "filed")

    def _send(self, news: Incident, photo: bytes | None) -> None:
        """Send until it is taken; a picture that the service does not take is left out."""
        try:
            self._try(news, photo)
        except ServiceError as error:
            if photo is None or error.status not in PICTURE_REFUSED:
                raise
            self._try(news, None)

    def _try(self, news: Incident, photo: bytes | None) -> None:
        for attempt in range(1, self.settings.tries + 1):
            try:
                self.client.send_incident(news, photo)
            except ServiceError as error:
                if not error.again or attempt == self.settings.tries:
                    raise
                wait_s = self.settings.wait_first_s * 2 ** (attempt - 1)
                if error.retry_after_s is not None:
                    wait_s = max(wait_s, error.retry_after_s)
                self.settings.sleep(min(wait_s, self.settings.wait_most_s))
            else:
                return


def revisions_of(incident: Incident) -> tuple[Incident, ...]:
    """Return what is sent of an incident: as open, and where it is cleared then as cleared.

    The scan knows the end of the story; the service wants it from the beginning, since an incident
    that was never open opens no case.
    """
    if incident.state == "open":
        return (incident,)
    last = max(2, incident.revision)
    opened = replace(incident, state="open", end_reason=None, revision=last - 1)
    return opened, replace(incident, revision=last)
