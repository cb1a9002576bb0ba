"""The photos on which a bundle did worst: the largest misses and the surest false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.drawing import DrawnBox, list_boxes
from training.evaluate import Evaluation
from training.scoring import LabelledScore


@dataclass(frozen=True, slots=True, eq=False)
class WorstCase:
    """One photo with what went wrong in it."""

    looked: LabelledScore
    boxes: tuple[DrawnBox, ...]
    badness: float
    """Share of the photo that its largest missed box covers, or the score of its surest false
    alarm."""


def find_misses(evaluation: Evaluation, label: str, most: int) -> list[WorstCase]:
    """Return photos with missed boxes, the largest box first: what is large is hard to excuse."""
    cases = []
    for one, boxes in _drawn(evaluation, label):
        shares = [_area(box) / one.image_area for box in boxes if box.kind == "missed"]
        if shares:
            cases.append(WorstCase(one, boxes, max(shares)))
    return _worst(cases, most)


def find_false_alarms(evaluation: Evaluation, label: str, most: int) -> list[WorstCase]:
    """Return photos with false alarms, the surest first."""
    cases = []
    for one, boxes in _drawn(evaluation, label):
        scores = [float(box.caption) for box in boxes if box.kind == "false alarm"]
        if scores:
            cases.append(WorstCase(one, boxes, max(scores)))
    return _worst(cases, most)


def _drawn(evaluation: Evaluation, label: str) -> list[tuple[LabelledScore, tuple[DrawnBox, ...]]]:
    threshold, rules = evaluation.threshold(label), evaluation.rules
    return [
        (one, tuple(list_boxes(one, threshold, rules.min_iou(label, one.record.set_name))))
        for one in evaluation.looked(label)
    ]


def _area(box: DrawnBox) -> float:
    x1, y1, x2, y2 = box.box_xyxy
    return (x2 - x1) * (y2 - y1)


def _worst(cases: Sequence[WorstCase], most: int) -> list[WorstCase]:
    """Return the worst of each set in turn, so that no one set fills the page."""
    ranked: list[tuple[int, WorstCase]] = []
    met: dict[str, int] = {}
    for case in sorted(cases, key=lambda case: (-case.badness, case.looked.position)):
        name = case.looked.record.set_name
        met[name] = met.get(name, 0) + 1
        ranked.append((met[name], case))
    ranked.sort(key=lambda one: (one[0], -one[1].badness))
    return [case for _, case in ranked[:most]]
