"""Evaluation and promotion over the shipped network, on made-up photos."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.formats import read_sets
from detector.errors import StreetIssueError
from detector.models.bundle import Bundle
from training.evaluate import evaluate, format_summary
from training.promote import write_bundle

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "street-issues-n-0.1.0.json"


@pytest.fixture
def sets(tmp_path: Path, write_jpeg: Callable[..., Path]) -> Path:
    folder = tmp_path / "sets" / "made_up"
    for i in range(3):
        write_jpeg(folder / "images" / f"{i}.jpg", seed=i)
        (folder / "labels").mkdir(exist_ok=True)
        text = "0 0.5 0.5 0.2 0.2\n" if i == 0 else ""
        (folder / "labels" / f"{i}.txt").write_text(text, encoding="utf-8")
    (folder / "source.yaml").write_text(
        "labelled: [illegal_poster, site_dust]\nnames: [illegal_poster, site_dust]\n",
        encoding="utf-8",
    )
    return tmp_path / "sets"


def test_only_labels_that_were_looked_for_are_judged(default_bundle: Bundle, sets: Path) -> None:
    figures = evaluate(default_bundle, read_sets(sets), "onnxruntime")
    labels = figures["labels"]
    assert labels["illegal_poster"]["all"]["boxes"] == 1
    assert labels["illegal_poster"]["all"]["clean_pictures"] == 2
    assert labels["site_dust"]["min_iou"] == 0.3
    assert labels["overflowing_bin"]["sets"] == {}
    table = format_summary(figures)
    assert "| illegal_poster | made_up | 3 | 1 |" in table and "overflowing_bin" not in table


def test_a_photo_that_cannot_be_scored_ends_the_evaluation(
    default_bundle: Bundle, sets: Path
) -> None:
    (sets / "made_up" / "images" / "1.jpg").write_bytes(b"")
    with pytest.raises(StreetIssueError, match=r"1\.jpg"):
        evaluate(default_bundle, read_sets(sets), "onnxruntime")


def test_a_bundle_is_written_whole_and_its_card_holds_the_figures(
    default_bundle: Bundle, sets: Path, tmp_path: Path
) -> None:
    figures = evaluate(default_bundle, read_sets(sets), "onnxruntime")
    thresholds = dict(default_bundle.manifest.thresholds)
    bundle = write_bundle(
        tmp_path / "new",
        network=default_bundle.network_path,
        recipe=json.loads(RECIPE.read_text(encoding="utf-8")),
        card=RECIPE.with_suffix(".md").read_text(encoding="utf-8"),
        thresholds=thresholds,
        figures=figures,
    )
    assert bundle.manifest.thresholds == default_bundle.manifest.thresholds
    assert bundle.manifest.sha256 == default_bundle.manifest.sha256
    card = bundle.card_path.read_text(encoding="utf-8")
    assert "{{" not in card and "| illegal_poster | made_up | 3 | 1 |" in card


def test_the_shipped_card_is_what_its_recipe_gives(default_bundle: Bundle) -> None:
    manifest = default_bundle.manifest
    card = default_bundle.card_path.read_text(encoding="utf-8")
    for label, threshold in manifest.thresholds.items():
        assert f"| {label} | {threshold:.2f} |" in card
    figures = {
        "labels": {label: dict(content) for label, content in manifest.figures.items()},
    }
    assert format_summary(figures) in card
