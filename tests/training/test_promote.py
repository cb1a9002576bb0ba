"""From a draft to a bundle: nothing worse, nothing unnamed, nothing measured on something else."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasets.formats import read_sets
from detector.models.bundle import Bundle
from detector.version import __version__
from training.bundling import BundleParts, merge_data, read_recipe, write_bundle, write_draft
from training.errors import TrainingError
from training.evaluate import count_figures, run_evaluation
from training.promote import (
    WorseError,
    check_figures,
    check_not_worse,
    check_run,
    compare_labels,
    old_labels,
    replace_bundle,
)
from training.rules import MATCH_RULES
from training.run_record import identify_run, read_run
from training.tables import format_summary

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "street-issues-n-0.1.0.json"


def labels_with(**precisions: float | None) -> dict[str, Any]:
    return {label: {"all": {"average_precision": one}} for label, one in precisions.items()}


@pytest.fixture
def parts(default_bundle: Bundle, write_set: Callable[..., Path]) -> BundleParts:
    """The shipped network, measured on made-up photos."""
    recipe, card = read_recipe(RECIPE)
    evaluation = run_evaluation(default_bundle, read_sets(write_set()), "onnxruntime")
    return BundleParts(
        network=default_bundle.network_path,
        recipe=recipe,
        card=card,
        thresholds=dict(default_bundle.manifest.thresholds),
        figures=count_figures(evaluation),
    )


def test_a_worse_bundle_is_refused_by_how_much() -> None:
    old = labels_with(illegal_poster=0.5, site_dust=0.7, overflowing_bin=0.4, street_vending=None)
    new = labels_with(illegal_poster=0.5, site_dust=0.6999, overflowing_bin=0.3)
    comparisons = compare_labels(old, new)
    with pytest.raises(WorseError) as refused:
        check_not_worse(comparisons, [])
    message = str(refused.value)
    assert "site_dust: AP 0.7000 -> 0.6999 (-0.0001)" in message
    assert "overflowing_bin: AP 0.4000 -> 0.3000 (-0.1000)" in message
    assert "illegal_poster" not in message and "street_vending" not in message
    with pytest.raises(WorseError, match="--allow-worse overflowing_bin"):
        check_not_worse(comparisons, ["site_dust"])
    check_not_worse(comparisons, ["site_dust", "overflowing_bin"])


def test_a_label_that_is_gone_is_worse() -> None:
    gone = compare_labels(labels_with(site_dust=0.1), {})
    with pytest.raises(WorseError, match=r"site_dust: AP 0\.1000 -> –"):
        check_not_worse(gone, [])


def test_figures_of_something_else_are_refused(parts: BundleParts) -> None:
    check_figures(parts)
    other = copy.deepcopy(dict(parts.figures))
    other["model"]["sha256"] = "0" * 64
    with pytest.raises(TrainingError, match="figures are of another network"):
        check_figures(replace(parts, figures=other))
    with pytest.raises(TrainingError, match="other thresholds"):
        check_figures(replace(parts, thresholds={**parts.thresholds, "site_dust": 0.99}))


def test_thresholds_must_be_those_that_were_chosen_on_other_photos(
    parts: BundleParts, tmp_path: Path
) -> None:
    judged = parts.figures["photos"]
    assert len(judged) == 3 and all(len(one) == 12 for one in judged)

    def calibrated(*photos: str, **changes: Any) -> BundleParts:
        calibration = {
            "model": parts.figures["model"],
            "photos": [*photos],
            "thresholds": dict(parts.thresholds),
            "clean": {
                "by_label": {key: {"false_alarms": 0, "pictures": 1} for key in parts.thresholds}
            },
            "found": {key: {"hits": 0, "boxes": 0} for key in parts.thresholds},
        }
        return replace(parts, calibration={**calibration, **changes})

    good = calibrated("0" * 12)
    check_figures(good)
    # The names of the photos served the check alone.
    manifest = write_bundle(tmp_path / "new", good).manifest
    assert "photos" not in manifest.calibration and "photos" not in manifest.evaluation
    assert manifest.calibration["thresholds"] == dict(parts.thresholds)
    with pytest.raises(TrainingError, match="2 of the photos that the bundle is judged on"):
        check_figures(calibrated("0" * 12, *judged[:2]))
    with pytest.raises(TrainingError, match="not those that the calibration chose"):
        check_figures(calibrated(thresholds={**parts.thresholds, "site_dust": 0.99}))
    with pytest.raises(TrainingError, match="calibrate wrote does not name its photos"):
        check_figures(calibrated(photos=None))
    figures = {key: value for key, value in parts.figures.items() if key != "photos"}
    with pytest.raises(TrainingError, match="evaluate wrote does not name its photos"):
        check_figures(replace(good, figures=figures))


def test_a_draft_must_come_from_the_weights_of_the_run(
    default_bundle: Bundle, tmp_path: Path
) -> None:
    recipe, _ = read_recipe(RECIPE)
    network = default_bundle.network_path
    draft = write_draft(tmp_path / "draft", network, recipe, "ab" * 32)
    assert draft.manifest.run == {"weights_sha256": "ab" * 32}
    check_run(draft, {})
    check_run(draft, {"id": "of an earlier version"})
    check_run(draft, {"weights_sha256": "ab" * 32})
    with pytest.raises(TrainingError, match="not exported from the weights of that run"):
        check_run(draft, {"weights_sha256": "cd" * 32})
    untold = write_draft(tmp_path / "untold", network, recipe)
    with pytest.raises(TrainingError, match="not exported from the weights of that run"):
        check_run(untold, {"weights_sha256": "ab" * 32})


def test_a_recipe_must_tell_of_its_data(parts: BundleParts, tmp_path: Path) -> None:
    bins = next(one for one in parts.recipe["data"] if one["name"] == "bins_montevideo")
    unlicensed = {key: value for key, value in bins.items() if key != "licence"}
    for data, words in (
        (None, "names no data"),
        (["bins"], "names no data"),
        ([{"licence": "MIT"}], r"data\[0\] has no name"),
        ([unlicensed], "does not tell licence of the data set bins_montevideo"),
        ([{**bins, "licence": ""}], "does not tell licence"),
        ([{"name": "x"}], "pictures, used_for, licence, source of the data set x"),
    ):
        recipe = {**parts.recipe, "data": data}
        with pytest.raises(TrainingError, match=words):
            write_bundle(tmp_path / "new", replace(parts, recipe=recipe))
    without = {key: value for key, value in parts.recipe.items() if key != "data"}
    with pytest.raises(TrainingError, match="names no data"):
        write_bundle(tmp_path / "new", replace(parts, recipe=without))
    assert not (tmp_path / "new").exists()


def test_the_replaced_bundle_is_judged_on_the_same_photos(
    parts: BundleParts, default_bundle: Bundle, tmp_path: Path
) -> None:
    records = read_sets(tmp_path / "sets")
    with pytest.raises(TrainingError, match="other photos"):
        old_labels(default_bundle, parts.figures, (), MATCH_RULES, "onnxruntime")
    with pytest.raises(TrainingError, match="other photos"):
        old_labels(default_bundle, parts.figures, records[:1], MATCH_RULES, "onnxruntime")
    measured = old_labels(default_bundle, parts.figures, records, MATCH_RULES, "onnxruntime")
    assert measured == parts.figures["labels"]
    # What was measured on the same photos is taken as it stands.
    bundle = write_bundle(tmp_path / "new", parts)
    assert old_labels(bundle, parts.figures, (), MATCH_RULES, "none") is bundle.manifest.figures


def test_a_bundle_is_written_whole_and_its_card_holds_the_figures(
    parts: BundleParts, default_bundle: Bundle, tmp_path: Path
) -> None:
    card = f"{parts.card}\n{{{{clean}}}}\n"
    bundle = write_bundle(tmp_path / "new", replace(parts, card=card))
    manifest = bundle.manifest
    assert manifest.thresholds == default_bundle.manifest.thresholds
    assert manifest.sha256 == default_bundle.manifest.sha256
    assert manifest.evaluation["records_sha256"] == parts.figures["records_sha256"]
    assert manifest.min_detector_version == __version__
    written = bundle.card_path.read_text(encoding="utf-8")
    assert "{{" not in written and "| illegal_poster | made_up | 3 | 1 |" in written
    assert "False alarms per 100 clean photos, all labels together" in written


def test_a_draft_can_be_measured_and_no_more(default_bundle: Bundle, tmp_path: Path) -> None:
    recipe, _ = read_recipe(RECIPE)
    draft = write_draft(tmp_path / "draft", default_bundle.network_path, recipe)
    assert set(draft.manifest.thresholds.values()) == {0.5}
    assert not draft.manifest.figures and list(draft.manifest.files) == ["model.onnx"]


def test_a_bundle_names_the_run_and_the_data_it_comes_from(
    parts: BundleParts, tmp_path: Path
) -> None:
    record = {
        "config": {"name": "n", "held_out_share": 0.1},
        "sets": {"bins_montevideo": {"pictures": 400, "version": "abc"}},
        "finished": True,
        "elapsed_s": 5,
    }
    path = tmp_path / "run" / "run.json"
    path.parent.mkdir()
    path.write_text(json.dumps(record), encoding="utf-8")
    run = read_run(path.parent)
    assert run["id"] == identify_run({**record, "elapsed_s": 9, "weights_sha256": "ab"})
    assert run["id"] != identify_run({**record, "config": {}})
    manifest = write_bundle(tmp_path / "new", replace(parts, run=run)).manifest
    assert manifest.run["id"] == run["id"]
    [bins] = [one for one in manifest.data if one["name"] == "bins_montevideo"]
    assert (bins["pictures"], bins["version"]) == (400, "abc") and bins["licence"]
    with pytest.raises(TrainingError, match="other_set"):
        merge_data(parts.recipe["data"], {"sets": {"other_set": {}}})
    path.write_text(json.dumps({**record, "finished": False}), encoding="utf-8")
    with pytest.raises(TrainingError, match="not the record of a finished run"):
        read_run(path.parent)


def test_a_bundle_replaces_only_a_bundle(parts: BundleParts, bundle_copy: Path) -> None:
    (bundle_copy / "stray.txt").write_text("old", encoding="utf-8")
    replaced = replace_bundle(bundle_copy, parts)
    assert replaced.folder == bundle_copy.resolve()
    assert not (bundle_copy / "stray.txt").exists()
    assert [one.name for one in bundle_copy.parent.glob(".*")] == []
    other = bundle_copy.parent / "sets"
    with pytest.raises(TrainingError, match="no bundle"):
        replace_bundle(other, parts)
    assert other.is_dir()


def test_a_bundle_that_cannot_be_replaced_stays(
    parts: BundleParts, bundle_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bundle_copy / "stray.txt").write_text("old", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in bundle_copy.iterdir()}
    beside = {path.name for path in bundle_copy.parent.iterdir()}
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        replace_bundle(bundle_copy, parts)
    assert {path.name: path.read_bytes() for path in bundle_copy.iterdir()} == before
    with pytest.raises(OSError, match="No space"):
        replace_bundle(bundle_copy.parent / "first", parts)
    assert {path.name for path in bundle_copy.parent.iterdir()} == beside


def test_the_shipped_card_is_what_its_recipe_gives(default_bundle: Bundle) -> None:
    manifest = default_bundle.manifest
    card = default_bundle.card_path.read_text(encoding="utf-8")
    for label, threshold in manifest.thresholds.items():
        assert f"| {label} | {threshold:.2f} |" in card
    figures = {
        "labels": {label: dict(content) for label, content in manifest.figures.items()},
    }
    assert format_summary(figures) in card
