from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.errors import DatasetError
from datasets.formats.yolo import parse_labels, read_set

NAMES = ("illegal_poster", "bin")
SOURCE = "labelled: [illegal_poster]\nnames: [illegal_poster, bin]\n"


@pytest.fixture
def yolo_set(tmp_path: Path, write_jpeg: Callable[..., Path]) -> Path:
    folder = tmp_path / "some_set"
    for name, labels in (("b", "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.1 0.1\n"), ("a", "")):
        write_jpeg(folder / "images" / f"{name}.jpg")
        (folder / "labels").mkdir(exist_ok=True)
        (folder / "labels" / f"{name}.txt").write_text(labels, encoding="utf-8")
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    return folder


def test_boxes_are_corners_as_shares() -> None:
    (box,) = parse_labels("1 0.5 0.5 0.2 0.4\n", NAMES, "x.txt")
    assert box.label == "bin" and box.box_xyxy == pytest.approx((0.4, 0.3, 0.6, 0.7))


@pytest.mark.parametrize(
    "line", ["2 0.5 0.5 0.1 0.1", "-1 0 0 0 0", "0 0.5 0.5 0.1", "x", "0 a b c d"]
)
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(DatasetError, match=r"x\.txt, line 2"):
        parse_labels(f"0 0.5 0.5 0.1 0.1\n{line}\n", NAMES, "x.txt")


def test_a_set_is_read_in_order_and_keeps_what_was_looked_for(yolo_set: Path) -> None:
    first, second = read_set(yolo_set)
    assert (first.path.name, second.path.name) == ("a.jpg", "b.jpg")
    assert first.boxes == () and len(second.boxes_of("illegal_poster")) == 1
    assert {box.label for box in second.boxes} == {"illegal_poster"}
    assert second.set_name == "some_set"


def test_what_was_not_looked_for_is_not_an_empty_answer(yolo_set: Path) -> None:
    with pytest.raises(KeyError, match="bin was not looked for"):
        read_set(yolo_set)[0].boxes_of("bin")


def test_a_picture_without_a_label_file_is_not_annotated(yolo_set: Path) -> None:
    (yolo_set / "labels" / "a.txt").unlink()
    with pytest.raises(DatasetError, match="has no label file"):
        read_set(yolo_set)


@pytest.mark.parametrize(
    "text",
    [
        "labelled: [",
        "labelled: [x]\n",
        "[]",
        "labelled: bin\nnames: [bin]\n",
        "labelled: [bin]\nnames: [1]\n",
        f"{SOURCE}also_marked: bin\n",
        f"{SOURCE}group: (\n",
        f"{SOURCE}group: a\n",
        f"{SOURCE}groups: [a]\n",
        f"{SOURCE}groups: {{a.jpg: 3}}\n",
    ],
)
def test_a_wrong_source_is_refused(yolo_set: Path, text: str) -> None:
    (yolo_set / "source.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"source\.yaml"):
        read_set(yolo_set)


def test_also_marked_boxes_are_kept_and_others_left_out(yolo_set: Path) -> None:
    (yolo_set / "source.yaml").write_text(f"{SOURCE}also_marked: [bin]\n", encoding="utf-8")
    record = read_set(yolo_set)[1]
    assert {box.label for box in record.boxes} == {"illegal_poster", "bin"}
    assert record.also_marked == {"bin"} and record.group is None


def test_groups_come_from_a_pattern_or_a_list(yolo_set: Path) -> None:
    source = yolo_set / "source.yaml"
    source.write_text(f"{SOURCE}group: ^(.)\ngroups: {{b.jpg: the same}}\n", encoding="utf-8")
    assert [one.group for one in read_set(yolo_set)] == ["a", "the same"]
    source.write_text(f"{SOURCE}group: ^(b)\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"finds no group in a\.jpg"):
        read_set(yolo_set)


def test_an_unreadable_label_file_is_named(yolo_set: Path) -> None:
    (yolo_set / "labels" / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match=r"a\.txt cannot be read"):
        read_set(yolo_set)
