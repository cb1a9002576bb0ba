"""What goes into the journal and comes out of it, as values."""

from dataclasses import dataclass
from enum import IntEnum

from detector.archive.work_list import ArchiveItem

PHOTOS_PER_CHUNK = 256
"""Some seconds of work, so that little is done again after a crash, and few commits."""


class State(IntEnum):
    """Of a chunk."""

    TODO = 0
    DONE = 1
    FAILED = 2
    GONE = 3
    """Its file vanished before its turn."""


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """A piece of work: a stretch of one video, or some photos of one camera or of none."""

    key: str
    """Names the piece within its journal; never used for another one."""
    files: tuple[ArchiveItem, ...]
    """One video, or up to `PHOTOS_PER_CHUNK` photos in time order."""
    number: int = 0
    """Of the stretch within its video, from 0."""
    start_s: float = 0.0
    """The stretch owns the frames from here ..."""
    end_s: float | None = None
    """... to before here; None: to the end of the file. The first stretch of a video whose length
    is not known yet ends where a second one would begin: who finds that there is none goes on to
    the end of the file.
    """
    rebase: bool = False
    """The video's times jump back: it is read in one piece, and its timeline mended."""
    only_count: bool = False
    """Of the first stretch: only tell how many there are, and look at nothing."""

    @property
    def kind(self) -> str:
        """`video` or `photo`."""
        return self.files[0].kind


@dataclass(frozen=True, slots=True)
class Entered:
    """What a listing brought."""

    new: int
    changed: int
    """Other size, time, camera or start than noted: looked through again."""
    known: int
    vanished: int
    """Noted before, not there now."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the scan is."""

    files: int = 0
    """Videos and photos that were listed, vanished ones too."""
    files_done: int = 0
    """Of them: looked through to the end, or given up."""
    files_failed: int = 0
    """Of those done: with a fatal problem."""
    chunks_todo: int = 0
    chunks_done: int = 0
    chunks_failed: int = 0
    frames_decoded: int = 0
    scored: int = 0
    looks: int = 0
    footage_s: float = 0.0
    """Length of the videos whose headers were read."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as it is read again."""

    item: ArchiveItem
    rebase: bool
    """Its times jump back; see `ChunkTask.rebase`."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the files are."""

    videos: int
    photos: int
    """Frames of cameras included."""
    citizen_photos: int
    """Photos of no fixed camera."""
    bytes_todo: float
    """Of what is left to look through; of a video begun, its share."""
