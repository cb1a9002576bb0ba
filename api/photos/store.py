"""Photos by the SHA-256 of their bytes: kept as they came, never changed, never half-written."""

import errno
import re
from collections.abc import Iterator
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import Final, Protocol

from api.errors import StorageError, StorageFullError

FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
NAME_PATTERN: Final = re.compile(r"[0-9a-f]{64}")
RETRY_FULL_S: Final = 60
PHOTO_FAULTS: Final = frozenset({"photos_unavailable", "photo_damaged"})
"""Codes of a StorageError that tells of a photo, and not of the ledger or a full disk."""


class PhotoStore(Protocol):
    """Keeps photos. Safe to call from several threads and several processes.

    Every method raises StorageError if the store does not answer, and ValueError for a name that
    is no SHA-256 in lower-case hex: what comes from outside is checked before.
    """

    def put(self, data: bytes) -> str:
        """Keep a photo and return its SHA-256; it survives a power cut once this returns.

        Raises:
            StorageFullError: No space is left; nothing half-written stays.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """Return a photo's bytes, which are those that were put: a damaged file is an error.

        Raises:
            NotFoundError: There is none.
            StorageError: The bytes are not those that were put.
        """
        ...

    def delete(self, sha256: str) -> None:
        """Remove a photo; none there is fine."""
        ...

    def exists(self, sha256: str) -> bool:
        """Tell whether a photo is there, without reading it."""
        ...

    def size(self, sha256: str) -> int:
        """Return a photo's size in bytes.

        Raises:
            NotFoundError: There is none.
        """
        ...

    def age_s(self, sha256: str) -> float:
        """Return the seconds since a photo was put last, by the store's own clock.

        Raises:
            NotFoundError: There is none.
        """
        ...

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every photo, in order."""
        ...

    def free_bytes(self) -> int | None:
        """Return the space left; None if nobody can tell, as on S3."""
        ...

    def sweep(self) -> int:
        """Remove what a process that died left unfinished; return how many files."""
        ...


def open_photo_store(url: str | None, folder: Path) -> PhotoStore:
    """Open the store that the settings name.

    Args:
        url: Any URL that fsspec knows, such as s3://bucket/prefix; None: the folder.
        folder: Folder for photos on this machine; made if it is missing.

    Raises:
        SettingsError: The URL cannot be used, or the folder not be made.
    """
    from api.photos.folder import FolderPhotoStore

    if url is None:
        return FolderPhotoStore(folder)
    if url.startswith("file://"):  # fsspec's own local files are neither atomic nor synced.
        return FolderPhotoStore(Path(url.removeprefix("file://")))
    from api.photos.remote import FsspecPhotoStore  # fsspec takes a while to import.

    return FsspecPhotoStore(url)


def check_name(sha256: str) -> str:
    """Return the name if it is 64 lower-case hex digits, so that no path can hide in it.

    Raises:
        ValueError: It is not.
    """
    if not NAME_PATTERN.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is no SHA-256 in lower-case hex")
    return sha256


def check_content(sha256: str, data: bytes) -> bytes:
    """Return the bytes if they are those that were put.

    Raises:
        StorageError: They are not.
    """
    if new_sha256(data).hexdigest() != sha256:
        raise StorageError(
            "photo_damaged",
            f"The stored photo {sha256} is damaged: its bytes are not those that were stored.",
            "Tell the operator: it has to come back from a backup.",
            retry_after_s=3600,
        )
    return data


def translate_os_error(error: OSError, doing: str) -> StorageError:
    """Return what to raise instead of an error of the operating system.

    Args:
        error: What came.
        doing: What could not be done with the photo: stored, read, deleted.
    """
    if error.errno in FULL_ERRNOS:
        return StorageFullError(
            "storage_full",
            "No space is left for photos.",
            "Nothing was stored. Free some space, then send it again.",
            retry_after_s=RETRY_FULL_S,
        )
    words = error.strerror or type(error).__name__
    return StorageError(
        "photos_unavailable", f"The photo cannot be {doing}: {words}.", retry_after_s=5
    )
