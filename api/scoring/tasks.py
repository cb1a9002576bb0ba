"""What the service and its worker processes say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.scoring.base import Comparison, PictureRequest, Scored
from detector.detections import ModelReference


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """How a worker is to set itself up."""

    model: str = "default"
    """Name or folder of a bundle."""
    shadow_model: Path | None = None
    runtime: str = "auto"
    threads: int = 1
    """For the runtime and OpenCV, of one worker."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """A bureau's; labels it does not name keep the bundle's."""
    max_photo_bytes: int = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScoreTask:
    """Score the one photo that comes along."""

    source: str
    to_keep: bool = True
    """Also hash it, and ask the candidate model."""


@dataclass(frozen=True, slots=True)
class PictureTask:
    """Make a picture that may be shown of the one photo that comes along."""

    request: PictureRequest


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Compare the two photos that come along, before and after."""


Task = ScoreTask | PictureTask | CompareTask
Result = Scored | bytes | Comparison


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker is set up."""

    model: ModelReference
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """The worker has a task's photos and begins: from here on a death may be theirs."""


@dataclass(frozen=True, slots=True)
class Done:
    """A task's result."""

    result: Result
    is_last: bool = True
    """False: a better one follows, but this one stands if it does not come."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no result; errors with a code, in parts, because not all errors pickle."""

    code: str
    message: str
    hint: str
    is_photo_fault: bool = False


Answer = Ready | Taken | Done | Failed
