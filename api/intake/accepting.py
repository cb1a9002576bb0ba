"""A report comes in: it is kept first, and looked at afterwards.

Once `accept_report` has returned, the photo, the report, its job and its news are on the disk; only
failing storage refuses a report that makes sense.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection

from api.cases.case import Source
from api.cases.places import to_wgs84
from api.errors import IdempotencyError, NotFoundError
from api.ids import new_id
from api.intake.contacts import normalise_contact
from api.intake.opening_cases import find_grid_code, open_cases
from api.photos.entry import enter_photo
from api.services import Services
from api.store.jobs import insert_job
from api.store.outbox import TYPE_PREFIX, record_event
from api.store.reports import Report, get_report, insert_report, remember_key
from detector.photo_facts import Datum

HOLD_MARGIN_S: Final = 10.0
"""Beyond the time that a photo may take: then another replica may take the job over."""
TOKEN_PREFIX: Final = "fol_"
UNCLAIMED: Final = 0
"""A job's claim before anybody but the upload has taken it."""


@dataclass(frozen=True, slots=True)
class NewReport:
    """What was handed in."""

    source: Source
    photo: bytes | None = None
    file_name: str | None = None
    label: str | None = None
    note: str | None = None
    contact: Mapping[str, str] | None = None
    lat: float | None = None
    """Degrees, in `datum`."""
    lon: float | None = None
    accuracy_m: float | None = None
    datum: Datum = "wgs84"
    address: str | None = None
    media_url: str | None = None
    key_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the reporter is told."""

    report: Report
    follow_token: str
    """Opens the report's page to whoever holds it."""
    claim: int | None
    """Of the scoring job, where the caller is to score it at once; None: it is somebody's else."""
    repeated: bool
    """The Idempotency-Key was used before, for the same content: this is the report of then."""


def accept_report(services: Services, new: NewReport, *, score_now: bool = False) -> Accepted:
    """Keep a report.

    Args:
        services: What the service works with.
        new: What was handed in.
        score_now: The caller takes the scoring job itself; until its hold ends nobody else does.

    Raises:
        IdempotencyError: The Idempotency-Key was used with other content.
        InvalidError: The position makes no sense.
        StorageError: It could not be kept; nothing of it counts.
    """
    now = services.clock()
    report = _make_report(services, new)
    if new.photo is not None:
        report = replace(report, photo_sha256=services.photos.put(new.photo))
    hold_s = services.settings.score_timeout_s + services.settings.report_wait_s + HOLD_MARGIN_S
    with services.database.write() as connection:
        if (earlier := _find_earlier(services, connection, new, report)) is not None:
            return Accepted(earlier, follow_token(services, earlier.id), None, repeated=True)
        if new.photo is not None and report.photo_sha256 is not None:
            enter_photo(connection, services.photos, report.photo_sha256, new.photo, at=now)
        insert_report(connection, report)
        record_event(
            connection,
            type=f"{TYPE_PREFIX}.report.received",
            subject=f"reports/{report.id}",
            grid_code=find_grid_code(services, report),
            at=now,
            data={"report": describe_report(report)},
        )
        claim = None
        if report.photo_sha256 is None:
            open_cases(services, connection, report)
        else:
            run_at = now + timedelta(seconds=hold_s) if score_now else now
            insert_job(connection, report.id, now, run_at)
            claim = UNCLAIMED if score_now else None
    services.metrics.reports_total.labels(report.source).inc()
    return Accepted(report, follow_token(services, report.id), claim, repeated=False)


def follow_token(services: Services, report_id: str) -> str:
    """Return the secret that opens a report: made from its id, so that it need not be stored."""
    return TOKEN_PREFIX + services.keyring.hash("follow", report_id)


def check_follow_token(services: Services, report_id: str, sent: str) -> None:
    """Check that somebody holds the secret of a report.

    Raises:
        NotFoundError: They do not. The same is said where there is no report: nobody learns which
            ids exist.
    """
    if not hmac.compare_digest(sent.encode(), follow_token(services, report_id).encode()):
        raise NotFoundError("report", report_id)


def describe_report(report: Report) -> dict[str, Any]:
    """Return what subscribers are told of a report: nothing personal, no words of the reporter."""
    return {
        "id": report.id,
        "source": report.source,
        "state": report.state,
        "has_photo": report.photo_sha256 is not None,
        "label": report.label,
        "path": f"/v1/reports/{report.id}",
    }


def _make_report(services: Services, new: NewReport) -> Report:
    lat, lon = new.lat, new.lon
    if (lat, lon) == (0.0, 0.0):  # A phone without a fix, as in EXIF.
        lat = lon = None
    if lat is not None and lon is not None:
        position = to_wgs84(lat, lon, new.datum)
        lat, lon = position.lat, position.lon
    placed = lat is not None and lon is not None
    contact = {name: text for name, text in (new.contact or {}).items() if text.strip()} or None
    return Report(
        id=new_id(),
        received_at=services.clock(),
        source=new.source,
        photo_sha256=None,  # The photo store names it.
        file_name=new.file_name,
        label=new.label,
        note=new.note,
        contact=contact,
        reporter_hash=_hash_reporter(services, contact),
        lat=lat if placed else None,
        lon=lon if placed else None,
        accuracy_m=new.accuracy_m if placed else None,
        datum=new.datum if placed else None,
        position_from="sent" if placed else None,
        address=new.address,
        media_url=new.media_url,
        key_id=new.key_id,
        state="unscored" if new.photo is None else "waiting",
    )


def _hash_reporter(services: Services, contact: Mapping[str, str] | None) -> str | None:
    """Hash what tells people apart best: the phone, else the address, else the device."""
    for name in ("phone", "email", "account_id", "device_id"):
        if contact is not None and (text := contact.get(name)):
            return services.keyring.hash("reporter", f"{name}:{normalise_contact(name, text)}")
    return None


def _find_earlier(
    services: Services, connection: Connection, new: NewReport, report: Report
) -> Report | None:
    """Return the report that was made with the same Idempotency-Key, or remember the key."""
    if new.idempotency_key is None:
        return None
    key_hash = services.keyring.hash(
        "idempotency", f"reports\n{new.key_id or ''}\n{new.idempotency_key}"
    )
    content_hash = _hash_content(new, report.photo_sha256)
    used = remember_key(connection, key_hash, content_hash, report.id, report.received_at)
    if used is None:
        return None
    if used.request_hash != content_hash:
        raise IdempotencyError(
            "idempotency_key_reused",
            "This Idempotency-Key was used for a report with other content.",
            "Make a new key for each report; use the same one only to send the same again.",
        )
    return get_report(connection, used.subject)


def _hash_content(new: NewReport, photo_sha256: str | None) -> str:
    content = replace(new, photo=None, idempotency_key=None)
    fields = {name: getattr(content, name) for name in NewReport.__slots__}
    text = json.dumps([fields | {"photo": photo_sha256}], sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()
