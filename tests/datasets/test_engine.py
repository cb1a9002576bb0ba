"""Checks, near-copies, splits, label mapping, and the command line over them."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.checks import check_record, check_records, count_labels
from datasets.cli import build_parser, main
from datasets.dedupe import find_near_copies, hash_file, hash_image
from datasets.errors import DatasetError
from datasets.formats import FORMATS, read_sets
from datasets.records import ImageRecord, LabelledBox
from datasets.remap import remap_record
from datasets.sheet import CELL_WH, draw_cell
from datasets.split import group_of, split_groups
from detector.arrays import Image
from detector.decode import decode_photo

Capture = pytest.CaptureFixture[str]
BOX = LabelledBox("bin", (0.1, 0.1, 0.4, 0.5))


def record_of(*boxes: LabelledBox, labelled: tuple[str, ...] = ("bin",)) -> ImageRecord:
    return ImageRecord(Path("x.jpg"), "set", frozenset(labelled), boxes)


@pytest.mark.parametrize(
    ("boxes", "codes"),
    [
        ((BOX,), []),
        ((LabelledBox("bin", (0.5, 0.1, 0.5, 0.5)),), ["box_empty"]),
        ((LabelledBox("bin", (0.5, 0.1, float("nan"), 0.5)),), ["box_empty"]),
        ((LabelledBox("bin", (-0.1, 0.1, 0.4, 0.5)),), ["box_outside"]),
        ((LabelledBox("bin", (0.0, 0.0, 1.0005, 1.0)),), []),
        ((BOX, LabelledBox("bin", (0.1, 0.1, 0.4, 0.501))), ["box_twice"]),
        ((BOX, LabelledBox("garbage", BOX.box_xyxy)), []),
    ],
)
def test_boxes_are_checked(boxes: tuple[LabelledBox, ...], codes: list[str]) -> None:
    found = list(check_record(record_of(*boxes, labelled=("bin", "garbage"))))
    assert [problem.code for problem in found] == codes


def test_an_unknown_label_is_a_warning() -> None:
    (problem,) = check_record(record_of(labelled=("binn",)))
    assert (problem.severity, problem.code) == ("warning", "label_unknown")


def test_unreadable_pictures_and_leaks_are_errors(
    tmp_path: Path, write_jpeg: Callable[..., Path]
) -> None:
    paths = [
        write_jpeg(tmp_path / "train" / "a.jpg", 640, 480, seed=1),
        write_jpeg(tmp_path / "train" / "b.jpg", 320, 240, seed=1),
        write_jpeg(tmp_path / "train" / "c.jpg", seed=2),
        write_jpeg(tmp_path / "val" / "d.jpg", 160, 120, seed=2),
        tmp_path / "train" / "missing.jpg",
    ]
    (tmp_path / "train" / "torn.jpg").write_bytes(paths[0].read_bytes()[:500])
    records = [
        ImageRecord(path, path.parent.name, frozenset({"bin"}), ())
        for path in [*paths, tmp_path / "train" / "torn.jpg"]
    ]
    found = [(one.severity, one.code, Path(one.where).name) for one in check_records(records)]
    assert found == [
        ("error", "picture_unreadable", "missing.jpg"),
        ("error", "picture_unreadable", "torn.jpg"),
        ("warning", "near_copy", "b.jpg"),
        ("error", "near_copy_across_sets", "d.jpg"),
    ]


def test_labels_are_counted() -> None:
    records = [record_of(BOX, BOX), record_of(), record_of(labelled=())]
    assert count_labels(records) == {"bin": (2, 1, 2)}


@pytest.mark.parametrize("seed", range(5))
def test_a_shot_saved_again_is_near_and_another_is_not(
    seed: int, noise: Callable[..., Image]
) -> None:
    image = noise(640, 480, seed=seed)
    half = cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA)
    encoded, data = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 40])
    again = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert encoded and again is not None
    other = noise(640, 480, seed=seed + 100)
    hashes = np.stack([hash_image(one) for one in (other, image, again.astype(np.uint8))])
    assert [(pair.first, pair.second) for pair in find_near_copies(hashes)] == [(1, 2)]


@given(
    groups=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=60),
    share=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_groups_stay_whole_and_every_photo_has_one_part(
    groups: list[str], share: float, seed: int
) -> None:
    parts = split_groups(groups, {"train": share, "val": 1 - share}, seed)
    assert sorted(parts["train"] + parts["val"]) == list(range(len(groups)))
    assert {groups[i] for i in parts["train"]}.isdisjoint({groups[i] for i in parts["val"]})
    assert split_groups(groups, {"train": share, "val": 1 - share}, seed) == parts
    largest = max(groups.count(group) for group in set(groups))
    assert abs(len(parts["train"]) - share * len(groups)) <= largest


def test_wrong_shares_and_patterns_are_refused() -> None:
    with pytest.raises(DatasetError, match="add up to 1"):
        split_groups(["a"], {"train": 0.9}, 0)
    with pytest.raises(DatasetError, match="finds no group"):
        group_of(Path("x.jpg"), re.compile(r"(\d+)"))
    assert group_of(Path("ride7_003.jpg"), re.compile(r"^(.+)_\d+$")) == "ride7"


def test_merged_labels_count_as_looked_for_only_if_all_were() -> None:
    mapping = {"sack": "garbage", "litter": "garbage", "cat": None}
    both = record_of(
        LabelledBox("sack", BOX.box_xyxy),
        LabelledBox("cat", BOX.box_xyxy),
        BOX,
        labelled=("sack", "litter", "cat", "bin"),
    )
    done = remap_record(both, mapping)
    assert done.labelled == {"garbage", "bin"}
    assert [box.label for box in done.boxes] == ["garbage", "bin"]
    one = remap_record(replace(both, labelled=frozenset({"sack", "bin"})), mapping)
    assert one.labelled == {"bin"} and [box.label for box in one.boxes] == ["bin"]


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
    assert re.search(r"set +bin +10 +10 +10\n", capsys.readouterr().out)
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


def test_a_cell_draws_the_box_in_its_place(tmp_path: Path, write_jpeg: Callable[..., Path]) -> None:
    path = write_jpeg(tmp_path / "a.jpg", 400, 300)
    bare = draw_cell(ImageRecord(path, "set", frozenset({"bin"}), ()))
    boxed = draw_cell(ImageRecord(path, "set", frozenset({"bin"}), (BOX,)))
    changed = np.argwhere((bare != boxed).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert bare.shape == (CELL_WH[1], CELL_WH[0], 3)
    assert 0 < left < CELL_WH[0] * 0.2 and CELL_WH[0] * 0.3 < right < CELL_WH[0] * 0.6
    assert 0 <= top < CELL_WH[1] * 0.2 and CELL_WH[1] * 0.3 < bottom < CELL_WH[1] * 0.6


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
    page = Path(__file__).parents[2] / "docs" / "model-trainer.md"
    text = page.read_text(encoding="utf-8")
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
def test_street_photos_saved_again_lie_within_the_limit(shared_data: Path) -> None:
    paths = sorted(shared_data.glob("*/*/images/*.jpg"))[::20]
    assert len(paths) > 90
    far = 0
    for path in paths:
        image = decode_photo(path.read_bytes()).image
        half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        encoded, data = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 40])
        assert encoded
        again = decode_photo(data.tobytes(), sees_wh=(64, 64)).image
        far += not find_near_copies(np.stack([hash_file(path), hash_image(again)]))
    # Pictures of almost one grey, such as a clean wall, may lie farther.
    assert far <= len(paths) * 0.05


@pytest.mark.shared
def test_the_shared_sets_are_sound_and_validation_holds_no_copy(
    shared_data: Path, capsys: Capture
) -> None:
    assert main(["check", str(shared_data / "train"), str(shared_data / "val")]) == 0
    assert "near_copy_across_sets" not in capsys.readouterr().out
