"""Measure a bundle on labelled photos, through the pipeline as users meet it.

    python -m training.evaluate --sets DIR [--model DIR] [--out FILE]

A label is judged only on pictures where it was looked for. site_dust is judged at IoU 0.3, because
a plume has no sharp edge; the others at 0.5.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DatasetError
from datasets.formats import read_sets
from datasets.records import ImageRecord
from detector.detections import ImageScore
from detector.models import RUNTIMES, RuntimeOptions, load_detector
from detector.models.bundle import Bundle, find_bundle, load_bundle
from detector.models.manifest import PRECISIONS, Precision
from detector.models.network import usable_cores
from detector.pipeline import Pipeline, PipelineSettings
from detector.sources import PathSource
from training.matching import (
    PictureMatch,
    at_threshold,
    average_precision,
    bootstrap_interval,
    match_picture,
)

MIN_IOU = {"site_dust": 0.3}
DEFAULT_MIN_IOU = 0.5
COCO_IOUS = tuple(0.5 + 0.05 * step for step in range(10))


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
    workers = usable_cores()
    detector = load_detector(bundle, runtime, RuntimeOptions(workers=workers, precision=precision))
    pipeline = Pipeline(detector, PipelineSettings(min_score=0.0))
    scores = list(pipeline.score_many((PathSource(one.path) for one in records), workers))
    detector.close()
    for score in scores:
        if score.error is not None:
            raise DatasetError("photo_failed", f"{score.source}: {score.error.message}")
    return scores


def match_label(
    records: Sequence[ImageRecord],
    scores: Sequence[ImageScore],
    label: str,
    min_iou: float | None = None,
) -> dict[str, list[PictureMatch]]:
    """Match one label, by set, on the pictures where it was looked for.

    Args:
        records: What people marked.
        scores: What the model said, in the same order.
        label: The label to judge.
        min_iou: Least overlap of a hit; None takes the label's own.
    """
    least = MIN_IOU.get(label, DEFAULT_MIN_IOU) if min_iou is None else min_iou
    matches: dict[str, list[PictureMatch]] = {}
    for record, score in zip(records, scores, strict=True):
        if label not in record.labelled or score.image_wh is None:
            continue
        frame = np.array([*score.image_wh, *score.image_wh], np.float32)
        marked = [box.box_xyxy for box in record.boxes_of(label)]
        findings = [one for one in score.findings if one.label == label]
        matches.setdefault(record.set_name, []).append(
            match_picture(
                np.array([one.box_xyxy for one in findings], np.float32).reshape(-1, 4),
                np.array([one.score for one in findings], np.float32),
                np.array(marked, np.float32).reshape(-1, 4) * frame,
                least,
            )
        )
    return matches


def summarise(
    matches: list[PictureMatch], strict: Sequence[list[PictureMatch]], threshold: float
) -> dict[str, Any]:
    """Return the figures of one label on some pictures, JSON-ready.

    Args:
        matches: At the label's own least IoU.
        strict: The same pictures at each of `COCO_IOUS`.
        threshold: The operating point.
    """
    point = at_threshold(matches, threshold)
    clean = [match for match in matches if match.n_marked == 0]
    alarms = at_threshold(clean, threshold).false_alarms
    return {
        "pictures": point.n_pictures,
        "boxes": point.n_marked,
        "average_precision": _rounded(average_precision(matches)),
        "average_precision_interval": _interval(matches, average_precision),
        "average_precision_50_95": _mean([average_precision(one) for one in strict]),
        "hits": point.hits,
        "false_alarms": point.false_alarms,
        "recall": _rounded(point.recall),
        "recall_interval": _interval(matches, lambda drawn: at_threshold(drawn, threshold).recall),
        "precision": _rounded(point.precision),
        "clean_pictures": len(clean),
        "false_alarms_on_clean": alarms,
    }


def _interval(
    matches: list[PictureMatch], statistic: Callable[[list[PictureMatch]], float | None]
) -> list[float] | None:
    interval = bootstrap_interval(matches, statistic)
    return None if interval is None else [round(end, 3) for end in interval]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 3) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def evaluate(
    bundle: Bundle,
    records: Sequence[ImageRecord],
    runtime: str,
    precision: Precision | None = None,
) -> dict[str, Any]:
    """Measure a bundle.

    Returns:
        JSON-ready: per label the threshold, the least IoU, figures over all sets and by set.
    """
    scores = score_records(bundle, records, runtime, precision)
    manifest = bundle.manifest
    labels: dict[str, Any] = {}
    for label in manifest.issue_labels:
        by_set = match_label(records, scores, label)
        strict = [match_label(records, scores, label, iou) for iou in COCO_IOUS]
        threshold = manifest.thresholds[label]
        labels[label] = {
            "threshold": threshold,
            "min_iou": MIN_IOU.get(label, DEFAULT_MIN_IOU),
            "all": summarise(_joined(by_set), [_joined(one) for one in strict], threshold),
            "sets": {
                name: summarise(matches, [one[name] for one in strict], threshold)
                for name, matches in by_set.items()
            },
        }
    return {
        "model": {"name": manifest.name, "version": manifest.version, "sha256": manifest.sha256},
        "pictures": len(records),
        "labels": labels,
    }


def _joined(by_set: Mapping[str, list[PictureMatch]]) -> list[PictureMatch]:
    return [match for matches in by_set.values() for match in matches]


def format_summary(figures: dict[str, Any]) -> str:
    """Return the figures by label and set as a Markdown table."""
    lines = [
        "| label | set | pictures | boxes | AP (IoU), 95 % interval | AP50-95 | threshold "
        "| recall, 95 % interval | precision | false alarms on clean pictures |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for label, content in figures["labels"].items():
        for name, one in content["sets"].items():
            lines.append(
                f"| {label} | {name} | {one['pictures']} | {one['boxes']} "
                f"| {_show(one['average_precision'])} ({content['min_iou']})"
                f"{_show_interval(one['average_precision_interval'])} "
                f"| {_show(one['average_precision_50_95'])} | {content['threshold']:.2f} "
                f"| {_show(one['recall'])}{_show_interval(one['recall_interval'])} "
                f"| {_show(one['precision'])} "
                f"| {one['false_alarms_on_clean']} on {one['clean_pictures']} |"
            )
    return "\n".join(lines)


def _show(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _show_interval(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f", {interval[0]:.2f} to {interval[1]:.2f}"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate")
    parser.add_argument("--sets", type=Path, required=True, help="folder of sets")
    parser.add_argument("--model", help="folder of a bundle")
    parser.add_argument("--runtime", default="onnxruntime", choices=RUNTIMES)
    parser.add_argument("--precision", choices=PRECISIONS)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    parser.add_argument("--tiles", action="store_true", help="with a second look at 2x in tiles")
    options = parser.parse_args()
    bundle = load_bundle(find_bundle(options.model))
    if options.tiles:
        from detector.models.manifest import TileSettings

        bundle = replace(bundle, manifest=replace(bundle.manifest, tiles=TileSettings(2.0, 0.2)))
    figures = evaluate(bundle, read_sets(options.sets), options.runtime, options.precision)
    if options.out is not None:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(format_summary(figures))


if __name__ == "__main__":
    main()
