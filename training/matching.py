"""Predicted boxes against marked ones: matching, average precision, recall. Pure numpy.

Average precision is COCO's: greedy matching best score first, precision made monotone, mean over
101 recall levels (cocodataset.org/#detection-eval).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.arrays import BoxArray, ScoreArray
from detector.geometry import box_iou

RECALL_LEVELS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class PictureMatch:
    """One label in one picture."""

    scores: npt.NDArray[np.float64]
    """(N,) of predicted boxes, descending."""
    hits: npt.NDArray[np.bool_]
    """(N,) whether each took a marked box of its own."""
    n_marked: int


def match_picture(
    predicted_xyxy: BoxArray, scores: ScoreArray, marked_xyxy: BoxArray, min_iou: float
) -> PictureMatch:
    """Give each predicted box, best first, the free marked box it overlaps most.

    Args:
        predicted_xyxy: float32 (N, 4).
        scores: float32 (N,).
        marked_xyxy: float32 (M, 4), same frame.
        min_iou: Least overlap of a hit.
    """
    order = np.argsort(-scores, kind="stable")
    iou = box_iou(predicted_xyxy[order], marked_xyxy)
    free = np.ones(len(marked_xyxy), np.bool_)
    hits = np.zeros(len(order), np.bool_)
    for i, row in enumerate(iou):
        candidates = np.where(free, row, -1.0)
        if len(candidates) and candidates.max() >= min_iou:
            free[candidates.argmax()] = False
            hits[i] = True
    return PictureMatch(scores[order].astype(np.float64), hits, len(marked_xyxy))


def average_precision(matches: list[PictureMatch]) -> float | None:
    """Return COCO's average precision in [0, 1]; None where nothing is marked."""
    n_marked = sum(match.n_marked for match in matches)
    if n_marked == 0:
        return None
    scores = np.concatenate([match.scores for match in matches])
    hits = np.concatenate([match.hits for match in matches])[np.argsort(-scores, kind="stable")]
    if not len(hits):
        return 0.0
    true = np.cumsum(hits)
    recall = true / n_marked
    precision = true / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALL_LEVELS, side="left")
    return float(np.append(envelope, 0.0)[at].mean())


def bootstrap_interval(
    matches: Sequence[PictureMatch],
    statistic: Callable[[list[PictureMatch]], float | None],
    *,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of a figure over pictures drawn again.

    Pictures, not boxes, are drawn with replacement (Efron's bootstrap): boxes of one picture are
    hit or missed together.

    Args:
        matches: One label's pictures.
        statistic: The figure; None where it is not defined.
        rounds: How often to draw.
        seed: Same seed, same interval.

    Returns:
        Lower and upper end; None where the figure is not defined for the pictures as they are.
    """
    if statistic(list(matches)) is None:
        return None
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(rounds):
        value = statistic([matches[i] for i in rng.integers(0, len(matches), len(matches))])
        # A draw without any marked box tells nothing.
        if value is not None:
            drawn.append(value)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What one threshold gives."""

    hits: int
    false_alarms: int
    n_marked: int
    n_pictures: int

    @property
    def recall(self) -> float | None:
        """Hits over marked boxes."""
        return self.hits / self.n_marked if self.n_marked else None

    @property
    def precision(self) -> float | None:
        """Hits over flagged boxes."""
        flagged = self.hits + self.false_alarms
        return self.hits / flagged if flagged else None


def at_threshold(matches: list[PictureMatch], threshold: float) -> OperatingPoint:
    """Count hits and false alarms at or above a score."""
    hits = sum(int(match.hits[match.scores >= threshold].sum()) for match in matches)
    flagged = sum(int((match.scores >= threshold).sum()) for match in matches)
    n_marked = sum(match.n_marked for match in matches)
    return OperatingPoint(hits, flagged - hits, n_marked, len(matches))
