"""Two bundles on the same photos."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from datasets.records import ImageRecord
from detector.detections import ImageScore, ScoreFailure
from detector.models.bundle import Bundle, load_bundle
from detector.sources import find_photos
from training.compare import compare_evaluations, format_comparison
from training.comparison_report import write_comparison, write_shadow
from training.evaluate import Evaluation
from training.shadow import compare_photo, format_changes, run_shadow, summarise_changes

SCENES = Path(__file__).parents[2] / "demo" / "scenes"
POSTER, DUST = "illegal_poster", "site_dust"
PLACE, NEAR, FAR = (0.0, 0.0, 100.0, 100.0), (5.0, 0.0, 105.0, 100.0), (500.0, 0.0, 600.0, 100.0)


def test_differences_are_paired(
    record_photo: Callable[..., ImageRecord],
    score_photo: Callable[..., ImageScore],
    evaluation_of: Callable[..., Evaluation],
    tmp_path: Path,
) -> None:
    records = [record_photo(f"{i}.jpg", [POSTER], [(POSTER, PLACE)]) for i in range(30)]

    def scores(found: Sequence[bool]) -> list[ImageScore]:
        return [
            score_photo(f"{i}.jpg", [(POSTER, 0.9, PLACE)] if hit else [])
            for i, hit in enumerate(found)
        ]

    old = evaluation_of(records, scores([i % 3 > 0 for i in range(30)]))
    same = compare_evaluations(old, old)["labels"][POSTER]["sets"]["all"]
    assert same["recall"]["interval"] == [0.0, 0.0] and same["recall"]["difference"] == 0.0
    new = evaluation_of(records, scores([i % 3 > 0 or i == 0 for i in range(30)]))
    comparison = compare_evaluations(old, new)
    recall = comparison["labels"][POSTER]["sets"]["all"]["recall"]
    assert recall["values"] == [pytest.approx(20 / 30, abs=1e-4), pytest.approx(0.7)]
    low, high = recall["interval"]
    # What is hard for both cancels out: alone, each recall is known to 0.17 only.
    assert 0 <= low <= recall["difference"] <= high < 0.15
    assert comparison["labels"][DUST]["sets"]["all"]["average_precision"]["difference"] is None
    assert "recall 0.67 -> 0.70 (+0.03" in format_comparison(comparison)
    page = write_comparison(tmp_path / "page", comparison)
    assert "0.67 -&gt; 0.70" in page.read_text(encoding="utf-8")


def test_a_photo_loses_and_gains(score_photo: Callable[..., ImageScore]) -> None:
    old = score_photo("a.jpg", [(POSTER, 0.9, PLACE), (DUST, 0.8, PLACE)])
    new = score_photo("a.jpg", [(POSTER, 0.7, NEAR), (POSTER, 0.6, FAR)])
    change = compare_photo(old, new)
    assert [(one.label, one.score) for one in change.lost] == [(DUST, 0.8)]
    assert [(one.label, one.score) for one in change.gained] == [(POSTER, 0.6)]
    assert change.changes_outcome and not change.failed
    summary = summarise_changes([change, compare_photo(old, old)], [POSTER, DUST])
    assert summary["outcome_changes"] == 1
    assert summary["labels"][POSTER] == {
        "photos_old": 2, "photos_new": 2, "findings_old": 2, "findings_new": 3,
        "lost": 0, "gained": 1,
    }  # fmt: skip


def test_a_photo_that_fails_is_no_change_of_outcome(
    score_photo: Callable[..., ImageScore],
) -> None:
    old = score_photo("a.jpg", [(POSTER, 0.9, PLACE)])
    failed = replace(old, findings=(), error=ScoreFailure("corrupt", "It is damaged.", ""))
    change = compare_photo(old, failed)
    assert change.failed and not change.lost
    summary = summarise_changes([change], [POSTER])
    assert (summary["failed"], summary["outcome_changes"]) == (1, 0)
    assert summary["labels"][POSTER]["findings_old"] == 0


def test_a_shadow_run_is_written_down(
    default_bundle: Bundle,
    edit_manifest: Callable[..., Path],
    tmp_path: Path,
) -> None:
    # Nothing is flagged in these two; at thresholds of next to nothing a street is full of it.
    def flag_more(manifest: dict[str, dict[str, float]]) -> None:
        manifest["thresholds"] = dict.fromkeys(manifest["thresholds"], 0.012)

    new = load_bundle(edit_manifest(flag_more))
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, scene in (("=0.jpg", "tidy_street.jpg"), ("1.jpg", "dusk_street.jpg")):
        shutil.copyfile(SCENES / scene, photos / name)
    (photos / "broken.jpg").write_bytes(b"no photo")
    changes = list(run_shadow(default_bundle, new, find_photos([photos]), "onnxruntime"))
    assert [Path(one.old.source).name for one in changes] == ["1.jpg", "=0.jpg", "broken.jpg"]
    assert [one.failed for one in changes] == [False, False, True]
    assert all(one.gained and not one.lost for one in changes[:2])
    summary = summarise_changes(changes, default_bundle.manifest.issue_labels)
    assert "3 photos, 1 not scored; 2 change" in format_changes(summary)

    page = write_shadow(tmp_path / "out", changes, summary, ("old 1", "new 2"), examples=1)
    with (tmp_path / "out" / "changes.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["change"] for row in rows} == {"gained", "not scored"}
    assert len(rows) == 1 + sum(len(one.gained) for one in changes)
    lines = (tmp_path / "out" / "changes.jsonl").read_text(encoding="utf-8").splitlines()
    assert [bool(json.loads(line)["errors"]) for line in lines] == [False, False, True]
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 2
    assert "gained" in page.read_text(encoding="utf-8")
