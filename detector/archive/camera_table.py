"""`--cameras FILE.csv`: cameras, starts, time zones and clock offsets by path."""

import csv
import fnmatch
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, Self

from detector.camera.times import CHINA_STANDARD_TIME, parse_timezone
from detector.errors import UsageError

COLUMNS: Final = ("path", "camera", "start", "timezone", "clock_offset_s")
MOST_OFFSET_S: Final = 366 * 86400.0
"""A clock that is off by more than a year was never set."""


@dataclass(frozen=True, slots=True)
class CameraRow:
    """One row of the table."""

    camera: str | None = None
    start_at: datetime | None = None
    """UTC, by the camera's clock."""
    zone: tzinfo | None = None
    """Of times that do not say theirs."""
    clock_offset_s: float = 0.0
    """Added to the camera's clock to get the right time."""


@dataclass(frozen=True, slots=True)
class CameraTable:
    """Rows by path; the first row that fits counts."""

    exact: Mapping[str, tuple[int, CameraRow]] = field(default_factory=dict)
    """By whole path, with the row's number: a table may hold a row for each file."""
    folders: Mapping[str, tuple[int, CameraRow]] = field(default_factory=dict)
    """By folder, of rows such as `site/cam1/*`."""
    globs: tuple[tuple[int, re.Pattern[str], CameraRow], ...] = ()
    """The others."""

    @classmethod
    def of(cls, rows: Iterable[tuple[str, CameraRow]]) -> Self:
        """Index rows by their paths: exact, or with `*`, `?` and `[...]`; `*` spans folders too."""
        exact: dict[str, tuple[int, CameraRow]] = {}
        folders: dict[str, tuple[int, CameraRow]] = {}
        globs = []
        for number, (path, row) in enumerate(rows):
            if not _is_glob(path):
                exact.setdefault(path, (number, row))
            elif path.endswith("/*") and not _is_glob(path[:-2]):
                folders.setdefault(path[:-2], (number, row))
            else:
                globs.append((number, re.compile(fnmatch.translate(path)), row))
        return cls(exact, folders, tuple(globs))

    def find(self, path: str) -> CameraRow | None:
        """Return the first row that fits a path relative to its root."""
        if not (self.exact or self.folders or self.globs):
            return None
        found = [self.exact[path]] if path in self.exact else []
        if self.folders:
            end = path.rfind("/")
            while end > 0:
                if path[:end] in self.folders:
                    found.append(self.folders[path[:end]])
                end = path.rfind("/", 0, end)
        first = min(found, key=lambda one: one[0], default=None)
        for number, expression, row in self.globs:
            if first is not None and number > first[0]:
                break
            if expression.match(path):
                return row
        return None if first is None else first[1]


def read_camera_table(path: Path, zone: tzinfo = CHINA_STANDARD_TIME) -> CameraTable:
    """Read the table.

    Args:
        path: A CSV file in UTF-8 with a head line; columns `path`, `camera`, and where wanted
            `start` (ISO 8601), `timezone`, `clock_offset_s`. An empty cell says nothing.
        zone: Of a start that does not say its own, where the row has none.

    Raises:
        UsageError: It cannot be read, or a row is not as it should be; names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return CameraTable.of(_read_rows(csv.reader(stream, strict=True), path, zone))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV file in UTF-8: {error}.") from error


def _read_rows(
    lines: Iterable[list[str]], path: Path, zone: tzinfo
) -> Iterable[tuple[str, CameraRow]]:
    head: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if not head:
            head = _check_head(cells, path)
            continue
        try:
            if len(cells) > len(head):
                raise UsageError(f"there are {len(cells)} cells under {len(head)} columns.")
            yield _read_row(dict(zip(head, cells, strict=False)), zone)
        except UsageError as error:
            raise UsageError(f"{path}, line {number}: {error.message}", error.hint) from error
    if not head:
        raise UsageError(f"{path} is empty.", f"Its columns are {', '.join(COLUMNS)}.")


def _check_head(cells: list[str], path: Path) -> list[str]:
    unknown = [cell for cell in cells if cell not in COLUMNS]
    if unknown or "path" not in cells or len(set(cells)) < len(cells):
        raise UsageError(
            f"{path}: the first line must name its columns, each once; it has {', '.join(cells)}.",
            f"Columns are {', '.join(COLUMNS)}; path must be there.",
        )
    return cells


def _read_row(cells: Mapping[str, str], zone: tzinfo) -> tuple[str, CameraRow]:
    path = cells["path"].removeprefix("./")
    if path.endswith("/"):
        path += "*"
    if not path:
        raise UsageError("path is empty.")
    own = parse_timezone(cells["timezone"]) if cells.get("timezone") else None
    start = cells.get("start", "")
    if start and _is_glob(path):
        raise UsageError(f"a start is of one file, and {path!r} is of several.")
    return path, CameraRow(
        camera=cells.get("camera") or None,
        start_at=_parse_start(start, own or zone) if start else None,
        zone=own,
        clock_offset_s=_parse_offset(cells.get("clock_offset_s") or "0"),
    )


def _parse_start(text: str, zone: tzinfo) -> datetime:
    try:
        start = datetime.fromisoformat(text)
        return (start if start.tzinfo else start.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time.", "Write it such as 2026-03-02T08:15:00 or with +08:00."
        ) from None


def _parse_offset(text: str) -> float:
    try:
        offset = float(text)
    except ValueError:
        offset = math.nan
    if not abs(offset) <= MOST_OFFSET_S:
        raise UsageError(f"clock_offset_s is {text!r}, no number of seconds within a year.")
    return offset


def _is_glob(path: str) -> bool:
    return any(sign in path for sign in "*?[")
