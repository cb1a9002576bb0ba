"""What is wrong with labelled photos: found before anybody trains on them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
    for label in sorted((record.labelled | record.also_marked) - set(LABEL_NAMES)):
        yield Problem("warning", "label_unknown", where, f"{label} is no label of the product.")
    for label in sorted(record.labelled & record.also_marked):
        message = f"{label} cannot be both labelled and only also_marked."
        yield Problem("error", "label_in_both", where, message)
    listed = record.labelled | record.also_marked
    for label in sorted({box.label for box in record.boxes} - listed):
        message = f"A {label} is boxed, but it is in neither labelled nor also_marked."
        yield Problem("error", "label_not_listed", where, message)
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


def find_group_leaks(parts: Mapping[str, Sequence[ImageRecord]]) -> Iterator[Problem]:
    """Find capture groups that lie in more than one part.

    What was shot together looks alike: a network that learned from one half of a group is flattered
    by the other. A photo without a capture group is not judged.

    Args:
        parts: Photos of each part that must be independent of the others.

    Yields:
        An error for each group and pair of parts, in order of the group.
    """
    members: dict[str, dict[str, list[ImageRecord]]] = {}
    for name, records in parts.items():
        for record in records:
            if record.group is not None:
                members.setdefault(record.group, {}).setdefault(name, []).append(record)
    for group, by_part in sorted(members.items()):
        for (first, ours), (second, theirs) in combinations(by_part.items(), 2):
            yield Problem(
                "error",
                "group_across_parts",
                str(theirs[0].path),
                f"Capture group {group} lies in two parts: {len(ours)} pictures in {first}, "
                f"{len(theirs)} in {second}.",
            )


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How often a label occurs in some pictures."""

    looked_at: int
    """Pictures where all of it is boxed."""
    also_marked: int
    """Pictures where some of it may be boxed."""
    held_by: int
    """Pictures with a box of it."""
    boxes: int


def count_labels(records: Sequence[ImageRecord]) -> dict[str, LabelCount]:
    """Count each label, in order of its name."""
    looked: Counter[str] = Counter()
    also: Counter[str] = Counter()
    held: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    for record in records:
        looked.update(record.labelled)
        also.update(record.also_marked)
        held.update({box.label for box in record.boxes})
        boxes.update(box.label for box in record.boxes)
    return {
        label: LabelCount(looked[label], also[label], held[label], boxes[label])
        for label in sorted({*looked, *also})
    }
