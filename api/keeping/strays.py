"""Files of photos that are not to be there, and what to do when one cannot be deleted."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Final, Literal

from api.errors import BusyError, NotFoundError, ScoringError, StorageError
from api.photos.store import PHOTO_FAULTS
from api.services import Services
from api.store.photo_uses import lock_file
from api.store.retention import known_photos

UNUSED_KEPT: Final = timedelta(days=1)
"""An upload takes seconds; after a day nothing will refer to the photo any more."""
MOST_STRAYS: Final = 100
MOST_STRAYS_SHARE: Final = 0.1
"""Of all files: more than so many, and more than a hundred, are no failed uploads."""
BATCH: Final = 100

_log = logging.getLogger(__name__)


def sweep_strays(services: Services) -> int:
    """Delete files that are not to be there: uploads that were not committed left them.

    A ledger that does not belong to this store would call every photo a stray, so with more strays
    than failed uploads can explain nothing is deleted.

    Returns:
        How many files went.
    """
    n_files = sum(1 for _ in services.photos.names())
    n_strays = sum(1 for _ in _list_strays(services))
    if n_strays > max(MOST_STRAYS, n_files * MOST_STRAYS_SHARE):
        _log.error(
            "too many stray photos: is this the ledger of these photos?",
            extra={"code": "strays_too_many", "strays": n_strays, "files": n_files},
        )
        return 0
    strays = failed = 0
    for sha256 in _list_strays(services):
        try:
            strays += _delete_stray(services, sha256)
        except StorageError as error:
            why_left(error, sha256)
            failed += 1
    if strays or failed:
        _log.info("stray photos deleted", extra={"photos": strays, "failed": failed})
    return strays


def _list_strays(services: Services) -> Iterator[str]:
    names = services.photos.names()
    while batch := list(islice(names, BATCH)):
        with services.database.read() as connection:
            known = known_photos(connection, batch)
        yield from (sha256 for sha256 in batch if sha256 not in known)


def why_left(
    error: BusyError | ScoringError | StorageError, sha256: str
) -> Literal["busy", "postponed", "failed"]:
    """Log why a photo stays for now; raise what would happen to every other photo, too."""
    if not isinstance(error, StorageError):
        _log.info("a deletion is postponed", extra={"code": error.code})
        return "busy" if isinstance(error, BusyError) else "postponed"
    if error.code not in PHOTO_FAULTS:
        raise error
    _log.error(
        "a photo cannot be deleted",
        extra={"photo": sha256, "code": error.code, "error": error.message},
    )
    return "failed"


def _delete_stray(services: Services, sha256: str) -> bool:
    """Delete a file without a row, if it is old: a young one belongs to an upload on its way."""
    with services.database.write() as connection:
        lock_file(connection, sha256)  # An upload of it waits, and then stores it again.
        if known_photos(connection, [sha256]):
            return False
        try:
            # Putting the same photo again makes it young again.
            if services.photos.age_s(sha256) < UNUSED_KEPT.total_seconds():
                return False
        except NotFoundError:
            return False
        services.photos.delete(sha256)
    return True
