"""Exports of annotation tools, made up in the layouts that the tools document, become sets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datasets.checks import check_records
from datasets.cli import main
from datasets.errors import DatasetError
from datasets.exports import PhotoFinder, read_export
from datasets.formats import read_sets
from datasets.records import ImageRecord
from datasets.versions import hash_set

Capture = pytest.CaptureFixture[str]
WritePhoto = Callable[[Path], Path]
WIDTH, HEIGHT = 200, 100
CLASSES = ["bin", "广告"]
BIN, POSTER = (20, 10, 100, 60), (0, 0, 50, 100)
"""Pixels; every made-up export has both in a.jpg, and nothing in b.jpg."""


@pytest.fixture
def write_photo(write_jpeg: Callable[..., Path]) -> WritePhoto:
    def write(path: Path) -> Path:
        return write_jpeg(path, WIDTH, HEIGHT, seed=sum(map(ord, path.stem)))

    return write


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def yolo_line(class_id: int, box: tuple[int, int, int, int]) -> str:
    x1, y1, x2, y2 = box
    numbers = [(x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT]
    numbers += [(x2 - x1) / WIDTH, (y2 - y1) / HEIGHT]
    return f"{class_id} {' '.join(f'{number:.6f}' for number in numbers)}\n"


YOLO_TEXT = yolo_line(0, BIN) + yolo_line(1, POSTER)


def cvat_yolo(folder: Path, write_photo: WritePhoto) -> None:
    # CVAT writes an empty file for each frame, whether or not anybody opened it.
    write_text(folder / "obj.names", "".join(f"{name}\n" for name in CLASSES))
    data = "classes = 2\nnames = data/obj.names\ntrain = data/train.txt\nbackup = backup/\n"
    write_text(folder / "obj.data", data)
    write_text(folder / "train.txt", "data/obj_train_data/a.jpg\ndata/obj_train_data/night/b.jpg\n")
    write_text(folder / "obj_train_data" / "a.txt", YOLO_TEXT)
    write_text(folder / "obj_train_data" / "night" / "b.txt", "")
    for name in ("a", "night/b"):
        write_photo(folder / "obj_train_data" / f"{name}.jpg")


def ultralytics_yolo(folder: Path, write_photo: WritePhoto) -> None:
    names = dict(enumerate(CLASSES))
    content = {"path": ".", "train": "train.txt", "names": names}
    write_text(folder / "data.yaml", yaml.safe_dump(content, allow_unicode=True))
    write_text(folder / "train.txt", "images/train/a.jpg\nimages/train/b.jpg\n")
    write_text(folder / "labels" / "train" / "a.txt", YOLO_TEXT)
    for name in ("a", "b"):
        write_photo(folder / "images" / "train" / f"{name}.jpg")


def label_studio_yolo(folder: Path, write_photo: WritePhoto) -> None:
    # Label Studio downloads every picture, but writes no label file where there is no box.
    write_text(folder / "classes.txt", "".join(f"{name}\n" for name in CLASSES))
    write_text(folder / "notes.json", json.dumps({"categories": []}))
    write_text(folder / "labels" / "a.txt", YOLO_TEXT)
    for name in ("a", "b"):
        write_photo(folder / "images" / f"{name}.jpg")


def coco_of(first_id: int, prefix: str) -> dict[str, object]:
    boxes = (BIN, POSTER)
    return {
        "images": [
            {"id": i, "width": WIDTH, "height": HEIGHT, "file_name": f"{prefix}{name}.jpg"}
            for i, name in enumerate("ab", first_id)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES, first_id)],
        "annotations": [
            {
                "id": i,
                "image_id": first_id,
                "category_id": i,
                "segmentation": [],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
                "attributes": {"occluded": False, "rotation": 0.0},
            }
            for i, (x1, y1, x2, y2) in enumerate(boxes, first_id)
        ],
    }


def cvat_coco(folder: Path, write_photo: WritePhoto) -> None:
    write_text(folder / "annotations" / "instances_default.json", json.dumps(coco_of(1, "")))
    for name in ("a", "b"):
        write_photo(folder / "images" / "default" / f"{name}.jpg")


def label_studio_coco(folder: Path, write_photo: WritePhoto) -> None:
    write_text(folder / "result.json", json.dumps(coco_of(0, "images\\")))
    for name in ("a", "b"):
        write_photo(folder / "images" / f"{name}.jpg")


def voc_text(boxes: dict[str, tuple[int, int, int, int]], width: int = WIDTH) -> str:
    objects = "".join(
        f"<object><name>{name}</name><occluded>0</occluded><bndbox><xmin>{x1}.0</xmin>"
        f"<ymin>{y1}.0</ymin><xmax>{x2}.0</xmax><ymax>{y2}.0</ymax></bndbox><attributes>"
        "<attribute><name>rotation</name><value>0.0</value></attribute></attributes></object>"
        for name, (x1, y1, x2, y2) in boxes.items()
    )
    return (
        "<annotation><folder/><filename>a.jpg</filename><source><database>Unknown</database>"
        f"</source><size><width>{width}</width><height>{HEIGHT}</height><depth/></size>"
        f"<segmented>0</segmented>{objects}</annotation>"
    )


BOXES = dict(zip(CLASSES, (BIN, POSTER), strict=True))


def cvat_voc(folder: Path, write_photo: WritePhoto) -> None:
    write_text(folder / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\n")
    with (folder / "labelmap.txt").open("a", encoding="utf-8") as labelmap:
        labelmap.writelines(f"{name}:1,2,3::\n" for name in CLASSES)
    write_text(folder / "ImageSets" / "Main" / "default.txt", "a\nb\n")
    write_text(folder / "Annotations" / "a.xml", voc_text(BOXES))
    write_text(folder / "Annotations" / "b.xml", voc_text({}))
    for name in ("a", "b"):
        write_photo(folder / "JPEGImages" / f"{name}.jpg")


def label_studio_voc(folder: Path, write_photo: WritePhoto) -> None:
    declared = '<?xml version="1.0" encoding="utf-8"?>\n'
    write_text(folder / "Annotations" / "a.xml", declared + voc_text(BOXES))
    for name in ("a", "b"):
        write_photo(folder / "images" / f"{name}.jpg")


LAYOUTS = {
    one.__name__: one
    for one in (
        cvat_yolo,
        ultralytics_yolo,
        label_studio_yolo,
        cvat_coco,
        label_studio_coco,
        cvat_voc,
        label_studio_voc,
    )
}


def run_import(export: Path, out: Path, *more: str, labelled: str = "bin") -> int:
    mapping = out.parent / "map.json"
    mapping.write_text(json.dumps({"广告": "illegal_poster"}), encoding="utf-8")
    words = ["--licence", "CC-BY-4.0", "--source", "bureau of X", "--map", str(mapping)]
    command = ["import", str(export), "--name", "x", "--labelled", labelled, "--out", str(out)]
    return main([*command, *words, *more])


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_set(
    name: str, tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    LAYOUTS[name](tmp_path / "export", write_photo)
    out = tmp_path / "sets"
    assert run_import(tmp_path / "export", out, "--also-marked", "illegal_poster") == 0
    printed = capsys.readouterr().out
    assert "left out: 1 pictures without boxes" in printed
    (record,) = read_sets(out)
    assert (record.path.name, record.set_name) == ("a.jpg", "x")
    assert record.labelled == {"bin"} and record.also_marked == {"illegal_poster"}
    found = {box.label: box.box_xyxy for box in record.boxes}
    assert found["bin"] == pytest.approx((0.1, 0.1, 0.5, 0.6))
    assert found["illegal_poster"] == pytest.approx((0, 0, 0.25, 1))
    assert not list(check_records([record]))
    source = yaml.safe_load((out / "x" / "source.yaml").read_text(encoding="utf-8"))
    assert source["licence"] == "CC-BY-4.0" and source["source"] == "bureau of X"
    assert source["version"] == hash_set(out / "x") and source["version"] in printed
    assert source["images"] == 1 and source["boxes"] == {"bin": 1, "illegal_poster": 1}


@pytest.mark.parametrize("name", LAYOUTS)
def test_pictures_without_boxes_count_if_the_owner_says_so(
    name: str, tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    LAYOUTS[name](tmp_path / "export", write_photo)
    assert run_import(tmp_path / "export", tmp_path / "sets", "--empty-looked-at") == 0
    assert "left out: 1 boxes of 广告" in capsys.readouterr().out
    a, b = read_sets(tmp_path / "sets")
    assert (a.path.name, b.path.name) == ("a.jpg", "b.jpg")
    assert len(a.boxes_of("bin")) == 1 and b.boxes_of("bin") == ()


@pytest.mark.parametrize("name", LAYOUTS)
def test_photos_may_lie_elsewhere(
    name: str, tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    export = tmp_path / "export"
    LAYOUTS[name](export, write_photo)
    for path in PhotoFinder([export]).photos:
        path.unlink()
    assert run_import(export, tmp_path / "sets") == 2
    assert "skipped: " in capsys.readouterr().out
    write_photo(tmp_path / "photos" / "deep" / "a.jpg")
    write_photo(tmp_path / "photos" / "of_another_project.jpg")
    more = ["--photos", str(tmp_path / "photos")]
    assert run_import(export, tmp_path / "sets", *more) == 0
    (record,) = read_sets(tmp_path / "sets")
    assert len(record.boxes_of("bin")) == 1
    export_of_them = read_export(export, tmp_path / "photos")
    assert export_of_them.without_entry == ()


def imported(tmp_path: Path, *more: str) -> tuple[int, tuple[ImageRecord, ...]]:
    status = run_import(tmp_path / "export", tmp_path / "sets", "--empty-looked-at", *more)
    return status, read_sets(tmp_path / "sets")


def test_a_picture_with_a_damaged_entry_is_left_out_whole(
    tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    export = tmp_path / "export"
    label_studio_yolo(export, write_photo)
    faults = {
        "polygon": yolo_line(0, BIN) + "0 0.1 0.1 0.2 0.2 0.3 0.1\n",
        "unknown": "7 0.5 0.5 0.1 0.1\n",
        "outside": "0 1.5 0.5 0.1 0.1\n",
        "nan": "0 nan 0.5 0.1 0.1\n",
        "gone": yolo_line(0, BIN),
        "torn": yolo_line(0, BIN),
    }
    for name, text in faults.items():
        write_text(export / "labels" / f"{name}.txt", text)
        if name != "gone":
            write_photo(export / "images" / f"{name}.jpg")
    torn = export / "images" / "torn.jpg"
    torn.write_bytes(b"no picture")
    write_text(export / "labels" / "over.txt", "0 1.0 0.5 0.2 0.2\n")
    write_photo(export / "images" / "over.jpg")
    status, records = imported(tmp_path)
    printed = capsys.readouterr().out
    assert status == 1
    assert [one.path.stem for one in records] == ["a", "b", "over"]
    # What reaches over the edge is cut at it.
    assert records[2].boxes[0].box_xyxy == pytest.approx((0.9, 0.4, 1.0, 0.6))
    for name in faults:
        assert f"skipped: {name}: " in printed


def test_rotated_boxes_crowds_and_other_pictures_are_faults(
    tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    export = tmp_path / "export"
    cvat_coco(export, write_photo)
    path = export / "annotations" / "instances_default.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    changes: list[dict[str, Any]] = [
        {"iscrowd": 1},
        {"attributes": {"rotation": 12.5}},
        {"bbox": []},
        {"attributes": ["occluded"]},
        {"category_id": 9},
    ]
    for i, change in enumerate(changes, 10):
        name = f"c{i}.jpg"
        content["images"].append({"id": i, "width": 200, "height": 100, "file_name": name})
        content["annotations"].append({**content["annotations"][0], "image_id": i, **change})
        write_photo(export / "images" / "default" / name)
    content["images"].append({"id": 99, "width": 100, "height": 200, "file_name": "turned.jpg"})
    write_photo(export / "images" / "default" / "turned.jpg")
    path.write_text(json.dumps(content), encoding="utf-8")
    status, records = imported(tmp_path)
    printed = capsys.readouterr().out
    assert status == 1 and len(records) == 2
    assert printed.count("skipped: ") == 6
    assert "rotated" in printed and "crowd" in printed and "is 200x100 upright" in printed


def test_voc_faults(tmp_path: Path, write_photo: WritePhoto, capsys: Capture) -> None:
    export = tmp_path / "export"
    cvat_voc(export, write_photo)
    texts = {
        "broken": "<annotation>",
        "rotated": voc_text(BOXES).replace("<value>0.0<", "<value>30.0<", 1),
        "other": voc_text(BOXES, width=4000),
    }
    for name, text in texts.items():
        write_text(export / "Annotations" / f"{name}.xml", text)
        write_photo(export / "JPEGImages" / f"{name}.jpg")
    status, records = imported(tmp_path)
    assert status == 1 and len(records) == 2
    assert capsys.readouterr().out.count("skipped: ") == 3


def test_of_two_pictures_of_one_name_the_second_is_left_out(
    tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    export = tmp_path / "export"
    cvat_yolo(export, write_photo)
    write_text(export / "obj_train_data" / "night" / "a.txt", YOLO_TEXT)
    write_photo(export / "obj_train_data" / "night" / "a.jpg")
    status, records = imported(tmp_path)
    assert status == 1 and [one.path.name for one in records] == ["a.jpg", "b.jpg"]
    assert "same name as obj_train_data/a" in capsys.readouterr().out


def test_two_entries_for_one_picture_are_left_out(
    tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    # By its name alone a.jpg could be the one of each night.
    export = tmp_path / "export"
    cvat_yolo(export, write_photo)
    (export / "obj_train_data" / "a.jpg").unlink()
    write_text(export / "obj_train_data" / "night" / "a.txt", "")
    write_photo(tmp_path / "photos" / "a.jpg")
    status, records = imported(tmp_path, "--photos", str(tmp_path / "photos"))
    assert status == 1 and [one.path.name for one in records] == ["b.jpg"]
    assert capsys.readouterr().out.count("several entries fit its picture") == 2


def test_wrong_use_is_refused_in_words(
    tmp_path: Path, write_photo: WritePhoto, capsys: Capture
) -> None:
    export, sets = tmp_path / "export", tmp_path / "sets"
    cvat_yolo(export, write_photo)
    for labelled, more in (
        ("binn", []),
        (",", []),
        ("bin", ["--also-marked", "bin"]),
        ("bin", ["--name", "../x"]),
    ):
        assert run_import(export, sets, *more, labelled=labelled) == 2
    assert not sets.exists()
    # A label of the product may have been looked for without being found.
    assert run_import(export, sets, labelled="bin,site_dust") == 0
    assert run_import(export, sets) == 2
    assert "is not empty" in capsys.readouterr().err
    (export / "obj_train_data" / "a.txt").write_text("", encoding="utf-8")
    assert run_import(export, tmp_path / "others") == 2
    assert "--empty-looked-at" in capsys.readouterr().err


def test_an_unknown_or_damaged_export_is_refused(tmp_path: Path, write_photo: WritePhoto) -> None:
    with pytest.raises(DatasetError, match="is no folder"):
        read_export(tmp_path / "export.zip")
    with pytest.raises(DatasetError, match="no export that is known"):
        read_export(tmp_path)
    cvat_yolo(tmp_path, write_photo)
    cvat_voc(tmp_path, write_photo)
    with pytest.raises(DatasetError, match="more than one"):
        read_export(tmp_path)
    write_text(tmp_path / "c" / "result.json", "[]")
    with pytest.raises(DatasetError, match="not COCO"):
        read_export(tmp_path / "c")
    write_text(tmp_path / "d" / "data.yaml", "names: 3")
    (tmp_path / "d" / "labels").mkdir()
    with pytest.raises(DatasetError, match="no usable 'names'"):
        read_export(tmp_path / "d")
