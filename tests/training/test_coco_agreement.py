"""Our average precision against pycocotools, on made-up detections."""

import contextlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import training.evaluate
from datasets.records import ImageRecord
from detector.detections import ImageScore
from training.evaluate import COCO_IOUS, Evaluation, count_figures
from training.matching import average_precision, match_picture

N_PICTURES = 30


def made_up(seed: int) -> list[tuple[Any, Any, Any]]:
    """Return marked boxes, predicted boxes and scores of some pictures."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(N_PICTURES):
        corners = rng.uniform(0, 400, (rng.integers(0, 5), 2))
        sides = rng.uniform(20, 200, corners.shape)
        marked = np.concatenate([corners, corners + sides], axis=1)
        shaken = marked + rng.normal(0, 12, marked.shape)
        stray = rng.uniform(0, 400, (rng.integers(0, 4), 2))
        strays = np.concatenate([stray, stray + rng.uniform(20, 200, stray.shape)], axis=1)
        predicted = np.concatenate([shaken[rng.random(len(shaken)) < 0.8], strays])
        sides_ok = (predicted[:, 2:] - predicted[:, :2] > 1).all(axis=1)
        predicted = predicted[sides_ok]
        pictures.append((marked, predicted, rng.uniform(0, 1, len(predicted))))
    return pictures


def ask_pycocotools(pictures: list[tuple[Any, Any, Any]]) -> tuple[float, float]:
    """Return AP50-95 and AP50 as pycocotools computes them."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # its own use of numpy
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        truth: list[dict[str, Any]] = []
        found: list[dict[str, Any]] = []
        for i, (marked, predicted, scores) in enumerate(pictures):
            for x1, y1, x2, y2 in marked:
                bbox = [x1, y1, x2 - x1, y2 - y1]
                one = {"id": len(truth) + 1, "image_id": i, "category_id": 1, "iscrowd": 0}
                truth.append({**one, "bbox": bbox, "area": bbox[2] * bbox[3]})
            for (x1, y1, x2, y2), score in zip(predicted, scores, strict=True):
                bbox = [x1, y1, x2 - x1, y2 - y1]
                found.append({"image_id": i, "category_id": 1, "bbox": bbox, "score": score})
        reference = COCO()
        images = [{"id": i} for i in range(len(pictures))]
        reference.dataset = {
            "images": images,
            "annotations": truth,
            "categories": [{"id": 1}],
            "info": {},
        }
        reference.createIndex()
        judge = COCOeval(reference, reference.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0]), float(judge.stats[1])


@pytest.mark.parametrize("seed", range(8))
def test_average_precision_agrees_with_pycocotools(seed: int) -> None:
    pictures = made_up(seed)
    ours = []
    for iou in COCO_IOUS:
        matches = [
            match_picture(
                predicted.astype(np.float32),
                scores.astype(np.float64),
                marked.astype(np.float32),
                iou,
            )
            for marked, predicted, scores in pictures
        ]
        precision = average_precision(matches)
        assert precision is not None
        ours.append(precision)
    reference_50_95, reference_50 = ask_pycocotools(pictures)
    assert 0.02 < reference_50_95 < reference_50 < 0.95
    assert ours[0] == pytest.approx(reference_50, abs=0.001)
    assert np.mean(ours) == pytest.approx(reference_50_95, abs=0.001)


def test_the_figures_agree_with_pycocotools(
    record_photo: Callable[..., ImageRecord],
    score_photo: Callable[..., ImageScore],
    evaluation_of: Callable[..., Evaluation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training.evaluate, "identify_records", lambda _: "made up")
    # As the pipeline rounds them.
    pictures = [
        (np.round(marked, 1), np.round(predicted, 1), np.round(scores, 4))
        for marked, predicted, scores in made_up(3)
    ]
    records, answers = [], []
    for i, (marked, predicted, scores) in enumerate(pictures):
        boxes = [("illegal_poster", tuple(box)) for box in marked.tolist()]
        found = [
            ("illegal_poster", score, tuple(box))
            for box, score in zip(predicted.tolist(), scores.tolist(), strict=True)
        ]
        records.append(record_photo(f"{i}.jpg", ["illegal_poster"], boxes))
        answers.append(score_photo(f"{i}.jpg", found))
    figures = count_figures(evaluation_of(records, answers))
    ours = figures["labels"]["illegal_poster"]["all"]
    reference_50_95, reference_50 = ask_pycocotools(pictures)
    assert ours["average_precision"] == pytest.approx(reference_50, abs=0.001)
    assert ours["average_precision_50"] == pytest.approx(reference_50, abs=0.001)
    assert ours["average_precision_50_95"] == pytest.approx(reference_50_95, abs=0.001)
