"""Measure a bundle on labelled photos, through the pipeline as users meet it.

A label is judged only on photos where it was looked for, at the least overlap that the rules give
for label and set (`training.rules`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from datasets.records import ImageRecord
from detector.detections import ImageScore
from detector.models.bundle import Bundle
from detector.models.manifest import Precision
from training.clean import count_alarms, count_clean, per_100
from training.light import LIGHTS, Light, measure_lights
from training.matching import (
    PictureMatch,
    Pool,
    Statistic,
    at_threshold,
    average_precision,
    bootstrap_interval,
)
from training.rules import MATCH_RULES, MatchRules
from training.scoring import (
    LabelledScore,
    identify_records,
    list_photos,
    look_at_label,
    match_label,
    match_size,
    name_and_score,
)

COCO_IOUS: Final = tuple(0.5 + 0.05 * step for step in range(10))
LOOSE_IOU: Final = 0.3
DIGITS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Photos, what was marked, and what a bundle said."""

    bundle: Bundle
    records: Sequence[ImageRecord]
    scores: Sequence[ImageScore]
    lights: Sequence[Light]
    """Of each photo."""
    rules: MatchRules
    runtime: str
    """What ran the network."""

    def looked(self, label: str) -> list[LabelledScore]:
        """Return one label's photos."""
        return look_at_label(self.records, self.scores, label)

    def threshold(self, label: str) -> float:
        """Return the label's operating point."""
        return self.bundle.manifest.thresholds[label]


def run_evaluation(
    bundle: Bundle,
    records: Sequence[ImageRecord],
    runtime: str,
    *,
    precision: Precision | None = None,
    rules: MatchRules = MATCH_RULES,
) -> Evaluation:
    """Score the photos.

    Raises:
        DatasetError: A photo could not be scored.
    """
    ran, scores = name_and_score(bundle, records, runtime, precision)
    lights = measure_lights([record.path for record in records])
    return Evaluation(bundle, records, scores, lights, rules, ran)


def count_figures(evaluation: Evaluation) -> dict[str, Any]:
    """Return all figures of an evaluation, JSON-ready.

    Returns:
        `model`; `records_sha256`, the same for the same photos and marks; `photos`, their short
        names; `rules`; `labels`, per label the threshold and the figures over all sets, by set,
        size and light; `clean`, false alarms of all labels together.
    """
    manifest = evaluation.bundle.manifest
    return {
        "model": {"name": manifest.name, "version": manifest.version, "sha256": manifest.sha256},
        "runtime": evaluation.runtime,
        "thresholds": dict(manifest.thresholds),
        "records_sha256": identify_records(evaluation.records),
        "photos": list_photos(evaluation.scores),
        "pictures": len(evaluation.records),
        "rules": evaluation.rules.to_json(),
        "labels": {label: count_label(evaluation, label) for label in manifest.issue_labels},
        "clean": count_clean(evaluation.records, evaluation.scores, manifest.thresholds),
    }


def count_label(evaluation: Evaluation, label: str) -> dict[str, Any]:
    """Return one label's figures, JSON-ready."""
    records, scores, rules = evaluation.records, evaluation.scores, evaluation.rules
    threshold = evaluation.threshold(label)
    own = match_label(records, scores, label, rules=rules)
    fixed = {iou: match_label(records, scores, label, iou) for iou in (LOOSE_IOU, *COCO_IOUS)}

    raised = count_alarms(records, scores, {label: threshold})[label]
    clean = [
        (record.set_name, int(alarms))
        for record, alarms in zip(records, raised.tolist(), strict=True)
        if not np.isnan(alarms)
    ]

    def part(names: Sequence[str]) -> dict[str, Any]:
        figures = summarise(
            [one for name in names for one in own[name]],
            {iou: [one for name in names for one in by[name]] for iou, by in fixed.items()},
            threshold,
        )
        return {**figures, **_count_clean([alarms for name, alarms in clean if name in names])}

    return {
        "threshold": threshold,
        "min_iou": rules.min_iou(label),
        "all": part(list(own)),
        "sets": {name: {"min_iou": rules.min_iou(label, name), **part([name])} for name in own},
        "sizes": _count_sizes(evaluation, label),
        "lights": _count_lights(evaluation, label),
    }


def summarise(
    matches: list[PictureMatch],
    fixed: Mapping[float, Sequence[PictureMatch]],
    threshold: float,
) -> dict[str, Any]:
    """Return the figures of one label on some photos, JSON-ready.

    Args:
        matches: At the label's own least IoU.
        fixed: The same photos at 0.3 and each of `COCO_IOUS`.
        threshold: The operating point.
    """
    pool = Pool(matches)
    return {
        **_brief(matches, threshold),
        "average_precision_interval": _interval(pool, pool.average_precision),
        "average_precision_30": _rounded(average_precision(fixed[LOOSE_IOU])),
        "average_precision_50": _rounded(average_precision(fixed[COCO_IOUS[0]])),
        "average_precision_50_95": _mean([average_precision(fixed[iou]) for iou in COCO_IOUS]),
        "recall_interval": _interval(pool, lambda weights: pool.recall(weights, threshold)),
        "precision_interval": _interval(pool, lambda weights: pool.precision(weights, threshold)),
    }


def _count_clean(alarms: Sequence[int]) -> dict[str, Any]:
    """One label's false alarms, of each clean photo."""
    return {
        "clean_pictures": len(alarms),
        "false_alarms_on_clean": sum(alarms),
        "false_alarms_per_100_clean": per_100(sum(alarms), len(alarms)),
    }


def _brief(matches: list[PictureMatch], threshold: float) -> dict[str, Any]:
    point = at_threshold(matches, threshold)
    return {
        "pictures": point.n_pictures,
        "boxes": point.n_marked,
        "average_precision": _rounded(average_precision(matches)),
        "hits": point.hits,
        "false_alarms": point.false_alarms,
        "recall": _rounded(point.recall),
        "precision": _rounded(point.precision),
    }


def _count_sizes(evaluation: Evaluation, label: str) -> dict[str, Any]:
    """Figures by size of the box; every photo counts in each."""
    looked, rules = evaluation.looked(label), evaluation.rules
    sizes: dict[str, Any] = {}
    for size in ("small", "medium", "large"):
        matches = [
            match_size(one, size, rules.min_iou(label, one.record.set_name)) for one in looked
        ]
        sizes[size] = _brief(matches, evaluation.threshold(label))
    return sizes


def _count_lights(evaluation: Evaluation, label: str) -> dict[str, Any]:
    """Figures by the light of the photo."""
    by_light: dict[str, list[PictureMatch]] = {light: [] for light in LIGHTS}
    for one in evaluation.looked(label):
        least = evaluation.rules.min_iou(label, one.record.set_name)
        by_light[evaluation.lights[one.position]].append(one.match(least))
    threshold = evaluation.threshold(label)
    return {light: _brief(found, threshold) for light, found in by_light.items() if found}


def _interval(pool: Pool, statistic: Statistic) -> list[float] | None:
    interval = bootstrap_interval(pool.n_pictures, statistic)
    return None if interval is None else [round(end, 3) for end in interval]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _rounded(sum(known) / len(known)) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
