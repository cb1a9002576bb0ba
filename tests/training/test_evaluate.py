"""Figures by label, set, size, light; false alarms on clean photos; the report."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DatasetError
from datasets.formats import read_sets
from datasets.records import ImageRecord
from detector.detections import ImageScore
from detector.errors import StreetIssueError
from detector.models.bundle import Bundle
from training.clean import count_clean
from training.errors import ConfigError
from training.evaluate import Evaluation, count_figures, count_label, run_evaluation
from training.light import measure_light, name_light
from training.matching import Pool, at_threshold
from training.report import write_report
from training.rules import MATCH_RULES, parse_rules, read_rules
from training.scoring import identify_records, list_photos, match_label, read_photos, size_of
from training.tables import format_compact, format_summary
from training.worst import find_false_alarms, find_misses

Record = Callable[..., ImageRecord]
Score = Callable[..., ImageScore]
POSTER, DUST = "illegal_poster", "site_dust"
HUNDRED, HALF = (0.0, 0.0, 100.0, 100.0), (0.0, 0.0, 100.0, 40.0)


def test_the_least_overlap_goes_by_label_and_set(
    record_photo: Record, score_photo: Score, evaluation_of: Callable[..., Evaluation]
) -> None:
    records = [
        record_photo("a.jpg", [POSTER, DUST], [(POSTER, HUNDRED), (DUST, HUNDRED)], "streets"),
        record_photo("b.jpg", [POSTER], [(POSTER, HUNDRED)], "posters_tags"),
    ]
    # 0.4 of the marked box: enough for dust, and for posters only in the set of tags.
    found = [(POSTER, 0.9, HALF), (DUST, 0.9, HALF)]
    evaluation = evaluation_of(records, [score_photo("a.jpg", found), score_photo("b.jpg", found)])
    poster, dust = count_label(evaluation, POSTER), count_label(evaluation, DUST)
    assert dust["all"]["average_precision"] == 1.0 and dust["min_iou"] == 0.3
    assert poster["sets"]["streets"]["average_precision"] == 0.0
    assert poster["sets"]["posters_tags"]["average_precision"] == 1.0
    assert poster["sets"]["posters_tags"]["min_iou"] == 0.3
    assert poster["all"]["average_precision_30"] == 1.0
    assert poster["all"]["average_precision_50"] == 0.0


def test_rules_are_read_back_and_refused_when_unknown(tmp_path: Path) -> None:
    assert parse_rules(MATCH_RULES.to_json(), "x").to_json() == MATCH_RULES.to_json()
    path = tmp_path / "rules.json"
    for text in ("[]", "{", '{"default": 0.5, "by_label": {"tree": 1}, "by_set": {}}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"rules\.json"):
            read_rules(path)


def test_a_box_of_another_size_counts_nowhere(
    record_photo: Record, score_photo: Score, evaluation_of: Callable[..., Evaluation]
) -> None:
    small, large = (0.0, 0.0, 50.0, 50.0), (200.0, 200.0, 900.0, 900.0)
    stray = (0.0, 600.0, 60.0, 660.0)
    records = [record_photo("a.jpg", [POSTER], [(POSTER, small), (POSTER, large)])]
    said = [(POSTER, 0.9, large), (POSTER, 0.8, stray)]
    sizes = count_label(evaluation_of(records, [score_photo("a.jpg", said)]), POSTER)["sizes"]
    assert [sizes[name]["boxes"] for name in ("small", "medium", "large")] == [1, 0, 1]
    assert [sizes[name]["hits"] for name in ("small", "medium", "large")] == [0, 0, 1]
    assert [sizes[name]["false_alarms"] for name in ("small", "medium", "large")] == [1, 0, 0]
    assert [size_of(share) for share in (0.0099, 0.01, 0.0999, 0.1)] == [
        "small", "medium", "medium", "large",
    ]  # fmt: skip


def test_photos_are_told_apart_by_their_light(
    record_photo: Record,
    score_photo: Score,
    evaluation_of: Callable[..., Evaluation],
    write_jpeg: Callable[..., Path],
    tmp_path: Path,
) -> None:
    assert [name_light(grey) for grey in (120, 80, 79, 50, 49, 0)] == [
        "day", "day", "dim", "dim", "night", "night",
    ]  # fmt: skip
    assert measure_light(write_jpeg(tmp_path / "noise.jpg")) == "day"
    with pytest.raises(DatasetError, match=r"gone\.jpg"):
        measure_light(tmp_path / "gone.jpg")
    records = [record_photo(f"{i}.jpg", [POSTER], [(POSTER, HUNDRED)]) for i in range(2)]
    scores = [score_photo("0.jpg", [(POSTER, 0.9, HUNDRED)]), score_photo("1.jpg")]
    lights = count_label(evaluation_of(records, scores, lights=["day", "night"]), POSTER)["lights"]
    assert lights["day"]["recall"] == 1.0 and lights["night"]["recall"] == 0.0
    assert "dim" not in lights


def test_false_alarms_of_all_labels_are_added_up(record_photo: Record, score_photo: Score) -> None:
    both = [POSTER, DUST]
    records = [
        record_photo("0.jpg", both),
        record_photo("1.jpg", both),
        record_photo("2.jpg", [POSTER]),
        record_photo("3.jpg", [POSTER]),
        record_photo("4.jpg", both, [(DUST, HUNDRED)]),  # not clean: its alarms are not counted
    ]
    said = [(POSTER, 0.9, HUNDRED), (DUST, 0.9, HUNDRED)]
    scores = [score_photo(f"{i}.jpg", said if i in (1, 2, 4) else ()) for i in range(5)]
    clean = count_clean(records, scores, {POSTER: 0.5, DUST: 0.5})
    assert clean["by_label"][POSTER] == {"pictures": 4, "false_alarms": 2, "per_100": 50.0}
    assert clean["by_label"][DUST] == {"pictures": 2, "false_alarms": 1, "per_100": 50.0}
    assert clean["sum_of_labels"]["per_100"] == 100.0
    together = clean["looked_for_all"]
    assert (together["pictures"], together["false_alarms"]) == (2, 2)
    assert together["pictures_with_alarm"] == 1 and together["per_100"] == 100.0
    low, high = together["interval"]
    assert low <= 100.0 <= high
    none = count_clean(records, scores, {"street_vending": 0.5})
    assert none["sum_of_labels"] == {"per_100": None, "interval": None}


def test_a_clean_photo_is_one_without_any_issue(
    record_photo: Record, score_photo: Score, evaluation_of: Callable[..., Evaluation]
) -> None:
    both = [POSTER, DUST]
    records = [
        record_photo("0.jpg", both, set_name="a"),
        record_photo("1.jpg", both, [(DUST, HUNDRED)], "a"),  # without a poster, but not clean
        record_photo("2.jpg", both, set_name="b"),
        record_photo("3.jpg", [DUST], set_name="b"),
    ]
    scores = [score_photo(f"{i}.jpg", [(POSTER, 0.9, HUNDRED)]) for i in range(4)]
    evaluation = evaluation_of(records, scores)
    poster = count_label(evaluation, POSTER)
    counted = [
        (one["false_alarms_on_clean"], one["clean_pictures"], one["false_alarms"])
        for one in (poster["all"], poster["sets"]["a"], poster["sets"]["b"])
    ]
    assert counted == [(2, 2, 3), (1, 1, 2), (1, 1, 1)]
    assert poster["all"]["false_alarms_per_100_clean"] == 100.0
    together = count_clean(records, scores, {POSTER: evaluation.threshold(POSTER)})
    assert together["by_label"][POSTER] == {"pictures": 2, "false_alarms": 2, "per_100": 100.0}


def test_a_finding_at_the_threshold_counts(record_photo: Record, score_photo: Score) -> None:
    records = [record_photo("a.jpg", [POSTER], [(POSTER, HUNDRED)])]
    scores = [score_photo("a.jpg", [(POSTER, 0.70, HUNDRED)])]
    matches = match_label(records, scores, POSTER)["made_up"]
    assert matches[0].scores.tolist() == [0.70]
    assert at_threshold(matches, 0.70).hits == 1
    assert Pool(matches).recall(np.ones(1), 0.70) == 1.0
    assert at_threshold(matches, 0.71).hits == 0


def test_photos_are_named_by_their_bytes(score_photo: Score) -> None:
    scores = [replace(score_photo(name), sha256=name * 64) for name in ("b", "a", "b")]
    assert list_photos(scores) == ["a" * 12, "b" * 12]


def test_only_labels_that_were_looked_for_are_judged(
    default_bundle: Bundle, write_set: Callable[..., Path]
) -> None:
    folder = write_set()
    source = folder / "made_up" / "source.yaml"
    text = source.read_text(encoding="utf-8")
    kept = text.replace("overflowing_bin, street_vending, ", "", 1)
    source.write_text(kept, encoding="utf-8")
    figures = count_figures(run_evaluation(default_bundle, read_sets(folder), "onnxruntime"))
    labels = figures["labels"]
    assert labels[POSTER]["all"]["boxes"] == 1
    assert labels[POSTER]["all"]["clean_pictures"] == 2
    assert labels[DUST]["min_iou"] == 0.3
    assert labels["overflowing_bin"]["sets"] == {}
    table = format_summary(figures)
    assert "| illegal_poster | made_up | 3 | 1 |" in table and "overflowing_bin" not in table
    assert "onnxruntime" in figures["runtime"]
    assert "illegal_poster   made_up" in format_compact(figures)


def test_a_photo_that_cannot_be_scored_ends_the_evaluation(
    default_bundle: Bundle, write_set: Callable[..., Path]
) -> None:
    folder = write_set()
    (folder / "made_up" / "images" / "1.jpg").write_bytes(b"")
    with pytest.raises(StreetIssueError, match=r"1\.jpg"):
        run_evaluation(default_bundle, read_sets(folder), "onnxruntime")


def test_the_hash_of_the_photos_tells_every_change(write_set: Callable[..., Path]) -> None:
    folder = write_set()
    before = identify_records(read_sets(folder))
    assert identify_records(read_sets(folder)[::-1]) == before
    (folder / "made_up" / "labels" / "1.txt").write_text("0 0.5 0.5 0.1 0.1\n", encoding="utf-8")
    assert identify_records(read_sets(folder)) != before


def test_a_list_chooses_photos_and_must_fit(write_set: Callable[..., Path]) -> None:
    folder = write_set()
    chosen = folder / "list.txt"
    chosen.write_text("made_up/images/2.jpg\n\nmade_up/images/0.jpg\n", encoding="utf-8")
    assert [one.path.name for one in read_photos([folder], chosen)] == ["0.jpg", "2.jpg"]
    chosen.write_text("made_up/images/9.jpg\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"9\.jpg"):
        read_photos([folder], chosen)


def test_the_worst_come_first_and_from_every_set(
    record_photo: Record, score_photo: Score, evaluation_of: Callable[..., Evaluation]
) -> None:
    sizes = (("a", 300.0), ("a", 500.0), ("b", 100.0), ("a", 200.0))
    records = [
        record_photo(f"{i}.jpg", [POSTER], [(POSTER, (0.0, 0.0, side, side))], name)
        for i, (name, side) in enumerate(sizes)
    ]
    elsewhere = (600.0, 600.0, 700.0, 700.0)
    scores = [
        score_photo(f"{i}.jpg", [(POSTER, score, elsewhere)])
        for i, score in enumerate((0.6, 0.4, 0.9, 0.7))
    ]
    evaluation = evaluation_of(records, scores)
    misses = find_misses(evaluation, POSTER, 3)
    assert [one.looked.record.path.name for one in misses] == ["1.jpg", "2.jpg", "0.jpg"]
    assert misses[0].badness == pytest.approx(0.25)
    alarms = find_false_alarms(evaluation, POSTER, 9)
    # 0.4 is under the threshold, so no false alarm.
    assert [one.badness for one in alarms] == [0.9, 0.7, 0.6]


def test_the_report_is_a_page_with_pictures(
    default_bundle: Bundle, write_set: Callable[..., Path], tmp_path: Path
) -> None:
    evaluation = run_evaluation(default_bundle, read_sets(write_set("a&b")), "onnxruntime")
    figures = count_figures(evaluation)
    page = write_report(tmp_path / "report", evaluation, figures, worst=2)
    text = page.read_text(encoding="utf-8")
    assert "a&amp;b/0.jpg" in text and "a&b" not in text
    assert (page.parent / "pictures" / "illegal_poster_missed_00.jpg").stat().st_size > 1000
    assert json.loads((page.parent / "figures.json").read_text(encoding="utf-8")) == figures
