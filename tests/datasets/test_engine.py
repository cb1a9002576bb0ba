"""Checks, near-copies, splits, label mapping and contact sheets."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.checks import (
    LabelCount,
    check_record,
    check_records,
    count_labels,
    find_group_leaks,
)
from datasets.dedupe import find_near_copies, hash_file, hash_image
from datasets.errors import DatasetError
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


def test_a_box_must_be_of_a_listed_label_and_no_label_in_both_lists() -> None:
    poster = LabelledBox("illegal_poster", BOX.box_xyxy)
    (problem,) = check_record(record_of(poster))
    assert (problem.severity, problem.code) == ("error", "label_not_listed")
    also = frozenset({"illegal_poster"})
    assert not list(check_record(replace(record_of(poster), also_marked=also)))
    (problem,) = check_record(replace(record_of(BOX), also_marked=frozenset({"bin"})))
    assert (problem.severity, problem.code) == ("error", "label_in_both")
    (problem,) = check_record(replace(record_of(), also_marked=frozenset({"binn"})))
    assert problem.code == "label_unknown"


def test_a_capture_group_in_two_parts_is_a_leak() -> None:
    day, other = replace(record_of(), group="day1"), replace(record_of(), group="day2")
    assert not list(find_group_leaks({"train": [day, day], "val": [other, record_of()]}))
    (problem,) = find_group_leaks({"train": [day, other, day, record_of()], "val": [day]})
    assert (problem.severity, problem.code) == ("error", "group_across_parts")
    assert "day1" in problem.message and "2 pictures in train, 1 in val" in problem.message


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
    assert count_labels(records) == {"bin": LabelCount(2, 0, 1, 2)}
    records.append(replace(record_of(BOX, labelled=()), also_marked=frozenset({"bin", "garbage"})))
    assert count_labels(records) == {
        "bin": LabelCount(2, 1, 2, 3),
        "garbage": LabelCount(0, 1, 0, 0),
    }


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
    # A sack is garbage, but not all garbage was looked for.
    assert one.labelled == {"bin"} and one.also_marked == {"garbage"}
    assert [box.label for box in one.boxes] == ["garbage", "bin"]


def test_also_marked_labels_are_renamed_and_dropped_alike() -> None:
    boxes = (LabelledBox("sack", BOX.box_xyxy), LabelledBox("cat", BOX.box_xyxy), BOX)
    record = replace(record_of(*boxes), also_marked=frozenset({"sack", "cat"}))
    done = remap_record(record, {"sack": "garbage", "cat": None})
    assert done.labelled == {"bin"} and done.also_marked == {"garbage"}
    assert [box.label for box in done.boxes] == ["garbage", "bin"]
    # Into one that was looked for: a sack is now a bin, and other sacks may stand unmarked.
    done = remap_record(record, {"sack": "bin", "cat": None})
    assert not done.labelled and done.also_marked == {"bin"}


def test_a_cell_draws_the_box_in_its_place(tmp_path: Path, write_jpeg: Callable[..., Path]) -> None:
    path = write_jpeg(tmp_path / "a.jpg", 400, 300)
    bare = draw_cell(ImageRecord(path, "set", frozenset({"bin"}), ()))
    boxed = draw_cell(ImageRecord(path, "set", frozenset({"bin"}), (BOX,)))
    changed = np.argwhere((bare != boxed).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert bare.shape == (CELL_WH[1], CELL_WH[0], 3)
    assert 0 < left < CELL_WH[0] * 0.2 and CELL_WH[0] * 0.3 < right < CELL_WH[0] * 0.6
    assert 0 <= top < CELL_WH[1] * 0.2 and CELL_WH[1] * 0.3 < bottom < CELL_WH[1] * 0.6


def test_a_box_that_is_only_also_marked_is_dashed(
    tmp_path: Path, write_jpeg: Callable[..., Path]
) -> None:
    path = write_jpeg(tmp_path / "a.jpg", 400, 300)
    looked = ImageRecord(path, "set", frozenset({"bin"}), (BOX,))
    also = replace(looked, labelled=frozenset(), also_marked=frozenset({"bin"}))
    bare = draw_cell(replace(looked, boxes=()))
    drawn = [(draw_cell(one) != bare).any(axis=2) for one in (looked, also)]
    left = np.argwhere(drawn[0])[:, 1].min() + 1
    solid, dashed = (one[:, left].sum() for one in drawn)
    assert 0.3 * solid < dashed < 0.8 * solid


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
