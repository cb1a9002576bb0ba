"""What is wrong with labelled photos: found before anybody trains on them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

import numpy as np

from datasets.dedupe import find_near_copies, hash_file
from datasets.errors import DatasetError
from datasets.records import ImageRecord
from detector.geometry import box_iou
from detector.labels import LABEL_NAMES

Severity = Literal["error", "warning"]

EDGE_SLACK: Final = 1e-3
"""A box may stand out by a thousandth of the picture: tools round."""
SAME_IOU: Final = 0.95
"""Two boxes of one label that overlap so much are one object marked twice."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    severity: Severity
    code: str
    where: str
    message: str


def check_record(record: ImageRecord) -> Iterator[Problem]:
    """Check the boxes and labels of one record; its picture is not opened."""
    where = str(record.path)
    for label in sorted(record.labelled - set(LABEL_NAMES)):
        yield Problem("warning", "label_unknown", where, f"{label} is no label of the product.")
    for box in record.boxes:
        x1, y1, x2, y2 = box.box_xyxy
        if not np.isfinite(box.box_xyxy).all() or x2 <= x1 or y2 <= y1:
            yield Problem("error", "box_empty", where, f"A {box.label} has no area.")
        elif min(x1, y1) < -EDGE_SLACK or max(x2, y2) > 1 + EDGE_SLACK:
            edges = ", ".join(f"{edge:.3f}" for edge in box.box_xyxy)
            message = f"A {box.label} reaches over the edge ({edges})."
            yield Problem("error", "box_outside", where, message)
    for first, second in combinations(record.boxes, 2):
        if first.label == second.label:
            pair = np.array([first.box_xyxy, second.box_xyxy], np.float32)
            if box_iou(pair[:1], pair[1:]).item() > SAME_IOU:
                message = f"One {first.label} is marked twice."
                yield Problem("error", "box_twice", where, message)


def check_records(records: Sequence[ImageRecord]) -> Iterator[Problem]:
    """Check records, open their pictures, and look for near-copies among them.

    A near-copy within one set is a warning, because it only wastes work; one across sets is an
    error: if one of them is for validation, its figures flatter.

    Args:
        records: Of one or several sets.

    Yields:
        Problems: by record in order, then near-copies.
    """
    hashes, readable = [], []
    for record in records:
        yield from check_record(record)
        try:
            hashes.append(hash_file(record.path))
        except DatasetError as error:
            yield Problem("error", "picture_unreadable", str(record.path), error.message)
        else:
            readable.append(record)
    if not hashes:
        return
    for pair in find_near_copies(np.stack(hashes)):
        first, second = readable[pair.first], readable[pair.second]
        crosses = first.set_name != second.set_name or first.path.parent != second.path.parent
        yield Problem(
            "error" if crosses else "warning",
            "near_copy_across_sets" if crosses else "near_copy",
            str(second.path),
            f"It shows the shot of {first.path} ({pair.bits} bits differ).",
        )


def count_labels(records: Sequence[ImageRecord]) -> dict[str, tuple[int, int, int]]:
    """Count each label: pictures looked at, pictures that hold it, boxes."""
    looked: Counter[str] = Counter()
    held: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    for record in records:
        looked.update(record.labelled)
        held.update({box.label for box in record.boxes})
        boxes.update(box.label for box in record.boxes)
    return {label: (looked[label], held[label], boxes[label]) for label in sorted(looked)}
