"""One contract over every format: what is written comes back the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.errors import DatasetError
from datasets.formats import FORMATS, detect_format, find_sets, read_sets
from datasets.formats.coco import format_coco, parse_coco
from datasets.formats.voc import format_voc, parse_voc
from datasets.formats.yolo import format_labels, parse_labels
from datasets.records import ImageRecord, LabelledBox

LABELS = ("bin", "overflowing_bin", "site_dust")
MakeRecords = Callable[[], list[ImageRecord]]


@pytest.fixture
def records(tmp_path: Path, write_jpeg: Callable[..., Path]) -> list[ImageRecord]:
    looked_for = frozenset(LABELS)
    paths = [write_jpeg(tmp_path / "in" / f"{name}.jpg", 321, 123) for name in ("a", "b", "c")]
    boxes = (LabelledBox("bin", (0.1, 0.2, 1 / 3, 0.9)), LabelledBox("site_dust", (0, 0, 1, 1)))
    found = [boxes, (), boxes[:1]]
    return [ImageRecord(p, "set", looked_for, b) for p, b in zip(paths, found, strict=True)]


def assert_same(actual: list[ImageRecord], expected: list[ImageRecord]) -> None:
    assert [one.path.name for one in actual] == [one.path.name for one in expected]
    for one, other in zip(actual, expected, strict=True):
        assert (one.labelled, one.also_marked) == (other.labelled, other.also_marked)
        assert one.group == other.group
        assert [box.label for box in one.boxes] == [box.label for box in other.boxes]
        for box, wanted in zip(one.boxes, other.boxes, strict=True):
            assert box.box_xyxy == pytest.approx(wanted.box_xyxy, abs=1e-12)


@pytest.mark.parametrize("name", FORMATS)
def test_a_set_comes_back_as_it_was_written(
    name: str, tmp_path: Path, records: list[ImageRecord]
) -> None:
    out = tmp_path / "out"
    FORMATS[name].write_set(out, records)
    assert detect_format(out) == name
    back = list(read_sets(out))
    assert_same(back, records)
    assert [one.path.read_bytes() for one in back] == [one.path.read_bytes() for one in records]
    assert {one.set_name for one in back} == {"out"}


@pytest.mark.parametrize("name", FORMATS)
def test_no_objects_and_not_looked_for_stay_apart(
    name: str, tmp_path: Path, records: list[ImageRecord]
) -> None:
    FORMATS[name].write_set(tmp_path / "out", records)
    empty = read_sets(tmp_path / "out")[1]
    assert empty.boxes_of("bin") == ()
    with pytest.raises(KeyError):
        empty.boxes_of("street_vending")


@pytest.mark.parametrize("name", FORMATS)
def test_also_marked_labels_and_groups_come_back(
    name: str, tmp_path: Path, records: list[ImageRecord]
) -> None:
    lists = {"labelled": frozenset({"bin"}), "also_marked": frozenset({"site_dust", "a b"})}
    records = [replace(one, **lists) for one in records]  # type: ignore[arg-type]  # by name
    records[0] = replace(records[0], group="第一天 1")
    FORMATS[name].write_set(tmp_path / "out", records)
    back = list(read_sets(tmp_path / "out"))
    assert_same(back, records)
    with pytest.raises(KeyError):
        back[0].boxes_of("site_dust")


@pytest.mark.parametrize("name", ["coco", "voc"])
def test_pictures_may_have_been_looked_at_for_different_labels(
    name: str, tmp_path: Path, records: list[ImageRecord]
) -> None:
    records[1] = replace(records[1], labelled=frozenset())
    FORMATS[name].write_set(tmp_path / "out", records)
    assert_same(list(read_sets(tmp_path / "out")), records)


def test_yolo_refuses_what_it_cannot_say(tmp_path: Path, records: list[ImageRecord]) -> None:
    records[1] = replace(records[1], labelled=frozenset())
    with pytest.raises(DatasetError, match="different labels"):
        FORMATS["yolo"].write_set(tmp_path / "out", records)
    records[1] = replace(records[0], also_marked=frozenset({"garbage"}))
    with pytest.raises(DatasetError, match="different labels"):
        FORMATS["yolo"].write_set(tmp_path / "out", records[:2])


@pytest.mark.parametrize("name", FORMATS)
def test_two_pictures_of_one_name_are_refused(
    name: str, tmp_path: Path, records: list[ImageRecord], write_jpeg: Callable[..., Path]
) -> None:
    twin = replace(records[0], path=write_jpeg(tmp_path / "other" / "a.jpg", seed=3))
    with pytest.raises(DatasetError, match="one name"):
        FORMATS[name].write_set(tmp_path / "out", [*records, twin])


shares = st.floats(0, 1)
box_lists = st.lists(
    st.tuples(st.sampled_from(LABELS), shares, shares, shares, shares).map(
        lambda e: LabelledBox(
            e[0], (min(e[1], e[3]), min(e[2], e[4]), max(e[1], e[3]), max(e[2], e[4]))
        )
    ),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(boxes=box_lists, width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_any_box_survives_every_format(boxes: list[LabelledBox], width: int, height: int) -> None:
    record = ImageRecord(Path("images/x.jpg"), "set", frozenset(LABELS), tuple(boxes))
    wh = (width, height)
    coco = json.loads(json.dumps(format_coco([record], [wh])))
    assert_same(list(parse_coco(coco, Path("images"), "set")), [record])
    assert_same([parse_voc(format_voc(record, wh), record.path, "set")], [record])
    yolo = parse_labels(format_labels(boxes, LABELS), LABELS, "x.txt")
    assert_same([replace(record, boxes=yolo)], [record])


label_texts = st.text("ab é 广告_", min_size=1, max_size=6)


@given(
    labels=st.lists(label_texts, max_size=4, unique=True),
    n_labelled=st.integers(0, 4),
    group=st.none() | st.text("ab 1", min_size=1).filter(lambda text: text == text.strip()),
)
def test_any_statement_survives_coco_and_voc(
    labels: list[str], n_labelled: int, group: str | None
) -> None:
    labelled, also = frozenset(labels[:n_labelled]), frozenset(labels[n_labelled:])
    boxes = tuple(LabelledBox(label, (0.0, 0.25, 0.5, 1.0)) for label in labels)
    record = ImageRecord(Path("images/x.jpg"), "set", labelled, boxes, also, group)
    coco = json.loads(json.dumps(format_coco([record], [(64, 32)])))
    assert parse_coco(coco, Path("images"), "set") == (record,)
    assert parse_voc(format_voc(record, (64, 32)), record.path, "set") == record


def test_a_foreign_coco_file_counts_as_looked_at_for_its_categories(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 50}],
        "annotations": [{"image_id": 7, "category_id": 3, "bbox": [10, 10, 20, 20]}],
        "categories": [{"id": 3, "name": "bin"}, {"id": 4, "name": "garbage"}],
    }
    (record,) = parse_coco(content, tmp_path, "set")
    assert record.labelled == {"bin", "garbage"}
    assert record.boxes[0].box_xyxy == pytest.approx((0.1, 0.2, 0.3, 0.6))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"images": [], "annotations": [{"image_id": 1}], "categories": []},
        {
            "images": [{"id": 1, "width": 1, "height": 1, "file_name": "a", "labelled": "bin"}],
            "annotations": [],
            "categories": [],
        },
        {"images": [{"id": 1, "width": 0, "height": 0}], "annotations": [], "categories": [{}]},
        *(
            {
                "images": [{"id": 1, "width": 1, "height": 1, "file_name": name}],
                "annotations": [],
                "categories": [],
            }
            for name in ("../other/a.jpg", "/etc/a.jpg")
        ),
    ],
)
def test_what_is_not_coco_is_refused(content: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not COCO"):
        parse_coco(content, tmp_path, "set")


def test_labels_of_the_first_version_are_read_from_voc() -> None:
    size = "<size><width>4</width><height>4</height></size>"
    text = f"<annotation>{size}<labelled>bin garbage</labelled></annotation>"
    assert parse_voc(text, Path("x.jpg"), "set").labelled == {"bin", "garbage"}


@pytest.mark.parametrize("text", ["", "<annotation>", "<annotation/>", "<a><size/></a>"])
def test_what_is_not_voc_is_refused(text: str) -> None:
    with pytest.raises(DatasetError, match="not Pascal VOC"):
        parse_voc(text, Path("x.jpg"), "set")


def test_a_folder_without_a_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no set"):
        find_sets(tmp_path)
    with pytest.raises(DatasetError, match="no set, or"):
        detect_format(tmp_path)
