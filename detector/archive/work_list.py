"""The work list of an archive: every video and photo below its roots, in one stable order."""

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from detector.archive.name_times import StartFrom
from detector.archive.names import NameFacts, NameRules
from detector.archive.roots import Root, name_roots, valid_text
from detector.archive.rows import FileProblem
from detector.camera.stream import VIDEO_ENDINGS
from detector.sources import PHOTO_ENDINGS

ItemKind = Literal["video", "photo"]

PASSED_OVER: Final = frozenset(
    {"@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""Folders that storage keeps for itself, with thumbnails and what was deleted."""


MOST_KEPT: Final = 10_000
"""Names of one folder that are not read twice; of a larger folder the others are."""


@dataclass(frozen=True, slots=True)
class ArchiveItem:
    """One file of an archive."""

    path: Path
    name: str
    """Relative to its root, with slashes, unique in the archive; what outputs call `source`."""
    kind: ItemKind
    size: int
    """Bytes."""
    mtime_ns: int
    camera: str | None
    """None: a photo of no fixed camera."""
    start_at: datetime | None
    """UTC; of the first frame, or of the photo. None where the names do not tell."""
    start_from: StartFrom | None

    @property
    def timeline(self) -> str | None:
        """Whose time it shares.

        Where the time is known, the camera's; a video without one stands alone under its own
        name; a photo without one is on no timeline.
        """
        if self.start_at is not None:
            return self.camera
        return self.name if self.kind == "video" else None


def list_archive(
    roots: Iterable[Path], rules: NameRules, passed_over: Collection[Path] = ()
) -> Iterator[ArchiveItem | FileProblem]:
    """List the videos and photos of an archive.

    Folders are walked in sorted order. What is hidden is passed over, as are links to folders
    (they may go round in circles) and files without a video's or photo's ending; a file that is
    named itself counts whatever its ending.

    Args:
        roots: Folders and files. Of several, each one's label goes before the names of its files.
        rules: How names tell camera and time.
        passed_over: Folders to leave out, such as the scan's own output.

    Returns:
        Items one by one, with no more in memory than the names of one folder; a folder or file
        that cannot be read is a problem in its place.

    Raises:
        UsageError: A root is not there. Said at once, not when the first item is asked for.
    """
    named = name_roots(roots)
    left_out = frozenset(os.fspath(folder.resolve()) for folder in passed_over)
    return _list_roots(named, rules, left_out)


def _list_roots(
    roots: Sequence[Root], rules: NameRules, left_out: frozenset[str]
) -> Iterator[ArchiveItem | FileProblem]:
    for root in roots:
        prefix = root.label if len(roots) > 1 else ""
        lister = _Lister(root, prefix, rules, left_out)
        if root.is_folder:
            yield from lister.walk(os.fspath(root.path), "")
        else:
            yield lister.list_file(os.fspath(root.path), root.path.name, root.label)


@dataclass(frozen=True, slots=True)
class _Lister:
    root: Root
    prefix: str
    rules: NameRules
    left_out: frozenset[str]

    def walk(self, folder: str, inside: str) -> Iterator[ArchiveItem | FileProblem]:
        """Walk a folder; `inside` is its path below the root, empty or with a slash at its end."""
        if folder in self.left_out:
            return
        folders, files = set[str](), list[str]()
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    if entry.name.startswith(".") or entry.name in PASSED_OVER:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.add(entry.name)
                    elif _kind_of(entry.name) is not None and not _is_linked_folder(entry):
                        files.append(entry.name)
        except OSError as error:
            name = self._name(inside.rstrip("/") or self.root.label)
            yield _unreadable(name, "The folder", error)
            return
        files.sort()
        read: dict[str, NameFacts] = {}
        series = self._is_series(inside, files, read)
        names = sorted((*files, *folders)) if folders else files
        for name in names:
            path = f"{folder}/{name}" if folder != "/" else f"/{name}"
            if name in folders:
                yield from self.walk(path, f"{inside}{name}/")
            else:
                told = self._name(_tell_apart(path, inside, name))
                facts = read.pop(name, None) or self._read(inside + name)
                yield _stat(path, told, facts, series)

    def list_file(self, path: str, inside: str, label: str) -> ArchiveItem | FileProblem:
        """List one file that is a root itself."""
        told = label if self.prefix else valid_text(inside)
        return _stat(path, told, self._read(inside), False)

    def _name(self, inside: str) -> str:
        return f"{self.prefix}/{valid_text(inside)}" if self.prefix else valid_text(inside)

    def _read(self, inside: str) -> NameFacts:
        return self.rules.read(valid_text(inside), self.prefix, self.prefix or self.root.path.name)

    def _is_series(self, inside: str, files: Sequence[str], read: dict[str, NameFacts]) -> bool:
        """Tell whether the photos of a folder are one camera's frames, by their names alone.

        They are where each bears its time, two or more, all named alike. One photo named
        otherwise, and people have put them there. What was read of the first names is kept.
        """
        if not inside:
            return False
        first, count = None, 0
        for name in files:
            if _kind_of(name) != "photo":
                continue
            facts = self._read(inside + name)
            if len(read) < MOST_KEPT:
                read[name] = facts
            series = facts.series
            if series is None or (first is not None and series != first):
                return False
            first, count = series, count + 1
        return count > 1


def _stat(path: str, name: str, told: NameFacts, series: bool) -> ArchiveItem | FileProblem:
    try:
        facts = os.stat(path)
    except OSError as error:
        return _unreadable(name, "The file", error)
    if not stat.S_ISREG(facts.st_mode):
        return FileProblem(name, "unreadable", "It is no file.", "Name videos and photos.")
    kind = _kind_of(path) or "video"
    camera, start, start_from = told.camera, told.start_at, told.start_from
    if kind == "photo" and not told.told and not series:
        # A citizen's photo: its time is the one in its EXIF, if any.
        camera = start = start_from = None
    return ArchiveItem(
        Path(path), name, kind, facts.st_size, facts.st_mtime_ns, camera, start, start_from
    )


def _kind_of(name: str) -> ItemKind | None:
    ending = name[name.rfind(".") :].lower()
    if ending in VIDEO_ENDINGS:
        return "video"
    return "photo" if ending in PHOTO_ENDINGS else None


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and os.path.isdir(entry.path)


def _tell_apart(path: str, inside: str, name: str) -> str:
    """Return the path below the root; where escapes make it that of another file, with a ~."""
    valid = valid_text(name)
    if valid != name and os.path.lexists(path[: -len(name)] + valid):
        return f"{inside}{valid}~"
    return inside + name


def _unreadable(name: str, what: str, error: OSError) -> FileProblem:
    return FileProblem(
        name,
        "unreadable",
        f"{what} cannot be read: {error.strerror or type(error).__name__}.",
        "Check that it is there and that this user may read it.",
    )
