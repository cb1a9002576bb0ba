"""Make a backup while the server runs."""

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.errors import NotFoundError
from api.keeping.backup.database import copy_ledger
from api.keeping.backup.layout import (
    LEDGER,
    PHOTO_LIST,
    SECRET,
    BackupError,
    ListedPhoto,
    Manifest,
    hash_file,
    photo_path,
    sync_folder,
    write_manifest,
    write_photo_list,
    write_synced,
)
from api.photos.store import PhotoStore
from api.store.database import Database
from detector.version import __version__


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """How a backup is wanted."""

    folder: Path
    """A folder that does not exist yet."""
    with_photos: bool = True
    """False: photos lie where they are backed up by other means."""
    previous: Path | None = None
    """An earlier backup on the same disk: photos that are whole there are linked, not copied."""
    secret: bytes | None = None
    """What keys and tokens are hashed with; whoever has it and the ledger can make keys."""


def make_backup(
    database: Database, store: PhotoStore, order: BackupOrder, at: datetime
) -> Manifest:
    """Copy the ledger first and then the photos that it names.

    A photo is stored before the report that names it is committed, so none can be missing, but for
    those that were deleted in between.

    Args:
        database: The ledger.
        store: The photos.
        order: How it is wanted.
        at: Now.

    Raises:
        BackupError: It cannot be made; nothing stays in the folder.
        StorageError: The database or the photo store does not answer, or a photo is damaged.
    """
    if order.folder.exists():
        raise BackupError(
            "backup_exists", f"{order.folder} exists already.", "Name a folder that does not."
        )
    unfinished = order.folder.with_name(f".{order.folder.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # Of a backup that was interrupted.
        unfinished.mkdir(mode=0o700, parents=True)
        manifest = _fill(unfinished, database, store, order, at)
        sync_folder(unfinished)
        unfinished.rename(order.folder)
        sync_folder(order.folder.parent)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise BackupError(
            "backup_failed", f"The backup cannot be written: {error.strerror or error}."
        ) from error
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return manifest


def _fill(
    folder: Path, database: Database, store: PhotoStore, order: BackupOrder, at: datetime
) -> Manifest:
    ledger_path = folder / LEDGER[database.dialect]
    ledger = copy_ledger(database, ledger_path)
    write_photo_list(folder, ledger.photos)
    missing = (
        _copy_photos(folder, store, order.previous, ledger.photos) if order.with_photos else ()
    )
    if order.secret is not None:
        write_synced(folder / SECRET, order.secret)
    manifest = Manifest(
        version=__version__,
        created_at=at,
        database=database.dialect,
        revision=ledger.revision,
        ledger_sha256=hash_file(ledger_path),
        photo_list_sha256=hash_file(folder / PHOTO_LIST),
        counts=ledger.counts,
        photos=len(ledger.photos),
        photos_included=order.with_photos,
        photos_missing=missing,
        secret_included=order.secret is not None,
    )
    write_manifest(folder, manifest)
    return manifest


def _copy_photos(
    folder: Path, store: PhotoStore, previous: Path | None, photos: Sequence[ListedPhoto]
) -> tuple[str, ...]:
    missing = []
    for one in photos:
        target = photo_path(folder, one.sha256)
        inner, outer, top, *_ = target.parents
        for made in (top, outer, inner):  # `parents` would not pass the mode on.
            made.mkdir(mode=0o700, exist_ok=True)
        if previous is not None and _link(photo_path(previous, one.sha256), target, one.sha256):
            continue
        try:
            data = store.get(one.sha256)
        except NotFoundError:
            missing.append(one.sha256)
        else:
            write_synced(target, data)
    return tuple(missing)


def _link(source: Path, target: Path, sha256: str) -> bool:
    """Share a photo with an earlier backup, unless it has rotted there: the store has it whole."""
    with contextlib.suppress(OSError):
        if hash_file(source) == sha256:
            os.link(source, target)
            return True
    return False
