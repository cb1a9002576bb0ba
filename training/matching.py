"""Predicted boxes against marked ones: matching, average precision, recall. Pure numpy.

Average precision is COCO's: greedy matching best score first, precision made monotone, mean over
101 recall levels (cocodataset.org/#detection-eval).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.arrays import BoxArray
from detector.geometry import box_iou

RECALL_LEVELS = np.linspace(0, 1, 101)
ROUNDS = 1000
"""Draws of a bootstrap: the ends of a 95 % interval then stand on 25 draws each."""

Weights = npt.NDArray[np.float64]
"""(P,) how often each picture counts."""

ExactScores = npt.NDArray[np.float64]
"""(N,) as findings have them: as a float32, 0.7 lies under a threshold of 0.7."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureMatch:
    """One label in one picture."""

    scores: ExactScores
    """(N,) of predicted boxes, descending."""
    hits: npt.NDArray[np.bool_]
    """(N,) whether each took a marked box of its own."""
    n_marked: int


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Which predicted box took which marked one, in one picture."""

    order: npt.NDArray[np.int64]
    """(N,) positions of the predicted boxes, best score first."""
    taken: npt.NDArray[np.int64]
    """(N,) in that order: position of the marked box that each took, -1 for none."""


def assign_boxes(
    predicted_xyxy: BoxArray, scores: ExactScores, marked_xyxy: BoxArray, min_iou: float
) -> Assignment:
    """Give each predicted box, best first, the free marked box it overlaps most.

    Args:
        predicted_xyxy: float32 (N, 4).
        scores: float64 (N,).
        marked_xyxy: float32 (M, 4), same frame.
        min_iou: Least overlap of a hit.
    """
    order = np.argsort(-scores, kind="stable").astype(np.int64)
    iou = box_iou(predicted_xyxy[order], marked_xyxy)
    free = np.ones(len(marked_xyxy), np.bool_)
    taken = np.full(len(order), -1, np.int64)
    for i, row in enumerate(iou):
        candidates = np.where(free, row, -1.0)
        if len(candidates) and candidates.max() >= min_iou:
            taken[i] = candidates.argmax()
            free[taken[i]] = False
    return Assignment(order, taken)


def match_picture(
    predicted_xyxy: BoxArray, scores: ExactScores, marked_xyxy: BoxArray, min_iou: float
) -> PictureMatch:
    """Match one picture's boxes; arguments as `assign_boxes`."""
    found = assign_boxes(predicted_xyxy, scores, marked_xyxy, min_iou)
    return PictureMatch(scores[found.order], found.taken >= 0, len(marked_xyxy))


class Pool:
    """One label's matches on some pictures, laid out so that a figure of them is quick.

    Every figure takes weights of pictures: drawing pictures again is weighing them by how often
    they were drawn.
    """

    def __init__(self, matches: Sequence[PictureMatch]) -> None:
        """Join and sort."""
        empty = [np.zeros(0)]
        scores = np.concatenate([*empty, *(one.scores for one in matches)])
        hits = np.concatenate([*empty, *(one.hits for one in matches)]).astype(np.bool_)
        lengths = [len(one.scores) for one in matches]
        order = np.argsort(-scores, kind="stable")
        self.n_pictures = len(matches)
        self.marked = np.array([one.n_marked for one in matches], np.float64)
        self._scores = scores[order]
        self._hits = hits[order]
        self._pictures = np.repeat(np.arange(len(matches)), lengths)[order]

    def average_precision(self, weights: Weights) -> float | None:
        """Return COCO's average precision in [0, 1]; None where nothing is marked."""
        n_marked = float(weights @ self.marked)
        if n_marked == 0:
            return None
        counts = weights[self._pictures]
        if not counts.any():
            return 0.0
        true = np.cumsum(counts * self._hits)
        precision = true / np.maximum(np.cumsum(counts), 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(true / n_marked, RECALL_LEVELS, side="left")
        return float(np.append(envelope, 0.0)[at].mean())

    def recall(self, weights: Weights, threshold: float) -> float | None:
        """Return hits over marked boxes at a threshold; None where nothing is marked."""
        n_marked = float(weights @ self.marked)
        hits, _ = self._count(weights, threshold)
        return hits / n_marked if n_marked else None

    def precision(self, weights: Weights, threshold: float) -> float | None:
        """Return hits over flagged boxes at a threshold; None where nothing is flagged."""
        hits, flagged = self._count(weights, threshold)
        return hits / flagged if flagged else None

    def _count(self, weights: Weights, threshold: float) -> tuple[float, float]:
        # The scores descend.
        end = int(np.searchsorted(-self._scores, -threshold, side="right"))
        counts = weights[self._pictures[:end]]
        return float(counts @ self._hits[:end]), float(counts.sum())


Statistic = Callable[[Weights], float | None]
"""A figure of some pictures; None where it is not defined."""


def average_precision(matches: Sequence[PictureMatch]) -> float | None:
    """Return COCO's average precision in [0, 1]; None where nothing is marked."""
    return Pool(matches).average_precision(np.ones(len(matches)))


def bootstrap_interval(
    n_pictures: int, statistic: Statistic, *, rounds: int = ROUNDS, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of a figure over pictures drawn again.

    Pictures, not boxes, are drawn with replacement (Efron's bootstrap): boxes of one picture are
    hit or missed together. A statistic that subtracts two models' figures on the same weights
    gives the interval of a paired difference.

    Args:
        n_pictures: How many there are.
        statistic: The figure, of weights.
        rounds: How often to draw.
        seed: Same seed, same interval.

    Returns:
        Lower and upper end; None where the figure is not defined for the pictures as they are.
    """
    if n_pictures == 0 or statistic(np.ones(n_pictures)) is None:
        return None
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(rounds):
        picked = rng.integers(0, n_pictures, n_pictures)
        value = statistic(np.bincount(picked, minlength=n_pictures).astype(np.float64))
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


def at_threshold(matches: Sequence[PictureMatch], threshold: float) -> OperatingPoint:
    """Count hits and false alarms at or above a score."""
    hits = sum(int(match.hits[match.scores >= threshold].sum()) for match in matches)
    flagged = sum(int((match.scores >= threshold).sum()) for match in matches)
    n_marked = sum(match.n_marked for match in matches)
    return OperatingPoint(hits, flagged - hits, n_marked, len(matches))
