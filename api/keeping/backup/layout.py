"""What stands in a backup, and what its manifest says.

manifest.json   what is here, with hashes
ledger.db       SQLite's file, or ledger.dump: PostgreSQL's, by pg_dump
photos.txt      name and size of every photo that the ledger holds, a line each
photos/         the photos, ab/cd/SHA256, if they are part of it
secret          what keys and tokens are hashed with, if it is part of it
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from api.errors import ApiError
from api.photos.store import NAME_PATTERN

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
LEDGER: Final = {"sqlite": "ledger.db", "postgresql": "ledger.dump"}
PHOTO_LIST: Final = "photos.txt"
PHOTOS: Final = "photos"
SECRET: Final = "secret"
CHUNK_BYTES: Final = 1024 * 1024


class BackupError(ApiError):
    """A backup cannot be made, is damaged, or cannot be restored here."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    version: str
    """Of street-issue-detector that made it."""
    created_at: datetime
    database: Literal["sqlite", "postgresql"]
    revision: str | None
    """Of the schema; None: the tables were made without migrations."""
    ledger_sha256: str
    photo_list_sha256: str
    counts: dict[str, int]
    """Rows of each table."""
    photos: int
    """Photos that the ledger holds."""
    photos_included: bool
    """False: they lie on S3 or the like, which has to be backed up by its own means."""
    photos_missing: tuple[str, ...]
    """Photos that the ledger named and the store did not have when the backup was made."""
    secret_included: bool


@dataclass(frozen=True, slots=True)
class ListedPhoto:
    """A photo that the ledger holds."""

    sha256: str
    size_bytes: int | None
    """None: a blurred copy, whose size the ledger does not note."""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it; the backup is whole from then on."""
    content: dict[str, Any] = {"format": FORMAT} | asdict(manifest)
    content["created_at"] = manifest.created_at.isoformat()
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write_synced(folder / MANIFEST, f"{text}\n".encode())


def read_manifest(folder: Path) -> Manifest:
    """Read what a backup says of itself.

    Raises:
        BackupError: There is no backup, or none that this version knows.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError("it was made by a newer version")
        content["created_at"] = datetime.fromisoformat(content["created_at"])
        content["photos_missing"] = tuple(content["photos_missing"])
        manifest = Manifest(**content)
        if manifest.database not in LEDGER:
            raise ValueError(f"its database is {manifest.database!r}")
    except FileNotFoundError as error:
        raise BackupError(
            "backup_missing",
            f"There is no whole backup in {folder}: {MANIFEST} is missing.",
            "A backup that was interrupted has none: make it again.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(
            "backup_damaged", f"{folder / MANIFEST} cannot be used: {error}."
        ) from error
    return manifest


def write_photo_list(folder: Path, photos: tuple[ListedPhoto, ...]) -> None:
    """Write the list of photos."""
    lines = (
        f"{one.sha256} {'-' if one.size_bytes is None else one.size_bytes}\n" for one in photos
    )
    write_synced(folder / PHOTO_LIST, "".join(lines).encode())


def read_photo_list(folder: Path) -> tuple[ListedPhoto, ...]:
    """Read the list of photos.

    Raises:
        BackupError: It cannot be read.
    """
    photos = []
    try:
        for line in (folder / PHOTO_LIST).read_text(encoding="ascii").splitlines():
            sha256, size = line.split(" ")
            if not NAME_PATTERN.fullmatch(sha256):
                raise ValueError(f"{sha256!r} is no photo's name")
            photos.append(ListedPhoto(sha256, None if size == "-" else int(size)))
    except (OSError, ValueError) as error:
        raise BackupError(
            "backup_damaged", f"{folder / PHOTO_LIST} cannot be used: {error}."
        ) from error
    return tuple(photos)


def photo_path(folder: Path, sha256: str) -> Path:
    """Return where a photo lies in a backup."""
    return folder / PHOTOS / sha256[:2] / sha256[2:4] / sha256


def hash_file(path: Path) -> str:
    """Return a file's SHA-256, 64 hex digits.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_synced(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, and sync it.

    Raises:
        OSError: It cannot be written, or is there already.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Let the names in a folder survive a power cut.

    Raises:
        OSError: It cannot be done.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
