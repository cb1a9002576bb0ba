"""What a scan writes down, as values."""

from dataclasses import dataclass
from datetime import datetime

from detector.camera.looks import Sighting


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding of one scored frame or photo."""

    camera: str | None
    """None: a photo of no fixed camera."""
    source: str
    """The file, relative to the archive it was found in."""
    timestamp_s: float
    """Seconds into the file; 0 for a photo."""
    captured_at: datetime | None
    """UTC; None where unknown."""
    sighting: Sighting
    image_wh: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CameraSpan:
    """A stretch of footage that was looked through."""

    camera: str
    source: str
    started_s: float
    """On the camera's timeline: since 1970 where the time is known, else seconds into the file."""
    ended_s: float
    started_at: datetime | None
    """UTC; None where unknown."""
    looks: int
    scored: int
    """Of the looks: those that the model saw."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What was wrong with a file."""

    source: str
    code: str
    message: str
    hint: str = ""
    at_s: float | None = None
    """Seconds into the file."""
    fatal: bool = True
    """True: the file, or the rest of it, was not looked through."""


@dataclass(frozen=True, slots=True)
class CameraStateRow:
    """A camera's state from here on, until the next row of the same camera."""

    camera: str
    state: str
    """live, frozen, black, blurred, moved or offline."""
    at_s: float
    """On the camera's timeline: since 1970 where the time is known, else seconds into the file."""
    captured_at: datetime | None
    """UTC; None where unknown."""
    reason: str = ""
    """What was measured, in words."""
    source: str | None = None
    """The file, where its time is unknown: such a file is a timeline of its own."""
