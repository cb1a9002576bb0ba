"""Mined: sure findings away from every mark, in photos where the label was looked for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.formats import read_sets, yolo
from datasets.holdout import is_held_out, part_of
from datasets.records import ImageRecord
from datasets.versions import hash_records
from detector.detections import Finding, ImageScore, ModelReference
from detector.photo_facts import PhotoFacts
from training.cli import main
from training.errors import TrainingError
from training.mining import choose_photos, choose_trained, rank_false_alarms

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


@pytest.fixture
def trained(tmp_path: Path, write_jpeg: Callable[..., Path]) -> Path:
    """A set of photos, and the record of a run that trains on it."""
    (tmp_path / "photos").mkdir()
    records = [
        ImageRecord(write_jpeg(tmp_path / "photos" / f"{i}.jpg"), "x", frozenset({POSTER}), ())
        for i in range(8)
    ]
    yolo.write_set(tmp_path / "sets" / "walls", records)
    kept = part_of(read_sets(tmp_path / "sets"), 0.4, held_out=False)
    record = {
        "config": {"held_out_share": 0.4},
        "sets": {"walls": {"version": hash_records(kept)}},
    }
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    return tmp_path


def test_only_what_is_trained_on_is_mined(trained: Path) -> None:
    records = read_sets(trained / "sets")
    kept = choose_trained(records, trained / "run")
    assert 0 < len(kept) < len(records)
    assert not any(is_held_out(one, 0.4) for one in kept)


def test_another_set_is_refused(trained: Path) -> None:
    (trained / "sets" / "walls").rename(trained / "sets" / "validation")
    with pytest.raises(TrainingError, match="does not train on this validation"):
        choose_trained(read_sets(trained / "sets"), trained / "run")


def test_another_version_is_refused(trained: Path) -> None:
    records = read_sets(trained / "sets")
    with pytest.raises(TrainingError, match="another version"):
        choose_trained(records[:2], trained / "run")


def test_a_folder_without_a_run_is_said(trained: Path) -> None:
    with pytest.raises(TrainingError, match="no record of a run"):
        choose_trained(read_sets(trained / "sets"), trained)


def test_the_command_writes_a_set(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def alarm_everywhere(
        bundle: object, records: tuple[ImageRecord, ...], *_: object
    ) -> list[ImageScore]:
        assert bundle
        finding = Finding("f", POSTER, 0.9, AWAY, flagged=True, severity="small")
        model = ModelReference("made-up", "1", "0" * 64)
        return [
            ImageScore(
                one.path.name, "0" * 64, (640, 480), (finding,), (), PhotoFacts(), (), model, 1.0,
                None,
            )
            for one in records
        ]  # fmt: skip

    monkeypatch.setattr("training.scoring.score_records", alarm_everywhere)
    given = ["mine", "--sets", str(trained / "sets"), "--run", str(trained / "run"), "--most", "2"]
    assert main([*given, "--out", str(trained / "mined")]) == 0
    assert len(read_sets(trained / "mined")) == 2
    assert main([*given, "--out", str(trained / "mined")]) == 2  # not written over
