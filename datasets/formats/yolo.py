"""YOLO text labels with a source.yaml: images/NAME.jpg, labels/NAME.txt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from datasets.errors import DatasetError
from datasets.formats.pictures import copy_pictures
from datasets.records import ImageRecord, LabelledBox
from detector.sources import PHOTO_ENDINGS


def parse_labels(text: str, names: Sequence[str], where: str) -> tuple[LabelledBox, ...]:
    """Parse one label file.

    Args:
        text: Lines of `class xc yc w h`, normalised to the picture.
        names: Label of each class id.
        where: The file's name, for messages.

    Raises:
        DatasetError: A line is not five numbers, or names an unknown class.
    """
    boxes = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            class_id, *numbers = line.split()
            x, y, width, height = map(float, numbers)
            label = names[int(class_id)] if int(class_id) >= 0 else ""
        except (ValueError, IndexError):
            label = ""
        if not label:
            raise DatasetError(
                "label_invalid", f"{where}, line {number}: {line!r} is not 'class x y w h'."
            )
        boxes.append(
            LabelledBox(label, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        )
    return tuple(boxes)


def read_set(folder: Path) -> tuple[ImageRecord, ...]:
    """Read a set: every picture must have its label file, or it counts as not annotated.

    Args:
        folder: Holds source.yaml, images/ and labels/.

    Returns:
        Records in order of the file name; boxes of labels that were not looked for are left out.

    Raises:
        DatasetError: A file is missing or malformed.
    """
    source = _read_source(folder / "source.yaml")
    labelled = frozenset(source["labelled"])
    records = []
    for path in sorted((folder / "images").iterdir()):
        if path.suffix.lower() not in PHOTO_ENDINGS:
            continue
        labels = folder / "labels" / f"{path.stem}.txt"
        if not labels.is_file():
            raise DatasetError(
                "label_missing",
                f"{path} has no label file {labels}.",
                "Write an empty one if the picture was looked at and holds nothing.",
            )
        boxes = parse_labels(labels.read_text(encoding="utf-8"), source["names"], str(labels))
        kept = tuple(box for box in boxes if box.label in labelled)
        records.append(ImageRecord(path, folder.name, labelled, kept))
    return tuple(records)


def format_labels(boxes: Sequence[LabelledBox], names: Sequence[str]) -> str:
    """Turn boxes into one label file's text.

    Args:
        boxes: In shares of the picture.
        names: Label of each class id.

    Raises:
        DatasetError: A box has a label that is not among the names.
    """
    lines = []
    for box in boxes:
        if box.label not in names:
            raise DatasetError("label_invalid", f"{box.label} is not among {', '.join(names)}.")
        x1, y1, x2, y2 = box.box_xyxy
        numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        lines.append(f"{names.index(box.label)} {' '.join(map(repr, numbers))}\n")
    return "".join(lines)


def write_set(folder: Path, records: Sequence[ImageRecord]) -> None:
    """Write images/, labels/ and source.yaml.

    Raises:
        DatasetError: The records were not all looked at for the same labels, which this format
            cannot say; or a photo cannot be copied.
    """
    looked_for = {one.labelled for one in records}
    if len(looked_for) > 1:
        raise DatasetError(
            "labelled_differs",
            "The pictures were looked at for different labels; a YOLO set has one list for all.",
            "Convert them as sets of their own, or to coco.",
        )
    names = sorted(next(iter(looked_for), ()))
    copy_pictures(records, folder / "images")
    (folder / "labels").mkdir(exist_ok=True)
    for record in records:
        path = folder / "labels" / f"{record.path.stem}.txt"
        path.write_text(format_labels(record.boxes, names), encoding="utf-8")
    source = yaml.safe_dump({"labelled": names, "names": names}, allow_unicode=True)
    (folder / "source.yaml").write_text(source, encoding="utf-8")


def _read_source(path: Path) -> dict[str, Any]:
    try:
        source = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DatasetError("source_invalid", f"{path} cannot be read: {error}.") from error
    if not isinstance(source, dict) or not {"labelled", "names"} <= set(source):
        raise DatasetError("source_invalid", f"{path} must hold 'labelled' and 'names'.")
    return source
