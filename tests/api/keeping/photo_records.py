"""What the ledger knows of a photo."""

from api.services import Services
from api.store.photos import Photo, get_photo


def photo_of(services: Services, sha256: str | None) -> Photo:
    assert sha256 is not None
    with services.database.read() as connection:
        return get_photo(connection, sha256)
