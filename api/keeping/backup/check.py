"""Is a backup whole? Every byte is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.keeping.backup.database import check_sqlite
from api.keeping.backup.layout import (
    LEDGER,
    PHOTO_LIST,
    SECRET,
    BackupError,
    Manifest,
    hash_file,
    photo_path,
    read_manifest,
    read_photo_list,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a backup."""

    words: str
    photo_sha256: str | None = None
    """The photo that is damaged or missing; None: it is not about one photo."""


def check_backup(folder: Path) -> tuple[Manifest, tuple[str, ...]]:
    """Check a backup without restoring it.

    Returns:
        What it holds, and what is wrong with it in words; nothing: it is whole.

    Raises:
        BackupError: There is no backup in the folder.
    """
    manifest = read_manifest(folder)
    return manifest, tuple(one.words for one in find_problems(folder, manifest))


def find_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with a backup whose manifest was read; every byte is."""
    ledger = folder / LEDGER[manifest.database]
    problem = _compare(ledger, manifest.ledger_sha256)
    if problem is not None:
        yield Problem(problem)
    elif manifest.database == "sqlite" and (words := check_sqlite(ledger)) is not None:
        yield Problem(f"{ledger.name}: {words}")
    problem = _compare(folder / PHOTO_LIST, manifest.photo_list_sha256)
    if problem is not None:
        yield Problem(problem)
        return
    if manifest.secret_included and not (folder / SECRET).is_file():
        yield Problem(f"{SECRET} is missing")
    if not manifest.photos_included:
        return
    known_missing = frozenset(manifest.photos_missing)
    try:
        photos = read_photo_list(folder)
    except BackupError as error:
        yield Problem(error.message)
        return
    for one in photos:
        if one.sha256 not in known_missing:
            problem = _compare(photo_path(folder, one.sha256), one.sha256)
            if problem is not None:
                yield Problem(f"photo {problem}", one.sha256)


def _compare(path: Path, sha256: str) -> str | None:
    try:
        found = hash_file(path)
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror or error}"
    return None if found == sha256 else f"{path.name} is damaged: its hash is not the one noted"
