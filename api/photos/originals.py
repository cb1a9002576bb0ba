"""Originals, for those who may see them: the reason is on record before a byte goes out."""

from dataclasses import dataclass
from typing import Final

from api.errors import ForbiddenError
from api.photos.pictures import find_photo, gone
from api.principal import Principal
from api.services import Services
from api.store.audit import record_audit

LEAST_REASON: Final = 10
"""Characters, also over HTTP: "test" is no reason, 'complaint 4711' is one."""
MOST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Original:
    """A photo as it came in, EXIF and all."""

    data: bytes
    media_type: str


def read_original(services: Services, principal: Principal, sha256: str, reason: str) -> Original:
    """Return an original after writing into the audit log who reads it, and why.

    Raises:
        ForbiddenError: The key has no right to originals.
        NotFoundError: There is no such photo for this key.
        GoneError: It was deleted.
        StorageError: It cannot be read, or the reading not be recorded.
    """
    if not principal.originals:
        raise ForbiddenError(
            "originals_missing",
            "This key may not see originals.",
            "Ask an administrator for a key with originals, or take the blurred picture.",
        )
    with services.database.read() as connection:
        photo = find_photo(services, connection, principal, sha256)
    if photo.original_deleted_at is not None:
        raise gone(photo)
    data = services.photos.get(sha256)
    with services.database.write() as connection:
        record_audit(
            services.database,
            connection,
            at=services.clock(),
            actor=principal.actor,
            action="photo.original_read",
            target=f"photos/{sha256}",
            details={"reason": reason},
        )
    return Original(data, photo.media_type)
