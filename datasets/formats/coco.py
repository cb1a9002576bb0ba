"""COCO detection JSON (cocodataset.org/#format-data): images/ and annotations.json.

COCO cannot say what was looked for, so each image carries more keys: `labelled`, and where there is
something to say `also_marked` and `group`. A file without them counts as looked at for all of its
categories. CVAT and Label Studio export this format.
"""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from datasets.errors import DatasetError
from datasets.formats.pictures import copy_pictures, read_image_wh
from datasets.formats.statements import format_statements, parse_group, parse_labels_list
from datasets.records import ImageRecord, LabelledBox

FILE_NAME = "annotations.json"


def parse_coco(content: dict[str, Any], images: Path, set_name: str) -> tuple[ImageRecord, ...]:
    """Turn COCO's objects into records, in order of the file name.

    Args:
        content: What the JSON held.
        images: Folder that `file_name` starts from.
        set_name: Name of the set.

    Raises:
        DatasetError: A key is missing, or a reference leads nowhere.
    """
    try:
        names = {one["id"]: str(one["name"]) for one in content["categories"]}
        boxes: dict[Any, list[LabelledBox]] = {one["id"]: [] for one in content["images"]}
        sizes = {one["id"]: (one["width"], one["height"]) for one in content["images"]}
        for one in content["annotations"]:
            (width, height), (x, y, w, h) = sizes[one["image_id"]], one["bbox"]
            box = (x / width, y / height, (x + w) / width, (y + h) / height)
            boxes[one["image_id"]].append(LabelledBox(names[one["category_id"]], box))
        records = []
        for one in sorted(content["images"], key=lambda image: str(image["file_name"])):
            also = parse_labels_list(one.get("also_marked", []), "also_marked")
            rest = sorted(set(names.values()) - also)
            labelled = parse_labels_list(one.get("labelled", rest), "labelled")
            kept = tuple(box for box in boxes[one["id"]] if box.label in labelled | also)
            group = parse_group(one.get("group"))
            path = images / _inner(one["file_name"])
            records.append(ImageRecord(path, set_name, labelled, kept, also, group))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise DatasetError("coco_invalid", f"{set_name}: not COCO detection: {error!r}.") from error
    return tuple(records)


def _inner(file_name: str) -> PurePosixPath:
    """Refuse a name that leads out of the folder: the photo there is not the set's."""
    path = PurePosixPath(file_name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"file_name {file_name} leads out of images/")
    return path


def format_coco(
    records: Sequence[ImageRecord], sizes_wh: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """Turn records into COCO's objects.

    Args:
        records: Photos; only their file names are written.
        sizes_wh: Upright width and height of each.
    """
    names = sorted({name for one in records for name in one.labelled | one.also_marked})
    number_of = {name: i for i, name in enumerate(names, 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (record, (width, height)) in enumerate(zip(records, sizes_wh, strict=True), 1):
        images.append(
            {
                "id": image_id,
                "file_name": record.path.name,
                "width": width,
                "height": height,
                **format_statements(record),
            }
        )
        for box in record.boxes:
            x1, y1, x2, y2 = box.box_xyxy
            bbox = [x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": number_of[box.label],
                    "bbox": bbox,
                    "area": bbox[2] * bbox[3],
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": name} for name, number in number_of.items()]
    return {"images": images, "annotations": annotations, "categories": categories}


def read_set(folder: Path) -> tuple[ImageRecord, ...]:
    """Read images/ and annotations.json.

    Raises:
        DatasetError: The file is missing or not COCO.
    """
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError("coco_invalid", f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise DatasetError("coco_invalid", f"{path} must hold an object.")
    return parse_coco(content, folder / "images", folder.name)


def write_set(folder: Path, records: Sequence[ImageRecord]) -> None:
    """Write images/ and annotations.json.

    Raises:
        DatasetError: A photo cannot be read, or two have one name.
    """
    content = format_coco(records, [read_image_wh(one.path) for one in records])
    copy_pictures(records, folder / "images")
    write_annotations(folder, content)


def write_annotations(folder: Path, content: dict[str, Any]) -> None:
    """Write annotations.json beside pictures that are there already."""
    (folder / FILE_NAME).write_text(
        json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
