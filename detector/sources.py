"""Where photos come from: the one place where paths become bytes."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from detector.errors import PhotoError
from detector.photo_header import EXTENSIONS

PHOTO_ENDINGS = frozenset(f".{ending}" for endings in EXTENSIONS.values() for ending in endings)


class PhotoSource(Protocol):
    """A photo that can be read when its turn comes."""

    @property
    def name(self) -> str:
        """How the caller knows it."""
        ...

    def read(self, max_bytes: int) -> bytes:
        """Return the file's bytes.

        Args:
            max_bytes: At most one byte more than this is read: enough to see it is too large.

        Raises:
            PhotoError: unreadable.
        """
        ...


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file."""

    path: Path

    @property
    def name(self) -> str:
        """The path as given."""
        return str(self.path)

    def read(self, max_bytes: int) -> bytes:
        """See `PhotoSource.read`."""
        try:
            # Opening a pipe would wait for a writer for ever, and a device has no end.
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise PhotoError(
                    "unreadable", f"{self.path} is not a file.", "Name a photo or a folder."
                )
            with self.path.open("rb") as stream:
                return stream.read(max_bytes + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path.
            raise _unreadable(self.path, error) from error


@dataclass(frozen=True, slots=True)
class UnreadableSource:
    """A path that could not even be listed: kept, so that it is reported and not forgotten."""

    path: Path
    reason: OSError | ValueError

    @property
    def name(self) -> str:
        """The path as given."""
        return str(self.path)

    def read(self, max_bytes: int) -> bytes:  # noqa: ARG002  the protocol's signature
        """Raise what listing the path raised."""
        raise _unreadable(self.path, self.reason) from self.reason


def _unreadable(path: Path, error: OSError | ValueError) -> PhotoError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return PhotoError(
        "unreadable",
        f"{path} cannot be read: {reason}.",
        "Check that it exists and that this user may read it.",
    )


def find_photos(paths: Iterable[Path]) -> Iterator[PhotoSource]:
    """List photos: files as named, folders with all below them in sorted order.

    A file that is named is taken whatever its ending; in folders only files with a photo's
    ending count, and what is hidden is passed over, as are links to folders (they may go round
    in circles).

    Args:
        paths: Files and folders.

    Yields:
        Sources; a path that cannot be listed becomes a source that fails when read.
    """
    for path in paths:
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError) as error:
            yield UnreadableSource(path, error)
            continue
        if is_folder:
            yield from _walk(path)
        else:
            yield PathSource(path)


def _walk(folder: Path) -> Iterator[PhotoSource]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield UnreadableSource(folder, error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path)
        elif path.suffix.lower() in PHOTO_ENDINGS and not entry.is_dir():
            yield PathSource(path)
