"""Photos in a folder of this machine, by plain calls of the operating system.

A library would hide what matters here: what is on the disk when a call returns.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

from api.errors import NotFoundError, SettingsError, StorageError
from api.photos.store import NAME_PATTERN, check_content, check_name, translate_os_error

STALE_AFTER_S: Final = 3600
"""No write takes so long: an unfinished file of this age was left by a process that died."""
NEW_FOLDER: Final = "new"


class FolderPhotoStore:
    """A folder on this machine: ab/cd/SHA256, mode 0600 in folders of mode 0700."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if it is missing, and remove what was left unfinished there.

        Raises:
            SettingsError: The folder cannot be made or used.
        """
        self._root = folder.absolute()
        self._new = self._root / NEW_FOLDER
        self._synced: set[Path] = set()
        try:
            for made in (self._root, self._new):  # `parents` would not pass the mode on.
                made.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(self._root)
            _sync_folder(self._root.parent)
            self.sweep()
        except (OSError, StorageError) as error:
            raise SettingsError(
                "photos_unusable", f"The photo folder {folder} cannot be used: {error}."
            ) from error

    def put(self, data: bytes) -> str:
        """Write beside, sync, rename, sync the folder."""
        sha256 = new_sha256(data).hexdigest()
        unfinished = self._new / f"{sha256}.{uuid4().hex}"
        target = self._path(sha256)
        try:
            self._make_folder(target.parent)
            # A photo that is there already is written again: that heals a damaged one, and leaves
            # no doubt whether another thread has synced it yet.
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            unfinished.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise translate_os_error(error, "stored") from error
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return sha256

    def get(self, sha256: str) -> bytes:
        """Read it and check its hash."""
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("photo", sha256) from error
        except OSError as error:
            raise translate_os_error(error, "read") from error
        return check_content(sha256, data)

    def delete(self, sha256: str) -> None:
        """Unlink it and sync its folder."""
        path = self._path(sha256)
        try:
            path.unlink()
            _sync_folder(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise translate_os_error(error, "deleted") from error

    def exists(self, sha256: str) -> bool:
        """Look for the file."""
        try:
            self.size(sha256)
        except NotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        """Ask the file system."""
        return self._facts(sha256).st_size

    def age_s(self, sha256: str) -> float:
        """Ask the file system."""
        return time.time() - self._facts(sha256).st_mtime

    def names(self) -> Iterator[str]:
        """Walk the folders in order."""
        for outer in _list_folder(self._root):
            if len(outer) != 2:
                continue
            for inner in _list_folder(self._root / outer):
                for name in _list_folder(self._root / outer / inner):
                    if NAME_PATTERN.fullmatch(name):
                        yield name

    def free_bytes(self) -> int:
        """Return what an ordinary user may still write."""
        try:
            space = os.statvfs(self._root)
        except OSError as error:
            raise translate_os_error(error, "measured") from error
        return space.f_bavail * space.f_frsize

    def sweep(self) -> int:
        """Remove unfinished files older than an hour: nobody writes that long."""
        oldest = time.time() - STALE_AFTER_S  # The file system's clock, not the service's.
        removed = 0
        for name in _list_folder(self._new):
            path = self._new / name
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
            except OSError as error:
                raise translate_os_error(error, "deleted") from error
        return removed

    def path_of(self, sha256: str) -> Path:
        """Return where a photo lies or would lie: for a backup, which links files."""
        return self._path(sha256)

    def _facts(self, sha256: str) -> os.stat_result:
        try:
            return self._path(sha256).stat()
        except FileNotFoundError as error:
            raise NotFoundError("photo", sha256) from error
        except OSError as error:
            raise translate_os_error(error, "read") from error

    def _path(self, sha256: str) -> Path:
        check_name(sha256)
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _make_folder(self, folder: Path) -> None:
        """Make the two folders of a photo; they survive a power cut."""
        if folder in self._synced and folder.is_dir():
            return
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        # Also where another thread has just made them and not synced yet.
        _sync_folder(self._root)
        _sync_folder(folder.parent)
        self._synced.add(folder)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _list_folder(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise translate_os_error(error, "listed") from error
