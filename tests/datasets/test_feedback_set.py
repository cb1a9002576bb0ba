"""From verdicts to a set: what is known of a photo, what was refuted, and what is told."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datasets.cli import main
from datasets.errors import DatasetError
from datasets.feedback import JudgedFinding, JudgedPhoto, Verdict
from datasets.formats import read_sets
from datasets.records import LabelledBox
from datasets.refuted import FILE_NAME, read_refuted
from datasets.verdicts import drop_unknown_labels, merge_judgements
from detector.decode import hash_photo

Capture = pytest.CaptureFixture[str]
LEFT, RIGHT = (0.0, 0.0, 0.4, 0.4), (0.6, 0.0, 1.0, 0.4)
NEAR_LEFT = (0.0, 0.0, 0.4, 0.45)
BIN, GARBAGE = LabelledBox("bin", LEFT), LabelledBox("garbage", LEFT)


def judged(found: LabelledBox, verdict: Verdict, right: LabelledBox | None = None) -> JudgedFinding:
    return JudgedFinding(found, 0.5, verdict, found if verdict == "true" else right)


def said(
    hour: int,
    *findings: JudgedFinding,
    added: tuple[LabelledBox, ...] = (),
    reviewed: tuple[str, ...] = (),
) -> JudgedPhoto:
    return JudgedPhoto(
        where=f"f.jsonl, line {hour}",
        sha256="00" * 32,
        file_name="a.jpg",
        image_wh=None,
        group=None,
        model={"name": "m", "version": "1"},
        findings=findings,
        added=added,
        reviewed=frozenset(reviewed),
        reviewer_role="operator",
        reviewed_at=datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=hour),
    )


def test_each_verdict_says_what_is_there_and_what_is_not() -> None:
    right = LabelledBox("garbage", RIGHT)
    known = merge_judgements(
        [
            said(
                1,
                judged(BIN, "true"),
                judged(LabelledBox("site_dust", LEFT), "false"),
                judged(LabelledBox("street_vending", RIGHT), "wrong_label", right),
                judged(LabelledBox("illegal_poster", LEFT), "moved", LabelledBox("x", RIGHT)),
                added=(LabelledBox("bin", RIGHT),),
                reviewed=("bin", "licence_plate"),
            )
        ]
    )
    moved, added = LabelledBox("x", RIGHT), LabelledBox("bin", RIGHT)
    assert known.boxes == (BIN, right, moved, added)
    assert known.labelled == {"bin", "licence_plate"}
    assert known.also_marked == {"garbage", "x"}
    assert [(one.label, one.box_xyxy) for one in known.refuted] == [
        ("site_dust", LEFT),
        ("street_vending", RIGHT),
    ]
    assert known.refuted[0].model == "m 1" and known.refuted[0].score == 0.5
    assert not known.conflicts


def test_a_false_finding_says_nothing_of_the_rest_of_the_photo() -> None:
    known = merge_judgements([said(1, judged(BIN, "false"))])
    assert not (known.boxes or known.labelled or known.also_marked)
    assert len(known.refuted) == 1


@pytest.mark.parametrize("reverse", [False, True])
def test_the_latest_word_wins_and_the_conflict_is_told(reverse: bool) -> None:
    near = LabelledBox("bin", NEAR_LEFT)
    lines = [said(1, judged(BIN, "true")), said(2, judged(near, "false"))]
    known = merge_judgements(lines[::-1] if reverse else lines)
    assert known.boxes == () and [one.box_xyxy for one in known.refuted] == [NEAR_LEFT]
    (conflict,) = known.conflicts
    assert "line 2 calls bin false where f.jsonl, line 1 called it right" in conflict
    back = merge_judgements([*lines, said(3, judged(BIN, "true"))])
    assert back.boxes == (BIN,) and not back.refuted and len(back.conflicts) == 2


def test_later_lines_add_and_correct_without_conflict() -> None:
    right = LabelledBox("bin", RIGHT)
    known = merge_judgements(
        [
            said(1, judged(BIN, "true")),
            said(2, judged(right, "true")),
            said(3, judged(BIN, "moved", LabelledBox("bin", NEAR_LEFT))),
        ]
    )
    assert known.boxes == (right, LabelledBox("bin", NEAR_LEFT)) and not known.conflicts
    # Another label in the same place is another matter.
    known = merge_judgements([said(1, judged(BIN, "true")), said(2, judged(GARBAGE, "false"))])
    assert known.boxes == (BIN,) and len(known.refuted) == 1 and not known.conflicts


def test_a_later_review_drops_the_boxes_that_it_does_not_repeat() -> None:
    right = LabelledBox("bin", RIGHT)
    lines = [
        said(1, judged(BIN, "true"), judged(right, "true"), judged(GARBAGE, "true")),
        said(2, judged(right, "true"), reviewed=("bin",)),
    ]
    known = merge_judgements(lines)
    assert set(known.boxes) == {right, GARBAGE} and known.labelled == {"bin"}
    assert (
        "without a box that f.jsonl, line 1 had" in known.conflicts[0] and len(known.conflicts) == 1
    )


def test_a_finding_that_was_only_drawn_badly_is_not_refuted() -> None:
    drawn = LabelledBox("bin", NEAR_LEFT)
    known = merge_judgements([said(1, judged(BIN, "false"), added=(drawn,))])
    assert known.boxes == (drawn,) and not known.refuted


def test_what_an_unknown_label_was_in_truth_is_kept() -> None:
    ufo = LabelledBox("ufo", RIGHT)
    line = said(
        1,
        judged(ufo, "wrong_label", BIN),
        judged(ufo, "wrong_label", LabelledBox("airship", RIGHT)),
        judged(ufo, "true"),
        judged(GARBAGE, "wrong_label", ufo),
        added=(LabelledBox("garbage", RIGHT), ufo),
        reviewed=("bin", "ufo"),
    )
    kept, unknown = drop_unknown_labels(line, frozenset({"bin", "garbage"}))
    assert unknown == ("airship", "ufo")
    assert kept.added == (LabelledBox("garbage", RIGHT), BIN)
    assert kept.findings == (judged(GARBAGE, "false"),) and kept.reviewed == {"bin"}
    known = merge_judgements([kept])
    # The bin was reviewed, so its box must be there.
    assert BIN in known.boxes and known.labelled == {"bin"}
    assert [one.label for one in known.refuted] == ["garbage"]


def line_of(file: Path, /, **changes: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "schema": 1,
        "photo": {"sha256": hash_photo(file.read_bytes()), "file_name": file.name},
        "model": {"name": "m", "version": "1"},
        "box_unit": "share",
        "findings": [
            {"label": "bin", "score": 0.9, "box_xyxy": list(LEFT), "verdict": "true"},
            {"label": "garbage", "score": 0.9, "box_xyxy": list(RIGHT), "verdict": "false"},
        ],
        "added": [],
        "reviewed": ["site_dust"],
        "reviewer_role": "operator",
        "reviewed_at": "2026-05-02T10:00:00+08:00",
    }
    return {**line, **changes}


@pytest.fixture
def photos(tmp_path: Path, write_jpeg: Callable[..., Path]) -> list[Path]:
    return [
        write_jpeg(tmp_path / "photos" / day / "IMG_1.jpg", 64, 48, seed)
        for seed, day in enumerate(("monday", "tuesday"))
    ]


@pytest.fixture
def run_feedback(tmp_path: Path) -> Callable[..., int]:
    def run(*lines: dict[str, Any] | str) -> int:
        texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        path = tmp_path / "feedback.jsonl"
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        out = str(tmp_path / "out")
        return main(
            ["import-feedback", str(path), "--photos", str(tmp_path / "photos"), "--out", out]
        )

    return run


def test_feedback_becomes_a_set(
    tmp_path: Path, photos: list[Path], run_feedback: Callable[..., int], capsys: Capture
) -> None:
    # Two photos of one name: the hash tells them apart.
    second = line_of(photos[1], reviewed=["bin"], findings=[])
    second["photo"]["group"] = "camera 7"
    assert run_feedback(line_of(photos[0]), second) == 0
    assert "2 photos, 1 boxes, 1 refuted findings; 0 skipped" in capsys.readouterr().out
    out = tmp_path / "out"
    records = {one.path.read_bytes(): one for one in read_sets(out)}
    first, clean = (records[path.read_bytes()] for path in photos)
    assert first.path.name == f"{hash_photo(photos[0].read_bytes())[:16]}.jpg"
    assert first.labelled == {"site_dust"} and first.also_marked == {"bin"}
    assert [box.label for box in first.boxes] == ["bin"]
    assert clean.boxes_of("bin") == () and clean.group == "camera 7"
    (refuted,) = read_refuted(out)
    assert (refuted.file_name, refuted.label, refuted.box_xyxy) == (
        first.path.name,
        "garbage",
        RIGHT,
    )
    assert main(["check", str(out)]) == 0


def test_what_cannot_be_used_is_told_and_the_rest_goes_on(
    tmp_path: Path, photos: list[Path], run_feedback: Callable[..., int], capsys: Capture
) -> None:
    good = line_of(photos[0])
    other = tmp_path / "photos" / "other.jpg"
    other.write_bytes(photos[0].read_bytes())
    torn = tmp_path / "photos" / "torn.jpg"
    torn.write_bytes(b"no picture")
    gone = {"sha256": "11" * 32, "file_name": "gone.jpg"}
    changed = {"sha256": "22" * 32, "file_name": "other.jpg"}
    sized = line_of(photos[1])
    sized["photo"]["image_wh"] = [48, 64]
    alien = [
        {"label": "ufo", "score": 0.9, "box_xyxy": [0, 0, 1, 1], "verdict": "true"},
        {
            "label": "bin",
            "score": 0.9,
            "box_xyxy": [0, 0.5, 0.4, 1],
            "verdict": "wrong_label",
            "right_label": "ufo",
        },
    ]
    lines = [
        good,
        good,
        "{",
        line_of(photos[0], photo=gone),
        line_of(photos[0], photo=changed),
        line_of(torn),
        sized,
        line_of(photos[0], findings=alien, added=[], reviewed=["ufo"]),
    ]
    assert run_feedback(*lines) == 1
    printed = capsys.readouterr().out
    for words in (
        "note: feedback.jsonl, line 2 says the same as feedback.jsonl, line 1",
        "skipped: feedback.jsonl, line 3: ",
        "line 4: the photo gone.jpg is missing",
        "other.jpg is another photo",
        "torn.jpg",
        "has 64x48 pixels, not (48, 64)",
        "line 8: unknown labels are left out: ufo",
        "1 photos, 1 boxes, 2 refuted findings; 6 skipped",
    ):
        assert words in printed


def test_conflicts_and_repetitions_are_notes(
    photos: list[Path], run_feedback: Callable[..., int], capsys: Capture
) -> None:
    findings = [{"label": "bin", "score": 0.9, "box_xyxy": list(LEFT), "verdict": "false"}]
    later = line_of(photos[0], findings=findings, reviewed_at="2026-05-03T10:00:00+08:00")
    assert run_feedback(line_of(photos[0]), later) == 0
    assert "note: feedback.jsonl, line 2 calls bin false where" in capsys.readouterr().out


def test_nothing_usable_writes_nothing(
    tmp_path: Path, photos: list[Path], run_feedback: Callable[..., int], capsys: Capture
) -> None:
    gone = {"sha256": "11" * 32, "file_name": "gone.jpg"}
    assert run_feedback(line_of(photos[0], photo=gone)) == 1
    assert not (tmp_path / "out").exists()
    assert "nothing is written" in capsys.readouterr().err
    command = ["import-feedback", str(tmp_path / "feedback.jsonl"), "--out", str(tmp_path / "out")]
    assert main([*command, "--photos", str(tmp_path / "nowhere")]) == 2


def test_refuted_is_empty_without_the_file_and_refused_if_damaged(tmp_path: Path) -> None:
    assert read_refuted(tmp_path) == ()
    for text in ("{", "[]", '{"schema": 2}', '{"schema": 1, "refuted": [{"box_xyxy": 1}]}'):
        (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
        with pytest.raises(DatasetError, match="cannot be read"):
            read_refuted(tmp_path)


def test_lines_of_one_time_count_in_order() -> None:
    lines = [said(1, judged(BIN, "true")), replace(said(1, judged(BIN, "false")), where="later")]
    assert merge_judgements(lines).boxes == ()
