"""Are the photos there that the ledger names, or is the photo store another one, or not mounted?

An empty mount point answers like a store that lost everything: taken at its word, housekeeping
would write every original off. A marker file would not tell, nor would emptiness: a service that
started without its volume has stored new photos there. So photos of the ledger are looked for.
"""

import logging
from typing import Final

from api.errors import StorageError
from api.photos.store import PHOTO_FAULTS
from api.services import Services
from api.store.photos import get_photo
from api.store.retention import list_originals, mark_deleted, sample_photos

BATCH: Final = 100

_log = logging.getLogger(__name__)


def check_presence(services: Services) -> None:
    """Look for some of the photos that the ledger names.

    Raises:
        StorageError: More than half of them are not there, or the ledger does not answer.
    """
    with services.database.read() as connection:
        names = sample_photos(connection)
    missing = there = 0
    for sha256 in names:
        try:
            if services.photos.exists(sha256):
                there += 1
            else:
                missing += 1
        except StorageError as error:
            if error.code not in PHOTO_FAULTS:
                raise  # One folder that cannot be read says nothing of the others.
    if missing > there:
        raise StorageError(
            "photos_missing",
            f"Of {missing + there} photos that the ledger names, {missing} are not in the photo "
            "store; no original is deleted.",
            "Is the photo volume mounted, and are STREET_ISSUES_DATA and STREET_ISSUES_PHOTOS_URL "
            "right? If the photos are lost for good: street-issues-api retention --photos-lost",
            retry_after_s=3600,
        )


def write_off_lost(services: Services) -> int:
    """Note every photo that is missing in the store as deleted; a person has decided so.

    Returns:
        How many.

    Raises:
        StorageError: The store or the ledger does not answer; those before are noted.
    """
    lost = 0
    after = ""
    while True:
        with services.database.read() as connection:
            names = list_originals(connection, after=after, limit=BATCH)
        if not names:
            break
        after = names[-1]
        for sha256 in names:
            if not services.photos.exists(sha256) and _write_off(services, sha256):
                lost += 1
    if lost:
        _log.warning("lost photos written off", extra={"photos": lost})
    return lost


def _write_off(services: Services, sha256: str) -> bool:
    with services.database.write() as connection:
        photo = get_photo(connection, sha256, lock=True)
        # An upload may have brought it back meanwhile; a copy that was kept before stays.
        if photo.original_deleted_at is not None or services.photos.exists(sha256):
            return False
        mark_deleted(connection, sha256, services.clock(), photo.kept_sha256)
    return True
