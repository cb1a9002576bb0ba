"""Two bundles on the same photos without labels: what would change if a bureau switched.

Findings are those that each bundle flags. A finding of one and a finding of the other are the same
if they have one label and overlap by half; what is left over is gained (only the new bundle flags
it) or lost (only the old one does).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import tee
from typing import Any, Final

import numpy as np

from detector.detections import Finding, ImageScore
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import Bundle
from detector.models.network import usable_cores
from detector.pipeline import Pipeline
from detector.sources import PhotoSource
from training.matching import assign_boxes

SAME_IOU: Final = 0.5


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """One photo as both bundles answered it."""

    old: ImageScore
    new: ImageScore
    lost: tuple[Finding, ...]
    gained: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """One of the bundles could not score it, so nothing is known."""
        return self.old.error is not None or self.new.error is not None

    @property
    def changes_outcome(self) -> bool:
        """The photo goes to the queue for other labels than before, or for none, or for some."""
        return {one.label for one in self.old.findings} != {one.label for one in self.new.findings}

    def to_json(self) -> dict[str, Any]:
        """Return what changed, JSON-ready."""
        errors = [one.error.message for one in (self.old, self.new) if one.error is not None]
        return {
            "source": self.old.source,
            "sha256": self.old.sha256,
            "outcome_changes": self.changes_outcome,
            "old_labels": sorted({one.label for one in self.old.findings}),
            "new_labels": sorted({one.label for one in self.new.findings}),
            "lost": [_brief(one) for one in self.lost],
            "gained": [_brief(one) for one in self.gained],
            "errors": errors,
        }


def _brief(finding: Finding) -> dict[str, Any]:
    return {"label": finding.label, "score": finding.score, "box_xyxy": list(finding.box_xyxy)}


def run_shadow(
    old: Bundle, new: Bundle, sources: Iterable[PhotoSource], runtime: str
) -> Iterator[PhotoChange]:
    """Score photos with both bundles, in order, whatever their number.

    Args:
        old: The bundle in use.
        new: The one that may replace it.
        sources: Photos; one that fails stands in the answer with its error.
        runtime: For both.
    """
    workers = usable_cores()
    options = RuntimeOptions(workers=workers)
    detectors = [load_detector(one, runtime, options) for one in (old, new)]
    first, second = (Pipeline(one) for one in detectors)
    try:
        for_first, for_second = tee(sources)
        both = zip(
            first.score_many(for_first, workers),
            second.score_many(for_second, workers),
            strict=True,
        )
        for before, after in both:
            yield compare_photo(before, after)
    finally:
        for detector in detectors:
            detector.close()


def compare_photo(old: ImageScore, new: ImageScore) -> PhotoChange:
    """Find what one photo lost and gained."""
    if old.error is not None or new.error is not None:
        return PhotoChange(old, new, (), ())
    lost: list[Finding] = []
    gained: list[Finding] = []
    labels = sorted({one.label for one in (*old.findings, *new.findings)})
    for label in labels:
        before = [one for one in old.findings if one.label == label]
        after = [one for one in new.findings if one.label == label]
        found = assign_boxes(
            _boxes(after), np.array([one.score for one in after], np.float64), _boxes(before),
            SAME_IOU,
        )  # fmt: skip
        kept = set(found.taken.tolist())
        lost += [one for i, one in enumerate(before) if i not in kept]
        gained += [after[i] for i, taken in zip(found.order, found.taken, strict=True) if taken < 0]
    return PhotoChange(old, new, tuple(lost), tuple(gained))


def _boxes(findings: Sequence[Finding]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([one.box_xyxy for one in findings], np.float32).reshape(-1, 4)


def summarise_changes(changes: Sequence[PhotoChange], labels: Sequence[str]) -> dict[str, Any]:
    """Return the counts of a shadow run, JSON-ready."""
    scored = [one for one in changes if not one.failed]
    return {
        "photos": len(changes),
        "failed": len(changes) - len(scored),
        "outcome_changes": sum(one.changes_outcome for one in scored),
        "labels": {label: _count(scored, label) for label in labels},
    }


def _count(changes: Sequence[PhotoChange], label: str) -> Mapping[str, int]:
    def photos(findings: Iterable[Sequence[Finding]]) -> int:
        return sum(any(one.label == label for one in some) for some in findings)

    def total(findings: Iterable[Sequence[Finding]]) -> int:
        return sum(one.label == label for some in findings for one in some)

    return {
        "photos_old": photos(one.old.findings for one in changes),
        "photos_new": photos(one.new.findings for one in changes),
        "findings_old": total(one.old.findings for one in changes),
        "findings_new": total(one.new.findings for one in changes),
        "lost": total(one.lost for one in changes),
        "gained": total(one.gained for one in changes),
    }


def format_changes(summary: Mapping[str, Any]) -> str:
    """Return the counts as lines."""
    lines = [
        f"{summary['photos']} photos, {summary['failed']} not scored; "
        f"{summary['outcome_changes']} change their outcome",
        f"{'label':16} {'photos old':>10} {'new':>5} {'findings old':>12} {'new':>5} {'lost':>5} "
        f"{'gained':>6}",
    ]
    for label, one in summary["labels"].items():
        lines.append(
            f"{label:16} {one['photos_old']:10} {one['photos_new']:5} {one['findings_old']:12} "
            f"{one['findings_new']:5} {one['lost']:5} {one['gained']:6}"
        )
    return "\n".join(lines)
