"""Photos behind any URL that fsspec knows: S3-compatible storage above all."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256 as new_sha256
from typing import Any, Final

from api.errors import NotFoundError, SettingsError, StorageError, StorageFullError
from api.photos.store import NAME_PATTERN, check_content, check_name, translate_os_error

FULL_WORDS: Final = ("storagefull", "quota", "no space left", "insufficientstorage")
"""How S3-compatible servers say that they are full: MinIO, Ceph, Garage, SeaweedFS."""


class FsspecPhotoStore:
    """A file system of fsspec: ab/cd/SHA256 below the URL's path.

    On S3 a put is one request, which stores the whole object or nothing. File systems that write
    in place may keep half a photo of a process that died; nothing refers to it, its hash gives it
    away, and the next put of the same photo writes over it.
    """

    def __init__(self, url: str) -> None:
        """Make the file system; S3 is not asked yet.

        Raises:
            SettingsError: fsspec does not know the URL, or a package for it is missing.
        """
        import fsspec  # type: ignore[import-untyped] # It ships no types.

        try:
            if "://" not in url:  # fsspec would take it for a folder.
                raise ValueError("no scheme")
            # Lists kept in memory would hide what other replicas store and delete.
            self._files, root = fsspec.core.url_to_fs(
                url, use_listings_cache=False, skip_instance_cache=True
            )
        except Exception as error:  # Each of fsspec's file systems has errors of its own.
            raise SettingsError(
                "photos_url_invalid",
                f"The photos' URL cannot be used: {type(error).__name__}.",
                "Write a URL such as s3://bucket/prefix "
                '(which needs pip install "street-issue-detector[s3]").',
            ) from error
        self._root = str(root).rstrip("/")

    def put(self, data: bytes) -> str:
        """Write it in one request."""
        sha256 = new_sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(path, data)
        except Exception as error:
            self._forget_half(path, len(data))
            raise _translate(error, sha256, "stored") from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """Read it and check its hash."""
        data: bytes = self._ask("cat_file", sha256, "read")
        return check_content(sha256, data)

    def delete(self, sha256: str) -> None:
        """Remove it."""
        try:
            self._ask("rm_file", sha256, "deleted")
        except NotFoundError:
            return

    def exists(self, sha256: str) -> bool:
        """Ask for its description, because fsspec's own question takes every error for a no."""
        try:
            self._ask("info", sha256, "read")
        except NotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        """Ask for its description."""
        return int(self._ask("info", sha256, "read")["size"])

    def age_s(self, sha256: str) -> float:
        """Ask when it was written."""
        written: datetime = self._ask("modified", sha256, "read")
        if written.tzinfo is None:
            written = written.replace(tzinfo=UTC)
        return time.time() - written.timestamp()

    def names(self) -> Iterator[str]:
        """List everything; on S3 in pages of a thousand."""
        try:
            found = self._files.find(self._root)
        except FileNotFoundError:
            return
        except Exception as error:
            raise _translate(error, "", "listed") from error
        names = (str(path).rpartition("/")[2] for path in found)
        yield from sorted(name for name in names if NAME_PATTERN.fullmatch(name))

    def free_bytes(self) -> int | None:
        """Nobody can tell."""
        return None

    def sweep(self) -> int:
        """Nothing unfinished is left: a put is one request."""
        return 0

    def _path(self, sha256: str) -> str:
        check_name(sha256)
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _ask(self, method: str, sha256: str, doing: str) -> Any:
        path = self._path(sha256)
        try:
            return getattr(self._files, method)(path)
        except Exception as error:
            raise _translate(error, sha256, doing) from error

    def _forget_half(self, path: str, size_bytes: int) -> None:
        """Remove what a put that failed left, if it is shorter than it should be."""
        try:
            if self._files.info(path)["size"] != size_bytes:
                self._files.rm_file(path)
        except Exception:  # It failed before: what matters is that error.
            return


def _translate(error: Exception, sha256: str, doing: str) -> NotFoundError | StorageError:
    if isinstance(error, FileNotFoundError) and doing != "stored":
        return NotFoundError("photo", sha256)
    words = str(error).lower().replace(" ", "")
    if any(word.replace(" ", "") in words for word in FULL_WORDS):
        return StorageFullError(
            "storage_full",
            "No space is left for photos.",
            "Nothing was stored. Free some space, then send it again.",
            retry_after_s=60,
        )
    if isinstance(error, OSError):
        return translate_os_error(error, doing)
    return StorageError(
        "photos_unavailable",
        f"The photo cannot be {doing}: {type(error).__name__}.",
        retry_after_s=5,
    )
