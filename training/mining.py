"""Find the photos on which a model is wrongly sure: the next training looks at them more often.

Only photos that are trained on may be mined. Mining what is held out, or for validation, would tune
the model to what it is measured on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from datasets.records import ImageRecord
from detector.detections import ImageScore
from detector.geometry import box_iou
from training.scoring import look_at_label

TOUCHING_IOU = 0.1
"""A finding that overlaps a marked box of its label so much is badly placed, not a false alarm."""


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """The surest false alarm of one label in a photo."""

    record: ImageRecord
    label: str
    score: float


def rank_false_alarms(
    records: Sequence[ImageRecord],
    scores: Sequence[ImageScore],
    labels: Sequence[str],
    min_score: float,
) -> list[FalseAlarm]:
    """Return the surest false alarm of each label and photo, surest first.

    Args:
        records: What people marked.
        scores: What the model said, in the same order.
        labels: Which labels to look at; each in the photos where it was looked for.
        min_score: Findings below do not count.
    """
    found = []
    for label in labels:
        for one in look_at_label(records, scores, label):
            overlaps = box_iou(one.predicted_xyxy, one.marked_xyxy)
            apart = [
                finding.score
                for finding, row in zip(one.findings, overlaps, strict=True)
                if finding.score >= min_score and row.max(initial=0.0) < TOUCHING_IOU
            ]
            if apart:
                found.append(FalseAlarm(one.record, label, max(apart)))
    return sorted(found, key=lambda one: (-one.score, str(one.record.path), one.label))


def choose_photos(alarms: Sequence[FalseAlarm], most_per_label: int) -> tuple[ImageRecord, ...]:
    """Return the photos of each label's surest false alarms, each photo once, by path."""
    chosen: dict[str, ImageRecord] = {}
    taken: dict[str, int] = {}
    for alarm in alarms:
        if taken.get(alarm.label, 0) < most_per_label:
            taken[alarm.label] = taken.get(alarm.label, 0) + 1
            chosen[str(alarm.record.path)] = alarm.record
    return tuple(chosen[path] for path in sorted(chosen))
