"""Mined photos are those with sure findings away from every mark, where the label was looked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.formats import read_sets
from datasets.holdout import is_held_out
from datasets.records import ImageRecord
from detector.detections import ImageScore
from training.cli import main
from training.mining import choose_photos, rank_false_alarms

Record = Callable[..., ImageRecord]
Score = Callable[..., ImageScore]
POSTER, DUST = "illegal_poster", "site_dust"
PLACE, BESIDE, AWAY = (0.0, 0.0, 100.0, 100.0), (60.0, 0.0, 160.0, 100.0), (500.0, 0.0, 600.0, 99.0)


def test_the_surest_wrong_finding_of_each_photo_counts(
    record_photo: Record, score_photo: Score
) -> None:
    records = [
        record_photo("marked.jpg", [POSTER], [(POSTER, PLACE)]),
        record_photo("unknown.jpg", [DUST]),
        record_photo("clean.jpg", [POSTER, DUST]),
    ]
    scores = [
        score_photo("marked.jpg", [(POSTER, 0.9, PLACE), (POSTER, 0.8, BESIDE)]),
        score_photo("unknown.jpg", [(POSTER, 0.9, PLACE)]),
        score_photo("clean.jpg", [(POSTER, 0.3, PLACE), (POSTER, 0.5, AWAY), (DUST, 0.1, AWAY)]),
    ]
    alarms = rank_false_alarms(records, scores, (POSTER, DUST), min_score=0.2)
    assert [(one.record.path.name, one.label, one.score) for one in alarms] == [
        ("clean.jpg", POSTER, 0.5)
    ]


def test_a_finding_away_from_the_mark_counts(record_photo: Record, score_photo: Score) -> None:
    record = record_photo("x.jpg", [POSTER], [(POSTER, PLACE)])
    score = score_photo("x.jpg", [(POSTER, 0.9, PLACE), (POSTER, 0.8, AWAY)])
    (alarm,) = rank_false_alarms([record], [score], (POSTER,), min_score=0.2)
    assert alarm.score == 0.8


def test_each_label_gives_its_surest_photos(record_photo: Record, score_photo: Score) -> None:
    records = [record_photo(f"{i}.jpg", [POSTER, DUST]) for i in range(4)]
    scores = [
        score_photo("0.jpg", [(POSTER, 0.9, AWAY)]),
        score_photo("1.jpg", [(POSTER, 0.8, AWAY), (DUST, 0.9, AWAY)]),
        score_photo("2.jpg", [(POSTER, 0.7, AWAY)]),
        score_photo("3.jpg", [(DUST, 0.3, AWAY)]),
    ]
    alarms = rank_false_alarms(records, scores, (POSTER, DUST), min_score=0.2)
    assert [one.path.name for one in choose_photos(alarms, 1)] == ["0.jpg", "1.jpg"]
    assert [one.path.name for one in choose_photos(alarms, 9)] == [f"{i}.jpg" for i in range(4)]


@pytest.mark.shared
def test_no_held_out_photo_is_mined(shared_data: Path, tmp_path: Path) -> None:
    sets = shared_data / "train" / "clean_shopfronts"
    given = ["mine", "--sets", str(sets), "--held-out", "0.3", "--min-score", "0.05"]
    assert main([*given, "--out", str(tmp_path / "mined")]) == 0
    originals = {one.path.name: one for one in read_sets(sets)}
    mined = read_sets(tmp_path / "mined")
    assert mined
    assert not any(is_held_out(originals[one.path.name], 0.3) for one in mined)
    assert main([*given, "--out", str(tmp_path / "mined")]) == 2  # not written over
