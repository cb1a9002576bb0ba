"""Put a backup where there is nothing yet."""

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect

from api.keeping.backup.check import find_problems
from api.keeping.backup.database import restore_postgresql
from api.keeping.backup.layout import (
    LEDGER,
    SECRET,
    BackupError,
    Manifest,
    photo_path,
    read_manifest,
    read_photo_list,
    sync_folder,
    write_synced,
)
from api.photos.store import PhotoStore
from api.store.database import Database


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """Where a backup goes."""

    database: Database
    """Empty: SQLite without a file, or PostgreSQL without tables."""
    store: PhotoStore
    """Empty, unless the backup has no photos."""
    secret: Path | None
    """File of the service's secret; None: the operator sets it, so it is not written."""
    known_revisions: Collection[str]
    """Of the schema, that this version can use or migrate."""
    skip_damaged_photos: bool = False
    """Restore the rest if photos are damaged: better than nothing if there is no other backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    manifest: Manifest
    photos: int
    photos_missing: tuple[str, ...]
    """Photos that the ledger names and that are not in the store now."""
    photos_damaged: tuple[str, ...]
    """Those of them that the backup holds damaged or has lost."""
    secret_written: bool


def list_revisions() -> frozenset[str]:
    """Return the shapes of the ledger that this version can use or migrate."""
    from alembic.script import ScriptDirectory

    from api.store.schema import FOLDER

    return frozenset(one.revision for one in ScriptDirectory(str(FOLDER)).walk_revisions())


def restore_backup(folder: Path, target: RestoreTarget) -> Restored:
    """Check a backup, then put photos, secret and ledger back, the ledger last.

    Raises:
        BackupError: The backup is damaged or too new, or there is something already. Damaged photos
            are no reason if the target says so; ledger, list and secret always are.
        StorageError: The database or the photo store does not answer, or is full.
    """
    manifest = read_manifest(folder)
    damaged = _check(folder, manifest, target)
    _refuse(manifest, target)
    listed = read_photo_list(folder)
    try:
        missing = _restore_photos(folder, manifest, target.store, damaged)
        written = _restore_secret(folder, manifest, target.secret)
        _restore_ledger(folder, manifest, target.database)
    except OSError as error:
        raise BackupError(
            "restore_failed", f"The backup cannot be written: {error.strerror or error}."
        ) from error
    return Restored(manifest, len(listed) - len(missing), missing, damaged, written)


def _check(folder: Path, manifest: Manifest, target: RestoreTarget) -> tuple[str, ...]:
    """Return the photos that are damaged, if they may be."""
    problems = tuple(find_problems(folder, manifest))
    damaged = tuple(one.photo_sha256 for one in problems if one.photo_sha256 is not None)
    if not problems or (target.skip_damaged_photos and len(damaged) == len(problems)):
        return damaged
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    hint = "Nothing was restored. `backup --check DIR` lists everything that is wrong."
    if len(damaged) == len(problems):
        hint += " If there is no better backup: `restore --skip-damaged-photos`."
    raise BackupError("backup_damaged", f"The backup is damaged: {problems[0].words}{more}.", hint)


def _restore_photos(
    folder: Path, manifest: Manifest, store: PhotoStore, damaged: Collection[str]
) -> tuple[str, ...]:
    """Put the photos back; return those that are not in the store then."""
    lost = frozenset(manifest.photos_missing) | frozenset(damaged)
    missing = []
    for one in read_photo_list(folder):
        if not manifest.photos_included:
            if not store.exists(one.sha256):
                missing.append(one.sha256)
        elif one.sha256 in lost:
            missing.append(one.sha256)
        else:
            store.put(photo_path(folder, one.sha256).read_bytes())
    return tuple(missing)


def _refuse(manifest: Manifest, target: RestoreTarget) -> None:
    if manifest.database != target.database.dialect:
        raise BackupError(
            "other_database",
            f"The backup is of {manifest.database}, and the settings name "
            f"{target.database.dialect}.",
            "Set STREET_ISSUES_DATABASE_URL to a database of the same kind.",
        )
    if manifest.revision is not None and manifest.revision not in target.known_revisions:
        raise BackupError(
            "backup_too_new",
            f"The backup was made by version {manifest.version}, whose tables this version does "
            "not know.",
            "Install that version or a newer one.",
        )
    if not _is_empty(target.database):
        raise BackupError(
            "database_not_empty",
            "There is a ledger already; nothing is written over it.",
            "Restore into an empty data folder or an empty database.",
        )
    if manifest.photos_included and next(target.store.names(), None) is not None:
        raise BackupError(
            "photos_not_empty",
            "There are photos already; nothing is mixed with them.",
            "Restore into an empty data folder; remove what a restore that failed has left.",
        )


def _is_empty(database: Database) -> bool:
    if database.dialect == "sqlite":
        path = Path(database.engine.url.database or "")
        return not path.exists() or path.stat().st_size == 0
    with database.read() as connection:
        return not inspect(connection).get_table_names()


def _restore_secret(folder: Path, manifest: Manifest, target: Path | None) -> bool:
    if target is None or not manifest.secret_included:
        return False
    if target.exists():
        raise BackupError(
            "secret_exists", f"{target} exists already.", "Move it away if it is not needed."
        )
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_synced(target, (folder / SECRET).read_bytes())
    return True


def _restore_ledger(folder: Path, manifest: Manifest, database: Database) -> None:
    source = folder / LEDGER[manifest.database]
    if manifest.database == "postgresql":
        restore_postgresql(database.engine.url, source)
        return
    target = Path(database.engine.url.database or "")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.copyfile(source, unfinished)
    unfinished.chmod(0o600)
    descriptor = os.open(unfinished, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.rename(target)
    sync_folder(target.parent)
