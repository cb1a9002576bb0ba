"""Scripts, styles and pictures of the pages: in memory, compressed, under names that change."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("static")
PREFIX: Final = "/static"
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""Of what is served; anything else in the folder, such as a LICENSE, is text."""
TEXT: Final = "text/plain; charset=utf-8"
LEAST_GAIN: Final = 0.9
"""A compressed file that is hardly smaller is sent as it is: PNG is compressed already."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    data: bytes
    compressed: bytes | None
    """By gzip; None: not worth it."""
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files, and the release that they are of."""

    release: str
    """Changes when any file does. It stands in front of the names, so that browsers may keep
    files for ever and scripts and styles may still name each other by relative paths."""
    files: Mapping[str, Asset]
    """By path below the folder, such as js/map.js."""

    def address(self, name: str) -> str:
        """Return where a file is served.

        Raises:
            KeyError: There is none of this name: a slip in a template.
        """
        if name not in self.files:
            raise KeyError(f"there is no asset {name!r}")
        return f"{PREFIX}/{self.release}/{name}"


def load_assets(folder: Path = FOLDER) -> Assets:
    """Read every file of the folder: well under a megabyte in all."""
    digest = hashlib.sha256()
    files: dict[str, Asset] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        data = path.read_bytes()
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
        small = gzip.compress(data, 9, mtime=0)
        compressed = small if len(small) < LEAST_GAIN * len(data) else None
        files[name] = Asset(data, compressed, MEDIA_TYPES.get(path.suffix, TEXT))
    return Assets(digest.hexdigest()[:12], files)
