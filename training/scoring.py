"""Labelled photos through the pipeline, as users meet it, and what came of each label."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from datasets.errors import DatasetError
from datasets.formats import read_sets
from datasets.records import ImageRecord
from datasets.versions import hash_records
from detector.arrays import BoxArray
from detector.detections import Finding, ImageScore
from detector.labels import ISSUE_LABELS
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import Bundle
from detector.models.manifest import Precision
from detector.models.network import usable_cores
from detector.pipeline import Pipeline, PipelineSettings
from detector.sources import PathSource
from training.matching import ExactScores, PictureMatch, assign_boxes, match_picture
from training.rules import MATCH_RULES, MatchRules

SizeName = Literal["small", "medium", "large"]
SIZE_LIMITS = (0.01, 0.1)
"""Shares of the picture's area from which a box is medium and large: a tenth and about a third of
the picture's sides. Fixed, so that models with other severity limits can be compared."""
PHOTO_DIGITS = 12
"""Of a photo's sha256: two of 10,000 photos share them by chance once in five million times."""


def read_photos(folders: Iterable[Path], only: Path | None = None) -> tuple[ImageRecord, ...]:
    """Read labelled photos of some folders of sets.

    Args:
        folders: Each a set or a folder of sets.
        only: A text file of photo paths, one a line; None takes all.

    Raises:
        DatasetError: A set is malformed, or the list names a photo that is in none of the sets.
    """
    records = [record for folder in folders for record in read_sets(folder)]
    if only is None:
        return tuple(records)
    lines = only.read_text(encoding="utf-8").splitlines()
    wanted = {(only.parent / line.strip()).resolve() for line in lines if line.strip()}
    kept = [record for record in records if record.path.resolve() in wanted]
    if len(kept) < len(wanted):
        missing = sorted(wanted - {record.path.resolve() for record in kept})
        raise DatasetError(
            "photo_unknown",
            f"{only} names {len(missing)} photos that are in none of the sets, as {missing[0]}.",
            "Name every set that the list draws from.",
        )
    return tuple(kept)


def score_records(
    bundle: Bundle,
    records: Sequence[ImageRecord],
    runtime: str,
    precision: Precision | None = None,
) -> list[ImageScore]:
    """Score every record's photo with all that the network sees, in order.

    Raises:
        DatasetError: A photo could not be scored; a figure over the rest would be another figure.
    """
    return name_and_score(bundle, records, runtime, precision)[1]


def name_and_score(
    bundle: Bundle,
    records: Sequence[ImageRecord],
    runtime: str,
    precision: Precision | None = None,
) -> tuple[str, list[ImageScore]]:
    """As `score_records`; also return what ran the network, for people."""
    workers = usable_cores()
    detector = load_detector(bundle, runtime, RuntimeOptions(workers=workers, precision=precision))
    pipeline = Pipeline(detector, PipelineSettings(min_score=0.0))
    try:
        scores = list(pipeline.score_many((PathSource(one.path) for one in records), workers))
    finally:
        detector.close()
    for score in scores:
        if score.error is not None:
            raise DatasetError("photo_failed", f"{score.source}: {score.error.message}")
    return detector.runtime, scores


def identify_records(records: Sequence[ImageRecord]) -> str:
    """Return a sha256 of photos, marks and sets: evaluations with the same one are comparable."""
    by_set: dict[str, list[ImageRecord]] = {}
    for record in records:
        by_set.setdefault(record.set_name, []).append(record)
    versions = {name: hash_records(members) for name, members in sorted(by_set.items())}
    return hashlib.sha256(json.dumps(versions).encode()).hexdigest()


def list_photos(scores: Sequence[ImageScore]) -> list[str]:
    """Return short names of photos by their bytes, sorted: what two lists share is one photo."""
    return sorted({score.sha256[:PHOTO_DIGITS] for score in scores if score.sha256 is not None})


@dataclass(frozen=True, slots=True, eq=False)
class LabelledScore:
    """One label in one photo where it was looked for: what was marked and what was said."""

    position: int
    """Of the photo among all."""
    record: ImageRecord
    score: ImageScore
    marked_xyxy: BoxArray
    """float32 (M, 4), pixels of the photo."""
    findings: tuple[Finding, ...]

    @property
    def predicted_xyxy(self) -> BoxArray:
        """float32 (N, 4), pixels of the photo."""
        return np.array([one.box_xyxy for one in self.findings], np.float32).reshape(-1, 4)

    @property
    def scores(self) -> ExactScores:
        """float64 (N,), as the findings have them."""
        return np.array([one.score for one in self.findings], np.float64)

    @property
    def image_area(self) -> float:
        """Pixels of the photo."""
        width, height = self.score.image_wh or (1, 1)
        return float(width * height)

    @property
    def is_clean(self) -> bool:
        """No issue of any kind is marked in the photo."""
        return not any(box.label in ISSUE_LABELS for box in self.record.boxes)

    def match(self, min_iou: float) -> PictureMatch:
        """Match what was said with what was marked."""
        return match_picture(self.predicted_xyxy, self.scores, self.marked_xyxy, min_iou)


def look_at_label(
    records: Sequence[ImageRecord], scores: Sequence[ImageScore], label: str
) -> list[LabelledScore]:
    """Return one label's photos: those where it was looked for, in order.

    Args:
        records: What people marked.
        scores: What the model said, in the same order.
        label: The label to judge.
    """
    looked: list[LabelledScore] = []
    for position, (record, score) in enumerate(zip(records, scores, strict=True)):
        if label not in record.labelled or score.image_wh is None:
            continue
        frame = np.array([*score.image_wh, *score.image_wh], np.float32)
        marked = np.array([box.box_xyxy for box in record.boxes_of(label)], np.float32)
        findings = tuple(one for one in score.findings if one.label == label)
        marked_xyxy = marked.reshape(-1, 4) * frame
        looked.append(LabelledScore(position, record, score, marked_xyxy, findings))
    return looked


def match_label(
    records: Sequence[ImageRecord],
    scores: Sequence[ImageScore],
    label: str,
    min_iou: float | None = None,
    rules: MatchRules = MATCH_RULES,
) -> dict[str, list[PictureMatch]]:
    """Match one label, by set, on the photos where it was looked for.

    Args:
        records: What people marked.
        scores: What the model said, in the same order.
        label: The label to judge.
        min_iou: Least overlap of a hit; None takes the rules' own for label and set.
        rules: The least overlaps.
    """
    matches: dict[str, list[PictureMatch]] = {}
    for one in look_at_label(records, scores, label):
        name = one.record.set_name
        least = rules.min_iou(label, name) if min_iou is None else min_iou
        matches.setdefault(name, []).append(one.match(least))
    return matches


def size_of(share: float) -> SizeName:
    """Name the size of a box by its share of the picture's area."""
    medium, large = SIZE_LIMITS
    return "small" if share < medium else "large" if share >= large else "medium"


def match_size(one: LabelledScore, size: SizeName, min_iou: float) -> PictureMatch:
    """Match one photo, counting only boxes of one size.

    As COCO's areas: a box that took a marked box of another size counts nowhere; one that took
    none is a false alarm of its own size.
    """
    predicted, marked = one.predicted_xyxy, one.marked_xyxy
    found = assign_boxes(predicted, one.scores, marked, min_iou)
    marked_right = np.array([size_of(share) == size for share in _shares(one, marked)], np.bool_)
    own = np.array([size_of(share) == size for share in _shares(one, predicted)], np.bool_)
    hits = found.taken >= 0
    counts = own[found.order]
    if len(marked):
        counts = np.where(hits, marked_right[found.taken], counts)
    scores = one.scores[found.order]
    return PictureMatch(scores[counts], hits[counts], int(marked_right.sum()))


def _shares(one: LabelledScore, boxes_xyxy: BoxArray) -> list[float]:
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    areas: list[float] = (sides.prod(axis=1) / one.image_area).tolist()
    return areas
