"""What the detector sees, and what the pipeline says about a picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from detector.arrays import BoxArray, ClassIdArray, IndexArray, ScoreArray, frozen
from detector.errors import GeometryError
from detector.photo_facts import PhotoFacts

Severity = Literal["small", "medium", "large"]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes in one picture, best first; arrays are read-only."""

    boxes_xyxy: BoxArray
    """float32 (N, 4), pixels of the picture, 0 <= x1 < x2 <= W, 0 <= y1 < y2 <= H."""
    scores: ScoreArray
    """float32 (N,), in [0, 1], descending."""
    class_ids: ClassIdArray
    """int64 (N,), index into `labels`."""
    labels: tuple[str, ...]
    """Text of each class."""

    def __post_init__(self) -> None:
        """Check shapes, dtypes and ranges, and make the arrays read-only.

        Raises:
            GeometryError: A shape, dtype, range or order is not as stated.
        """
        n = len(self.scores)
        if self.boxes_xyxy.shape != (n, 4) or self.class_ids.shape != (n,):
            raise GeometryError(
                f"Shapes disagree: boxes {self.boxes_xyxy.shape}, scores {self.scores.shape}, "
                f"class ids {self.class_ids.shape}."
            )
        if self.boxes_xyxy.dtype != np.float32 or self.scores.dtype != np.float32:
            raise GeometryError("Boxes and scores must be float32.")
        if self.class_ids.dtype != np.int64:
            raise GeometryError("Class ids must be int64.")
        if n:
            _check_values(self.boxes_xyxy, self.scores, self.class_ids, len(self.labels))
        for name in ("boxes_xyxy", "scores", "class_ids"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: IndexArray) -> "Detections":
        """Return the detections at ascending positions."""
        return Detections(
            self.boxes_xyxy[index], self.scores[index], self.class_ids[index], self.labels
        )

    @classmethod
    def empty(cls, labels: tuple[str, ...]) -> "Detections":
        """Return no detections: the picture was looked at and nothing was seen."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), labels
        )


def _check_values(
    boxes_xyxy: BoxArray, scores: ScoreArray, class_ids: ClassIdArray, n_labels: int
) -> None:
    if not (np.isfinite(boxes_xyxy).all() and np.isfinite(scores).all()):
        raise GeometryError("A box edge or a score is not finite.")
    if (boxes_xyxy[:, :2] < 0).any() or (boxes_xyxy[:, :2] >= boxes_xyxy[:, 2:]).any():
        raise GeometryError("A box has a negative corner or no area.")
    if scores.min() < 0 or scores.max() > 1 or (np.diff(scores) > 0).any():
        raise GeometryError("Scores must lie in [0, 1], best first.")
    if class_ids.min() < 0 or class_ids.max() >= n_labels:
        raise GeometryError(f"A class id lies outside the {n_labels} labels.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One issue, or one piece of context, in a picture."""

    id: str
    """Same for the same picture and model: first 16 hex digits of its sha256, and a number."""
    label: str
    """One of the model's labels."""
    score: float
    """In [0, 1]."""
    box_xyxy: tuple[float, float, float, float]
    """Pixels of the full-size upright picture."""
    flagged: bool
    """The score reaches the label's threshold: it goes to the queue."""
    severity: Severity
    """By the share of the picture that the box covers; limits stand in the bundle."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What else was read from the place, e.g. a poster's text and phone numbers."""


@dataclass(frozen=True, slots=True)
class ScoreWarning:
    """Something odd about a picture that was scored all the same."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Which model gave the answer."""

    name: str
    version: str
    sha256: str
    """Of the network's file."""


@dataclass(frozen=True, slots=True)
class ScoreFailure:
    """Why a picture has no answer. Never read it as "nothing found"."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ImageScore:
    """The answer for one picture."""

    source: str
    """Where the picture came from, as the caller named it."""
    sha256: str | None
    """Of the file's bytes; None if they could not be read."""
    image_wh: tuple[int, int] | None
    """Width and height, full size, upright; None if unknown."""
    findings: tuple[Finding, ...]
    """Issues, best first; empty also when `error` is set, so look at that first."""
    context: tuple[Finding, ...]
    """Context labels, best first."""
    facts: PhotoFacts
    """Time and place of capture, where the file tells."""
    warnings: tuple[ScoreWarning, ...]
    model: ModelReference
    elapsed_ms: float
    """Decoding, inference and judging, without waiting in a queue."""
    error: ScoreFailure | None
    """None: the picture was scored."""
