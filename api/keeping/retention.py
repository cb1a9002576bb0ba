"""Housekeeping: what has been kept long enough goes.

An original is deleted `retention_days` after it was stored, unless a case that shows it has not
ended, or it came in again since. If any case shows it, a blurred copy stays, so that the ledger
remains readable. Photos that nothing refers to go after a day. One photo that cannot be read or
deleted keeps no other from going.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from api.errors import ApiError, BusyError, NotFoundError, ScoringError, StorageError
from api.keeping.presence import check_presence
from api.keeping.strays import UNUSED_KEPT, sweep_strays, why_left
from api.photos.pictures import KEPT_PX, make_picture, open_picture_cache
from api.scoring.base import PictureRequest
from api.security.sessions import forget_ended_sessions
from api.services import Services
from api.store.outbox import forget_events
from api.store.photo_uses import holds, lock_file, shown_by_case
from api.store.photos import get_photo
from api.store.retention import (
    Cutoffs,
    Deleted,
    advance_run,
    claim_run,
    deleted_of,
    forget_idempotency,
    is_copy_of_another,
    is_due,
    list_due,
    mark_deleted,
    record_run,
)

EVERY_S: Final = 3600
BUSY_AGAIN_S: Final = 300
"""So soon it is tried again when every worker was busy with what people wait for."""
STRAYS_EVERY_S: Final = 24 * 3600
"""It lists the whole photo store."""
IDEMPOTENCY_KEPT: Final = timedelta(days=7)
EVENTS_KEPT: Final = timedelta(days=90)
"""So long a subscriber can have events sent again."""
COPY_TRIED: Final = timedelta(days=7)
"""So long a photo waits for its blurred copy; then it goes without: the deadline is a promise."""
BATCH: Final = 100
LOOK_AT: Final = 2000
"""Photos looked at in one transaction, which must not stay open for long on SQLite."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did."""

    deleted: Deleted
    postponed: int
    """Photos whose blurred copy could not be made yet."""
    busy: int
    """How many of them only because every worker was busy."""
    failed: int
    """Photos that the store could not read or delete: a person has to look."""


def housekeeping_step(services: Services) -> float:
    """Do what is due, once an hour over all replicas; a step of a `Loop`.

    Returns:
        Seconds until the next step.
    """
    tidy_machine(services)
    with services.database.write() as connection:
        services.database.serialise(connection, "housekeeping")
        now_s = int(services.clock().timestamp())
        wait_s = claim_run(connection, "housekeeping", now_s, EVERY_S)
        if wait_s > 0:
            return float(wait_s)
        sweep = claim_run(connection, "housekeeping-strays", now_s, STRAYS_EVERY_S) == 0
        forget_idempotency(connection, services.clock() - IDEMPOTENCY_KEPT)
        forget_ended_sessions(services, connection)
    forget_old_events(services)
    run = delete_old_originals(services)
    if sweep:
        sweep_strays(services)
    if run.busy == 0:
        return float(EVERY_S)
    with services.database.write() as connection:
        now_s = int(services.clock().timestamp())
        advance_run(connection, "housekeeping", now_s, EVERY_S, BUSY_AGAIN_S)
    return float(BUSY_AGAIN_S)


def reckon_cutoffs(services: Services) -> Cutoffs:
    """Return what is old by now."""
    now = services.clock()
    return Cutoffs(now - timedelta(days=services.settings.retention_days), now - UNUSED_KEPT)


def forget_old_events(services: Services) -> int:
    """Delete what subscribers were told long ago; what one still waits for stays.

    Returns:
        How many events went. The history of cases is kept elsewhere, for good.
    """
    before = services.clock() - EVENTS_KEPT
    gone = 0
    while True:
        with services.database.write() as connection:  # A lot at a time: others write, too.
            lot = forget_events(connection, before)
        gone += lot
        if lot == 0:
            return gone


def delete_old_originals(services: Services) -> Run:
    """Delete every original that is due, and write down how many.

    Raises:
        StorageError: The ledger does not answer, no space is left, or the photo store lacks most of
            the photos that the ledger names; what was deleted before is written down.
    """
    check_presence(services)
    cutoffs = reckon_cutoffs(services)
    originals = size_bytes = 0
    left = Counter[str]()
    try:
        for sha256 in _due_photos(services, cutoffs):
            try:
                freed = _delete_original(services, sha256, cutoffs)
            except (BusyError, ScoringError, StorageError) as error:
                left[why_left(error, sha256)] += 1
                continue
            if freed is not None:
                originals += 1
                size_bytes += freed
    finally:  # What was deleted is told, even if something failed on the way.
        run = Run(
            Deleted(originals, size_bytes),
            left.total() - left["failed"],
            left["busy"],
            left["failed"],
        )
        _record(services, run)
    return run


def tidy_machine(services: Services) -> None:
    """Remove expired pictures and unfinished files of this machine.

    Pictures of photos that were deleted elsewhere go, too: each replica has its own.
    """
    cache = open_picture_cache(services)
    cache.expire()
    names = iter(cache.photos())
    while batch := list(islice(names, BATCH)):
        with services.database.read() as connection:
            deleted = deleted_of(connection, batch)
        for sha256 in sorted(deleted):
            cache.forget(sha256)
    try:
        services.photos.sweep()
    except StorageError as error:  # A file that cannot be removed must not end housekeeping.
        _log.warning("unfinished photos cannot be removed", extra={"code": error.code})


def _record(services: Services, run: Run) -> None:
    if run.deleted.originals:
        with services.database.write() as connection:
            record_run(connection, services.clock(), run.deleted)
    if run.deleted.originals or run.failed:
        _log.info(
            "originals deleted",
            extra={
                "originals": run.deleted.originals,
                "bytes": run.deleted.size_bytes,
                "postponed": run.postponed,
                "failed": run.failed,
            },
        )


def _due_photos(services: Services, cutoffs: Cutoffs) -> Iterator[str]:
    after: str | None = ""
    while after is not None:
        with services.database.read() as connection:
            found, after = list_due(connection, cutoffs, after=after, look_at=LOOK_AT)
        yield from found


def _delete_original(services: Services, sha256: str, cutoffs: Cutoffs) -> int | None:
    """Delete one original; return the bytes freed, or None if it is wanted again.

    The file goes before the row's lock does: an upload of the same bytes waits for the lock, and
    then sees that it has to store its file again (api.photos.entry).
    """
    with services.database.read() as connection:
        shown = shown_by_case(connection, sha256)
    if not services.photos.exists(sha256):
        check_presence(services)  # One may be lost; a volume that was unmounted just now is not.
    kept = _keep_copy(services, sha256, cutoffs.originals) if shown else None
    with services.database.write() as connection:
        if kept is not None:
            lock_file(connection, kept)
        photo = get_photo(connection, sha256, lock=True)
        if not holds(connection, sha256, is_due(cutoffs)):
            return None
        if kept is not None and not services.photos.exists(kept):  # `sweep_strays` was faster.
            raise ScoringError("copy_gone", "The blurred copy has gone.", "It is made again.")
        mark_deleted(connection, sha256, services.clock(), kept)
        services.photos.delete(sha256)
    open_picture_cache(services).forget(sha256)
    return photo.size_bytes


def _keep_copy(services: Services, sha256: str, cutoff: datetime) -> str | None:
    """Store the blurred copy; None if there can be none.

    Raises:
        BusyError: Every worker is busy: later.
        ScoringError: It could not be made, and there is time to try again.
    """
    with services.database.read() as connection:
        photo = get_photo(connection, sha256)
    try:
        data = services.photos.get(sha256)
        picture = make_picture(services, data, PictureRequest(KEPT_PX, photo.plates))
        return services.photos.put(picture)
    except (BusyError, ScoringError) as error:
        if photo.stored_at >= cutoff - COPY_TRIED:
            raise
        _log.warning("an original goes without a blurred copy", extra={"code": error.code})
    except (NotFoundError, StorageError) as error:
        if isinstance(error, StorageError) and error.code != "photo_damaged":
            raise
        _log.error("an original is lost or damaged", extra={"photo": sha256, "code": error.code})
    except ApiError as error:  # It cannot be decoded: there is nothing to show.
        _log.info("no blurred copy can be made", extra={"code": error.code})
    return None


def forget_copy(services: Services, sha256: str, kept_sha256: str | None) -> None:
    """Delete a kept copy, unless another photo has the very same one."""
    if kept_sha256 is None:
        return
    with services.database.write() as connection:
        lock_file(connection, kept_sha256)
        if not is_copy_of_another(connection, kept_sha256, sha256):
            services.photos.delete(kept_sha256)
