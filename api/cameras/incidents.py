"""Incidents of cameras: what the watcher saw comes in, is kept in step, and opens or joins a case.

A cleared incident does not close its case. That nothing is seen any more may mean that the rubbish
was taken away, or that a lorry stands in front of it, that it is night, that somebody turned the
camera: a case is closed by a person, after the closing check. The case is told, and says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from api.cameras.camera import Camera
from api.cameras.watching import check_labels, describe_camera, grid_of, see_camera
from api.casework.ledger import make_event, record_note
from api.errors import ConflictError, NotFoundError
from api.intake.accepting import NewReport, accept_report
from api.photos.entry import enter_photo
from api.principal import Principal
from api.services import Services
from api.store.cameras import find_camera
from api.store.cases import get_case, get_cases
from api.store.incidents import (
    Incident,
    IncidentState,
    get_incident,
    insert_incident,
    save_incident,
)
from api.store.outbox import TYPE_PREFIX, record_event
from api.store.reports import list_cases_of

WATCHER: Final = "system:camera"


@dataclass(frozen=True, slots=True)
class IncidentNews:
    """What the watcher says of an incident."""

    id: str
    """The same in all news of one incident."""
    camera: str
    """Id or code."""
    label: str
    state: IncidentState
    revision: int
    """Grows with each news."""
    started_at: datetime
    ended_at: datetime | None
    frames: int
    peak: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedIncident:
    """What became of the news."""

    incident: Incident
    applied: bool
    """False: newer news were known already, or the same."""
    case_ids: tuple[str, ...]
    """Cases that the incident speaks for; empty while its picture waits to be scored."""


def record_incident(
    services: Services, principal: Principal, news: IncidentNews, photo: bytes | None = None
) -> RecordedIncident:
    """Take in news of an incident; the same news twice are harmless, and late ones change nothing.

    The first news of an incident are handed in as a report of the camera. Should the process die
    in between, the next news, or the same sent again, make up for it.

    Args:
        services: What the service works with.
        principal: Who says so.
        news: What was seen.
        photo: The frame of the peak.

    Raises:
        NotFoundError: There is no such camera in use, or not for this key.
        InvalidError: The bureau's rules have no such label.
        ConflictError: The id is another camera's, or another problem's.
        StorageError: It could not be kept; send it again.
    """
    check_labels(services, [news.label])
    sha256 = None if photo is None else services.photos.put(photo)
    with services.database.write() as connection:
        camera = see_camera(services, connection, principal, news.camera, in_use=True)
        if photo is not None and sha256 is not None:
            enter_photo(connection, services.photos, sha256, photo, at=services.clock())
        incident = _first_state(services, camera, news, sha256)
        if insert_incident(connection, incident):
            _tell(services, connection, camera, incident, "opened")
        else:
            known = get_incident(connection, news.id)
            incident = _check_same(known, incident)
    if incident.report_id is None:
        incident = _hand_in(services, camera, incident)
    recorded = _follow_up(services, camera, news, sha256)
    with services.database.read() as connection:
        return replace(recorded, case_ids=see_cases(connection, principal, recorded.case_ids))


def see_incident(services: Services, principal: Principal, incident_id: str) -> RecordedIncident:
    """Return an incident with its cases.

    Raises:
        NotFoundError: There is none, or not for this key.
    """
    with services.database.read() as connection:
        incident = get_incident(connection, incident_id)
        camera = None if incident is None else find_camera(connection, incident.camera_id)
        if incident is None or camera is None or not principal.sees(grid_of(services, camera)):
            raise NotFoundError("incident", incident_id)
        case_ids = see_cases(connection, principal, _cases_of(connection, incident))
        return RecordedIncident(incident, True, case_ids)


def see_cases(
    connection: Connection, principal: Principal, case_ids: Collection[str]
) -> tuple[str, ...]:
    """Return those of the cases that a key sees, in their order: a camera's may lie elsewhere."""
    if not principal.grids:
        return tuple(case_ids)
    known = get_cases(connection, sorted(case_ids))
    return tuple(one for one in case_ids if one in known and principal.sees(known[one].grid_code))


def _first_state(
    services: Services, camera: Camera, news: IncidentNews, sha256: str | None
) -> Incident:
    return Incident(
        id=news.id,
        camera_id=camera.id,
        label=news.label,
        state="open",
        started_at=news.started_at,
        ended_at=None,
        updated_at=services.clock(),
        # The news themselves are still to be followed up: were the process to die before that,
        # the same news sent again would be no late ones.
        revision=news.revision - 1,
        frames=news.frames,
        peak=dict(news.peak),
        photo_sha256=sha256,
        report_id=None,
    )


def _check_same(known: Incident | None, said: Incident) -> Incident:
    if known is None or (known.camera_id, known.label) != (said.camera_id, said.label):
        raise ConflictError(
            "incident_id_taken",
            f"The incident {said.id!r} is of another camera or another label.",
            "Give each incident an id of its own, such as a UUID.",
        )
    return known


def _hand_in(services: Services, camera: Camera, incident: Incident) -> Incident:
    """Make the incident a report, once.

    The report is made of what was stored of the first news, so that whoever makes up for a death
    in between hands in the same, which the key of the incident recognises.
    """
    photo = None if incident.photo_sha256 is None else services.photos.get(incident.photo_sha256)
    accepted = accept_report(
        services,
        NewReport(
            source="camera",
            photo=photo,
            label=incident.label,
            # All incidents of a camera are one witness: it does not make a problem more urgent
            # to be seen by the same eye again.
            contact={"device_id": f"camera {camera.code}"},
            lat=camera.lat,
            lon=camera.lon,
            address=camera.site,
            idempotency_key=f"incident {incident.id}",
        ),
    )
    with services.database.write() as connection:
        known = get_incident(connection, incident.id, lock=True)
        if known is None:
            raise NotFoundError("incident", incident.id)
        if known.report_id is None:
            known = replace(known, report_id=accepted.report.id)
            save_incident(connection, known)
    return known


def _follow_up(
    services: Services, camera: Camera, news: IncidentNews, sha256: str | None
) -> RecordedIncident:
    """Bring a stored incident up to date, if the news are newer than what is known."""
    now = services.clock()
    with services.database.write() as connection:
        known = get_incident(connection, news.id, lock=True)
        if known is None:
            raise NotFoundError("incident", news.id)
        cases = _cases_of(connection, known)
        if news.revision <= known.revision:
            return RecordedIncident(known, False, cases)
        ended_at = (news.ended_at or now) if news.state == "cleared" else None
        changed = replace(
            known,
            state=news.state,
            started_at=news.started_at,
            ended_at=ended_at,
            updated_at=now,
            revision=news.revision,
            frames=news.frames,
            peak=dict(news.peak),
            photo_sha256=sha256 or known.photo_sha256,
        )
        save_incident(connection, changed)
        if changed.state != known.state:
            happened = "cleared" if changed.state == "cleared" else "opened"
            _tell(services, connection, camera, changed, happened)
            _note_in_cases(connection, changed, camera, now, cases, f"incident_{happened}")
        return RecordedIncident(changed, True, cases)


def _cases_of(connection: Connection, incident: Incident) -> tuple[str, ...]:
    return () if incident.report_id is None else list_cases_of(connection, incident.report_id)


def _note_in_cases(
    connection: Connection,
    incident: Incident,
    camera: Camera,
    at: datetime,
    case_ids: tuple[str, ...],
    action: str,
) -> None:
    for case_id in case_ids:
        case = get_case(connection, case_id, lock=True)
        if case is None or case.ended_at is not None or case.label not in (None, incident.label):
            continue
        ended_at = None if incident.ended_at is None else incident.ended_at.isoformat()
        details = {"incident": incident.id, "camera": camera.code, "ended_at": ended_at}
        note = make_event(case, action, at=at, actor=WATCHER, before=case, details=details)
        record_note(connection, case, note)


def _tell(
    services: Services, connection: Connection, camera: Camera, incident: Incident, happened: str
) -> None:
    report = None if incident.report_id is None else f"/v1/reports/{incident.report_id}"
    record_event(
        connection,
        type=f"{TYPE_PREFIX}.incident.{happened}",
        subject=f"cameras/{camera.id}",
        grid_code=grid_of(services, camera),
        at=incident.updated_at,
        data={
            "incident": {
                "id": incident.id,
                "label": incident.label,
                "state": incident.state,
                "revision": incident.revision,
                "report": report,
            },
            "camera": describe_camera(services, camera),
        },
    )
