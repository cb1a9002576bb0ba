"""Find the photos on which a model is wrongly sure: the next training looks at them more often.

Only photos that are trained on may be mined. Mining what is held out, or for validation, would tune
the model to what it is measured on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.holdout import part_of
from datasets.records import ImageRecord
from datasets.versions import hash_records
from detector.detections import ImageScore
from detector.geometry import box_iou
from training.errors import TrainingError
from training.run_record import RECORD_NAME
from training.scoring import look_at_label

TOUCHING_IOU = 0.1
"""A finding that overlaps a marked box of its label so much is badly placed, not a false alarm."""


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """The surest false alarm of one label in a photo."""

    record: ImageRecord
    label: str
    score: float


def choose_trained(records: Sequence[ImageRecord], run: Path) -> tuple[ImageRecord, ...]:
    """Return the photos that a run, finished or not, trains on.

    Raises:
        TrainingError: The run's record cannot be read, or a set is not among what it trains on.
    """
    try:
        record = json.loads((run / RECORD_NAME).read_text(encoding="utf-8"))
        share, sets = float(record["config"]["held_out_share"]), dict(record["sets"])
        versions: Mapping[str, str] = {name: one["version"] for name, one in sets.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            "run_unreadable", f"{run} holds no record of a run: {error}."
        ) from error
    kept = part_of(records, share, held_out=False)
    for name in sorted({one.set_name for one in records}):
        part = [one for one in kept if one.set_name == name]
        if versions.get(name) != hash_records(part):
            raise TrainingError(
                "not_trained_on",
                f"{run} does not train on this {name}, or on another version of it.",
                "Mine only what is trained on: name those sets one by one with --sets.",
            )
    return kept


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
