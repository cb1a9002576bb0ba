"""A person asks for their data to be deleted: what they said, wrote and sent goes, the case stays.

Deleted: contact, its hash, note, address, link, file name, position, what they said of findings,
the notes of their objections, and the photo with its copies and its fingerprint, unless somebody
else sent the very same photo or another part of the ledger stands on it. Kept: that a report came,
when, from which kind of source, what the model found, and the case with label, place, grid cell
and times: it tells of a public place, and of nobody.
"""

import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.errors import NotFoundError, StorageError
from api.intake.accepting import follow_token
from api.intake.contacts import normalise_contact
from api.keeping.retention import forget_copy
from api.photos.pictures import open_picture_cache
from api.services import Services
from api.store.audit import record_audit
from api.store.database import Database
from api.store.erasure import (
    TOUCHED,
    blank_addresses,
    blank_photo,
    blank_report,
    cases_mentioning,
    drop_job,
    iterate_reports,
    lock_photo,
    lock_report,
    mentioning,
)
from api.store.photo_uses import holds, is_used
from api.store.reports import get_report

CHECKPOINT_WAIT_MS: Final = 30_000
"""SQLite's log can be cut only at a moment in which nobody reads."""

LEAST_PHONE: Final = 7
"""Digits: fewer are found in any house number."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was, or would be, erased of one report."""

    report_id: str
    photo_sha256: str | None
    """The photo that goes; None: there is none, or somebody else needs it."""
    photo_stays: bool
    """The report's photo stays, because something else stands on it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Reports that a person's words lead to."""

    report_ids: tuple[str, ...]
    mentioned_in: tuple[str, ...]
    """Further reports whose note, address or link names it: a person has to look at them."""
    cases: tuple[str, ...] = ()
    """Numbers of cases whose address, history or queue's errors name it: likewise."""


def find_by_contact(services: Services, contact: str) -> Found:
    """Find the reports with a phone number, address or other contact, however it is written.

    In words it is found as it is given here and, for a phone, as its digits alone.
    """
    with services.database.read() as connection:
        ids = tuple(
            report_id
            for report_id, fields in iterate_reports(connection)
            if fields and any(_is_same(name, value, contact) for name, value in fields.items())
        )
        spellings = _spell(contact)
        mentions = mentioning(connection, spellings)
        cases = cases_mentioning(connection, spellings)
    return Found(ids, tuple(one for one in mentions if one not in ids), cases)


def _is_same(name: str, value: str, contact: str) -> bool:
    wanted = normalise_contact(name, contact)
    return wanted != "" and normalise_contact(name, value) == wanted


def _spell(contact: str) -> tuple[str, ...]:
    """Return the texts to look for in people's words; none for a contact of spaces."""
    written = contact.strip()
    digits = normalise_contact("phone", contact)
    is_phone = digits.isdecimal() and len(digits) >= LEAST_PHONE
    if any(one.isalpha() for one in unicodedata.normalize("NFKC", written)):
        is_phone = False  # An e-mail address has digits, too.
    return tuple(sorted({written, *([digits] if is_phone else [])} - {""}))


def find_by_token(services: Services, token: str) -> Found:
    """Find the report that a citizen's secret token opens.

    Tokens are made from the reports' ids and not stored, so each report's is made and compared.
    """
    with services.database.read() as connection:
        for report_id, _ in iterate_reports(connection):
            if follow_token(services, report_id) == token.strip():
                return Found((report_id,), ())
    return Found((), ())


def erase_reports(
    services: Services, report_ids: Sequence[str], *, actor: str, dry_run: bool = False
) -> tuple[Erased, ...]:
    """Erase a person's data from reports; once more is harmless.

    Args:
        services: What the service works with.
        report_ids: Which.
        actor: Who does it, for the audit log.
        dry_run: Only tell what would go.

    Raises:
        NotFoundError: There is no such report; none is erased then.
        StorageError: The database or the photo store does not answer; run it again.
    """
    with services.database.read() as connection:
        for report_id in report_ids:
            if get_report(connection, report_id) is None:
                raise NotFoundError("report", report_id)
    erased = tuple(
        _look(services, one) if dry_run else _erase(services, one, actor) for one in report_ids
    )
    if erased and not dry_run:
        clear_traces(services.database)
        _log.info("reports erased", extra={"reports": len(erased)})
    return erased


def clear_traces(database: Database) -> None:
    """Make the database's files forget what was overwritten.

    SQLite overwrites what is deleted (`secure_delete`); its log is written back and cut here.
    PostgreSQL clears dead rows; their bytes may stay in its files and its archived log until these
    are written over.

    Raises:
        StorageError: It could not be done, such as while somebody else reads for long.
    """
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if database.dialect == "postgresql":
                for table in TOUCHED:
                    connection.execute(text(f"VACUUM {table}"))
                return
            connection.detach()  # It gets another patience than the pool's connections have.
            connection.execute(text(f"PRAGMA busy_timeout={CHECKPOINT_WAIT_MS}"))
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
    except SQLAlchemyError as error:
        raise _traces_left() from error
    if busy:
        raise _traces_left()


def _traces_left() -> StorageError:
    return StorageError(
        "traces_left",
        "The data is erased, but the database's files may still hold traces of it.",
        "Somebody uses the database all the time: run `erase --report ID` again for the report.",
    )


def _look(services: Services, report_id: str) -> Erased:
    with services.database.read() as connection:
        report = get_report(connection, report_id)
        if report is None or report.photo_sha256 is None:
            return Erased(report_id, None, photo_stays=False)
        stays = holds(
            connection, report.photo_sha256, is_used(report.photo_sha256, but_for_report=report_id)
        )
    return Erased(report_id, None if stays else report.photo_sha256, photo_stays=stays)


def _erase(services: Services, report_id: str, actor: str) -> Erased:
    now = services.clock()
    with services.database.write() as connection:
        # Job, report, photo, cases: in the order in which scoring locks them.
        drop_job(connection, report_id)
        lock_report(connection, report_id)
        report = get_report(connection, report_id)
        if report is None:
            raise NotFoundError("report", report_id)
        sha256, kept, stays = report.photo_sha256, None, False
        if sha256 is not None:
            # As in retention: the file goes while the row is locked.
            kept = lock_photo(connection, sha256)
        services.database.serialise(connection, "cases")
        if sha256 is not None:
            stays = holds(connection, sha256, is_used(sha256, but_for_report=report_id))
        blank_addresses(connection, report_id, report.address)
        blank_report(connection, report_id, now)
        if sha256 is not None and not stays:
            blank_photo(connection, sha256, now)
            services.photos.delete(sha256)
        gone = None if stays else sha256
        record_audit(
            services.database,
            connection,
            at=now,
            actor=actor,
            action="report.erased",
            target=f"reports/{report_id}",
            details={"photo": "none" if sha256 is None else "kept" if stays else "deleted"},
        )
    if gone is not None:
        forget_copy(services, gone, kept)
        open_picture_cache(services).forget(gone)
    return Erased(report_id, gone, photo_stays=stays)
