"""Blurred pictures, kept for a while so that a list of cases need not blur them again."""

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

from api.photos.store import check_name

MOST_BYTES: Final = 1024 * 1024 * 1024
"""Some ten thousand pictures as large as a screen."""
SHARES: Final = 256
"""Folders, each kept below its share: to bound the whole, only one has to be counted."""
KEPT_S: Final = 24 * 3600.0

_log = logging.getLogger(__name__)


class PictureCache:
    """A folder of this machine. Safe to use from several threads and processes.

    What cannot be read or written here is made anew: trouble is logged, never raised.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Take the folder, which is made when the first picture comes."""
        self._root = folder
        self._most_bytes = most_bytes // SHARES

    def get(self, sha256: str, request: str) -> bytes | None:
        """Return the picture of a photo that was made for this request, if it is here."""
        path = self._path(sha256, request)
        try:
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("a cached picture cannot be read", extra={"error": str(error)})
            return None
        return data

    def put(self, sha256: str, request: str, data: bytes) -> None:
        """Keep a picture; the ones not asked for the longest make room for it."""
        path = self._path(sha256, request)
        unfinished = path.with_name(f"new.{uuid4().hex}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(path.parent, len(data))
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            _log.warning("a picture cannot be cached", extra={"error": str(error)})

    def forget(self, sha256: str) -> int:
        """Remove every picture of a photo; return how many."""
        check_name(sha256)
        gone = 0
        for path in self._files(self._root / sha256[:2]):
            if path.name.startswith(sha256):
                gone += _unlink(path)
        return gone

    def expire(self, kept_s: float = KEPT_S) -> int:
        """Remove pictures that nobody asked for in this time; return how many."""
        oldest = time.time() - kept_s  # The file system's clock, not the service's.
        gone = 0
        for path in self._all_files():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    gone += _unlink(path)
        return gone

    def photos(self) -> tuple[str, ...]:
        """Return the photos of which there are pictures."""
        return tuple(sorted({path.name.partition(".")[0] for path in self._all_files()} - {"new"}))

    def _path(self, sha256: str, request: str) -> Path:
        check_name(sha256)
        key = new_sha256(request.encode()).hexdigest()[:32]
        return self._root / sha256[:2] / f"{sha256}.{key}"

    def _make_room(self, folder: Path, size_bytes: int) -> None:
        sizes = []
        for path in self._files(folder):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                sizes.append((facts.st_mtime_ns, facts.st_size, path))
        total = sum(size for _, size, _ in sizes) + size_bytes
        for _, size, path in sorted(sizes):
            if total <= self._most_bytes:
                return
            _unlink(path)
            total -= size

    def _all_files(self) -> Iterator[Path]:
        for folder in self._files(self._root):
            yield from self._files(folder)

    def _files(self, folder: Path) -> list[Path]:
        try:
            return sorted(folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []


def _unlink(path: Path) -> int:
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        _log.warning("a cached picture cannot be removed", extra={"error": str(error)})
        return 0
    return 1
