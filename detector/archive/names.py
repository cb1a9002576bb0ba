"""Which camera a file is of and when it began: from a table, a pattern, or the names alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final

from detector.archive.camera_table import CameraRow, CameraTable
from detector.archive.name_pattern import NamePattern
from detector.archive.name_times import StartFrom, find_channel, find_time
from detector.camera.times import CHINA_STANDARD_TIME

__all__ = ["CameraRow", "CameraTable", "NameFacts", "NamePattern", "NameRules"]

PHONE_NAMES: Final = re.compile(
    r"(?i)(?:img|pxl|dsc|dcim|p|mmexport|wx_camera|screenshot|photo|image|微信图片|wechat)[-_ ]?\d"
)
"""How phones and WeChat name their photos, with the time: they are citizens', not a camera's."""


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What the names tell about one file."""

    camera: str | None
    start_at: datetime | None
    """UTC."""
    start_from: StartFrom | None
    told: bool
    """A pattern or a table named the camera; else it was guessed from folders and stem."""
    rest: str | None = None
    """The stem without the time that it bears; None: it bears none, or is named as phones do."""

    @property
    def series(self) -> str | None:
        """Of photos: what is equal in the names of one camera's frames; None: not like them."""
        return None if self.rest is None else re.sub(r"\d+", "#", self.rest)


@dataclass(frozen=True, slots=True)
class NameRules:
    """How names are read. A table's row goes before the pattern, the pattern before a guess."""

    pattern: NamePattern | None = None
    table: CameraTable = field(default_factory=CameraTable)
    zone: tzinfo = CHINA_STANDARD_TIME
    """Of times that do not say theirs."""

    def read(self, path: str, prefix: str = "", root_name: str = "camera") -> NameFacts:
        """Read one path.

        Args:
            path: Relative to its root, with slashes.
            prefix: What tells the root from other roots, put before a guessed camera.
            root_name: The camera's code where the path tells nothing, such as `20260302.mp4`.
        """
        *folders, last = path.split("/")
        stem = last.rpartition(".")[0] or last
        row = self.table.find(path)
        zone = (row.zone if row else None) or self.zone
        found = find_time(tuple(folders), stem, zone)
        camera = _guess_camera(found.folders, found.stem, prefix) or root_name
        start, told = found.start_at, False
        start_from: StartFrom | None = None if start is None else "name"
        if self.pattern is not None:
            fits = self.pattern.read("/".join((*folders, stem)), zone)
            if fits is not None:
                camera, told = fits[0] or camera, fits[0] is not None
                start, start_from = (fits[1], "pattern") if fits[1] else (start, start_from)
        if row is not None:
            camera, told = row.camera or camera, told or row.camera is not None
            start, start_from = (row.start_at, "csv") if row.start_at else (start, start_from)
            if start is not None:
                start += timedelta(seconds=row.clock_offset_s)
        rest = None
        if found.start_at is not None and folders and not PHONE_NAMES.match(stem):
            rest = found.stem
        return NameFacts(camera, start, start_from, told, rest)


def _guess_camera(folders: Sequence[str], stem: str, prefix: str) -> str:
    """Put a camera's code together from what is left of a path without its times.

    It is the folder, because a recorder's counters stand in the stem; but two channels in one
    folder are two cameras. In the root it is the stem.
    """
    parts = [prefix] if prefix else []
    if not folders:
        return "/".join((*parts, stem)) if stem else prefix
    parts += folders
    channel = find_channel(stem)
    if channel and channel != parts[-1]:
        parts.append(channel)
    return "/".join(parts)
