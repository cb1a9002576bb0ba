"""street-issues-api backup | restore."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands import (
    EXIT_DONE,
    EXIT_PROBLEMS,
    add_settings_options,
    read_settings,
)
from detector.errors import UsageError

if TYPE_CHECKING:
    from api.commands import Subparsers
    from api.settings import Settings


def add_parser(commands: "Subparsers") -> None:
    """Add `backup` and `restore`."""
    backup = commands.add_parser(
        "backup",
        help="copy the ledger and the photos while the server runs, or check a copy",
        description="Copy the ledger as it is at one moment, and every photo that it names, into "
        "a new folder. A folder of that name appears only when the backup is whole.",
    )
    backup.add_argument("folder", type=Path, metavar="DIR", help="a new folder")
    backup.add_argument(
        "--check", action="store_true", help="make none: read every byte of the one in DIR"
    )
    backup.add_argument(
        "--previous",
        type=Path,
        metavar="DIR",
        help="an earlier backup on the same disk: photos that are whole there are shared, not "
        "copied",
    )
    photos = backup.add_mutually_exclusive_group()
    photos.add_argument(
        "--with-photos",
        action="store_true",
        help="copy the photos also from S3 or the like, which by default are only listed",
    )
    photos.add_argument(
        "--without-photos", action="store_true", help="list them only, also those of a folder"
    )
    backup.add_argument(
        "--with-secret",
        action="store_true",
        help="add the secret that keys and tokens are hashed with: without it every key must be "
        "made anew after a restore; with it the backup must be guarded like the keys",
    )
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser(
        "restore",
        help="put a backup where there is nothing yet",
        description="Check a backup, then fill an empty data folder or an empty PostgreSQL "
        "database with it. Nothing is ever written over.",
    )
    restore.add_argument("folder", type=Path, metavar="DIR", help="the backup")
    restore.add_argument(
        "--skip-damaged-photos",
        action="store_true",
        help="restore the rest if photos of the backup are damaged, and list them; a damaged "
        "ledger is refused all the same",
    )
    restore.set_defaults(run=run_restore)
    for one in (backup, restore):
        add_settings_options(one)


def run_backup(options: argparse.Namespace) -> int:
    """Make or check a backup and say what it holds."""
    from api.clock import system_clock
    from api.keeping.backup.make import BackupOrder, make_backup
    from api.opening import ledger_url
    from api.photos.store import open_photo_store
    from api.store.database import Database

    if options.check:
        return _check(options.folder)
    settings = read_settings(options)
    local = settings.photos_url is None or settings.photos_url.startswith("file:")
    order = BackupOrder(
        folder=options.folder.absolute(),
        with_photos=options.with_photos or (local and not options.without_photos),
        previous=options.previous,
        secret=_read_secret(settings) if options.with_secret else None,
    )
    # Not opened as the server does: that would bring an older ledger up to date first.
    database = Database(ledger_url(settings))
    try:
        store = open_photo_store(settings.photos_url, _photo_folder(settings))
        manifest = make_backup(database, store, order, system_clock())
    finally:
        database.close()
    photos = f"{manifest.photos} photos"
    if not manifest.photos_included:
        photos += f" (listed only: they lie at {settings.photos_url or 'the data folder'})"
    print(f"{options.folder}: {manifest.counts.get('reports', 0)} reports, {photos}")
    for sha256 in manifest.photos_missing:
        print(f"missing in the photo store: {sha256}", file=sys.stderr)
    return EXIT_PROBLEMS if manifest.photos_missing else EXIT_DONE


def run_restore(options: argparse.Namespace) -> int:
    """Restore a backup and say what is still to be done."""
    from api.keeping.backup.restore import RestoreTarget, list_revisions, restore_backup
    from api.opening import SECRET_FILE, ledger_url
    from api.photos.store import open_photo_store
    from api.store.database import Database

    settings = read_settings(options)
    database = Database(ledger_url(settings))
    secret = settings.data / SECRET_FILE if settings.secret is None else None
    try:
        target = RestoreTarget(
            database=database,
            store=open_photo_store(settings.photos_url, _photo_folder(settings)),
            secret=secret,
            known_revisions=list_revisions(),
            skip_damaged_photos=options.skip_damaged_photos,
        )
        restored = restore_backup(options.folder, target)
    finally:
        database.close()
    for sha256 in restored.photos_missing:
        word = "damaged" if sha256 in restored.photos_damaged else "missing"
        print(f"{word}: {sha256}", file=sys.stderr)
    reports = restored.manifest.counts.get("reports", 0)
    print(
        f"{reports} reports and {restored.photos} photos as of "
        f"{restored.manifest.created_at:%Y-%m-%d %H:%M} UTC"
    )
    if not restored.secret_written and secret is not None:
        print(
            "The backup holds no secret: make the keys anew with `keys create`, unless you put "
            f"the old secret at {secret} before the service starts."
        )
    print("Erase again what was erased since then: `erase --report ID` for each.")
    return EXIT_PROBLEMS if restored.photos_missing else EXIT_DONE


def _check(folder: Path) -> int:
    from api.keeping.backup.check import check_backup

    manifest, problems = check_backup(folder)
    for one in problems:
        print(f"{one}")
    if problems:
        print(f"{folder} is damaged: {len(problems)} problems.", file=sys.stderr)
        return EXIT_PROBLEMS
    held = "with" if manifest.photos_included else "without"
    print(
        f"{folder} is whole: {manifest.counts.get('reports', 0)} reports, {held} "
        f"{manifest.photos} photos, made {manifest.created_at:%Y-%m-%d %H:%M} UTC by "
        f"version {manifest.version}"
    )
    return EXIT_DONE


def _photo_folder(settings: "Settings") -> Path:
    from api.opening import PHOTOS_FOLDER

    return settings.data / PHOTOS_FOLDER


def _read_secret(settings: "Settings") -> bytes:
    from api.opening import SECRET_FILE

    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    path = settings.data / SECRET_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no secret at {path}.", "The service makes it when it starts first."
        ) from error
