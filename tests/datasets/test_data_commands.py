"""The command line over sets: street-issues-data."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import pytest

from datasets.cli import build_parser, main
from datasets.formats import FORMATS, read_sets
from datasets.records import ImageRecord, LabelledBox
from datasets.sheet import CELL_WH
from datasets.versions import hash_set

Capture = pytest.CaptureFixture[str]
BOX = LabelledBox("bin", (0.1, 0.1, 0.4, 0.5))


@pytest.fixture
def yolo_set(tmp_path: Path, write_jpeg: Callable[..., Path]) -> Path:
    records = [
        ImageRecord(
            write_jpeg(tmp_path / "in" / f"day{i // 2}_{i}.jpg", seed=i),
            "in",
            frozenset({"bin", "garbage"}),
            (BOX,),
        )
        for i in range(10)
    ]
    FORMATS["yolo"].write_set(tmp_path / "set", records)
    return tmp_path / "set"


def test_the_commands_run_one_after_the_other(
    yolo_set: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["check", str(yolo_set)]) == 0
    assert main(["stats", str(yolo_set)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"set +bin +10 +0 +10 +10\n", printed)
    assert f"10 pictures, version {hash_set(yolo_set)}" in printed
    mapping = tmp_path / "map.json"
    mapping.write_text(json.dumps({"bin": "overflowing_bin", "garbage": None}), encoding="utf-8")
    coco = tmp_path / "coco"
    assert (
        main(["convert", str(yolo_set), "--to", "coco", "--map", str(mapping), "--out", str(coco)])
        == 0
    )
    assert {label for one in read_sets(coco) for label in one.labelled} == {"overflowing_bin"}
    parts = tmp_path / "parts"
    command = ["split", str(coco), "--to", "voc", "--group", r"^(day\d)", "--out", str(parts)]
    assert main([*command, "--shares", "train=0.6,val=0.4"]) == 0
    days = [{one.path.name[:4] for one in read_sets(parts / name)} for name in ("train", "val")]
    assert (len(days[0]), len(days[1])) == (3, 2) and days[0].isdisjoint(days[1])
    assert main(["check", str(parts)]) == 0


def test_dedupe_keeps_the_first_of_near_copies(
    yolo_set: Path, tmp_path: Path, write_jpeg: Callable[..., Path], capsys: Capture
) -> None:
    write_jpeg(yolo_set / "images" / "zz.jpg", 200, 150, seed=4)
    (yolo_set / "labels" / "zz.txt").write_text("", encoding="utf-8")
    assert main(["check", str(yolo_set)]) == 0
    assert "warning: near_copy" in capsys.readouterr().out
    assert main(["dedupe", str(yolo_set), "--out", str(tmp_path / "out")]) == 0
    assert "zz.jpg: like" in capsys.readouterr().out
    assert len(read_sets(tmp_path / "out")) == 10


def test_a_sheet_shows_every_picture_with_its_boxes(
    yolo_set: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "sheets"
    assert main(["sheet", str(yolo_set), "--out", str(out), "--columns", "3", "--rows", "2"]) == 0
    sheets = sorted(out.glob("*.png"))
    assert len(sheets) == 2 and str(out / "index.html") in capsys.readouterr().out
    page = (out / "index.html").read_text(encoding="utf-8")
    assert all(sheet.name in page for sheet in sheets) and "day0_0.jpg" in page
    image = cv2.imread(str(sheets[0]))
    assert image is not None and image.shape == (2 * CELL_WH[1], 3 * CELL_WH[0], 3)
    # The last sheet holds four of six cells: the rest stays empty.
    last = cv2.imread(str(sheets[1]))
    assert last is not None and (last[CELL_WH[1] :, CELL_WH[0] :] == last[-1, -1]).all()


@pytest.fixture
def parts(tmp_path: Path, write_jpeg: Callable[..., Path]) -> list[str]:
    # One pattern for all names in source.yaml; day1 lies in both parts.
    for part, names in (("train", ("day0_a", "day1_b")), ("val", ("day1_c", "day2_d"))):
        records = [
            ImageRecord(
                write_jpeg(tmp_path / "in" / f"{name}.jpg", seed=ord(name[-1])),
                "set",
                frozenset({"bin"}),
                (),
            )
            for name in names
        ]
        FORMATS["yolo"].write_set(tmp_path / part / "set", records)
    return [str(tmp_path / "train"), str(tmp_path / "val")]


def test_check_finds_groups_in_two_parts(parts: list[str], capsys: Capture) -> None:
    assert main(["check", *parts]) == 0
    assert main(["check", *parts, "--group", r"^(day\d)"]) == 1
    assert capsys.readouterr().out.count("error: group_across_parts") == 1
    # Of several folders each is a part: a group may lie in two sets of one.
    assert main(["check", parts[0], "--group", "^(day)"]) == 0
    assert main(["check", *parts, "--group", "^(night)"]) == 0
    assert capsys.readouterr().out.count("warning: group_unknown") == 2
    for part in parts:
        with (Path(part) / "set" / "source.yaml").open("a", encoding="utf-8") as source:
            source.write("group: ^(day\\d)\n")
    assert main(["check", *parts]) == 1
    assert "Capture group day1 lies in two parts: 1 pictures in" in capsys.readouterr().out


def test_split_goes_by_the_groups_that_the_set_states(
    yolo_set: Path, tmp_path: Path, capsys: Capture
) -> None:
    with (yolo_set / "source.yaml").open("a", encoding="utf-8") as source:
        source.write("group: ^(day\\d)\n")
    out = tmp_path / "parts"
    for name in FORMATS:
        command = ["split", str(yolo_set), "--to", name, "--out", str(out / name)]
        assert main([*command, "--shares", "train=0.6,val=0.4"]) == 0
        days = [{one.group for one in read_sets(out / name / part)} for part in ("train", "val")]
        assert len(days[0]) == 3 and len(days[1]) == 2 and days[0].isdisjoint(days[1])
        assert main(["check", str(out / name)]) == 0
    assert "group_across" not in capsys.readouterr().out


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> list[argparse.Namespace]:
    engine, runs = ModuleType("datasets.synth.engine"), list[argparse.Namespace]()

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--scenes", type=int)

    def run(options: argparse.Namespace) -> int:
        runs.append(options)
        return 1

    vars(engine).update(add_arguments=add_arguments, run=run)
    monkeypatch.setitem(sys.modules, "datasets.synth.engine", engine)
    monkeypatch.setattr("datasets.synth.engine", engine, raising=False)
    return runs


def test_synth_takes_its_options_and_its_status_from_the_engine(
    fake_engine: list[argparse.Namespace],
) -> None:
    assert main(["synth", "--scenes", "3"]) == 1
    assert fake_engine[0].scenes == 3
    with pytest.raises(SystemExit):
        build_parser(["check"]).parse_args(["synth", "--scenes", "3"])


def test_errors_give_status_1_and_wrong_use_2(
    yolo_set: Path, tmp_path: Path, capsys: Capture
) -> None:
    (yolo_set / "labels" / "day0_0.txt").write_text("0 0.9 0.5 0.4 0.4\n", encoding="utf-8")
    assert main(["check", str(yolo_set)]) == 1
    assert "box_outside" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "nowhere")]) == 2
    out = ["--out", str(yolo_set)]
    assert main(["convert", str(yolo_set), "--to", "coco", *out]) == 2
    assert "is not empty" in capsys.readouterr().err
    fresh = ["--out", str(tmp_path / "fresh")]
    assert main(["split", str(yolo_set), "--shares", "train:1", *fresh]) == 2
    assert main(["split", str(yolo_set), "--shares", "../x=1", *fresh]) == 2
    assert main(["split", str(yolo_set), "--group", "(", *fresh]) == 2
    assert main(["convert", str(yolo_set), "--to", "voc", "--out", "/dev/null/x"]) == 2
    bad = tmp_path / "map.json"
    bad.write_text('{"bin": 3}', encoding="utf-8")
    assert main(["convert", str(yolo_set), "--to", "coco", "--map", str(bad), *fresh]) == 2


def test_every_command_is_documented() -> None:
    pages = Path(__file__).parents[2] / "docs"
    names = ("model-trainer.md", "datasets.md")
    text = "".join((pages / name).read_text(encoding="utf-8") for name in names)
    commands = build_parser()._subparsers
    assert commands is not None
    (action,) = commands._group_actions
    assert action.choices is not None
    for name, parser in dict(action.choices).items():
        assert f"street-issues-data {name}" in text
        for option in parser._actions:
            for flag in option.option_strings:
                assert flag in ("-h", "--help") or flag in text, flag


@pytest.mark.shared
def test_the_shared_sets_are_sound_and_validation_holds_no_copy(
    shared_data: Path, capsys: Capture
) -> None:
    assert main(["check", str(shared_data / "train"), str(shared_data / "val")]) == 0
    assert "near_copy_across_sets" not in capsys.readouterr().out
