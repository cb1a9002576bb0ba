"""YOLO text labels with a source.yaml: images/NAME.jpg, labels/NAME.txt.

source.yaml must say `names` (label of each class id) and `labelled`; it may say `also_marked`, and
of capture groups `group` (a pattern for file names) or `groups` (group of each picture).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datasets.errors import DatasetError
from datasets.formats.pictures import copy_pictures
from datasets.formats.statements import format_statements, parse_group, parse_labels_list
from datasets.records import ImageRecord, LabelledBox
from datasets.split import group_of
from detector.sources import PHOTO_ENDINGS


@dataclass(frozen=True, slots=True)
class Source:
    """What a set's source.yaml says of all its pictures."""

    names: tuple[str, ...]
    """Label of each class id."""
    labelled: frozenset[str]
    also_marked: frozenset[str]
    pattern: re.Pattern[str] | None
    """Finds the capture group in a file name."""
    groups: Mapping[str, str]
    """Capture group by file name, for those that are named."""

    def group_of(self, path: Path) -> str | None:
        """Return a picture's capture group, where the set tells.

        Raises:
            DatasetError: The pattern does not fit the name.
        """
        if path.name in self.groups or self.pattern is None:
            return self.groups.get(path.name)
        return group_of(path, self.pattern)


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
        Records in order of the file name; boxes of labels that are neither in `labelled` nor in
        `also_marked` are left out.

    Raises:
        DatasetError: A file is missing or malformed.
    """
    source = _read_source(folder / "source.yaml")
    kept_labels = source.labelled | source.also_marked
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
        kept = tuple(
            box
            for box in parse_labels(_read_text(labels), source.names, str(labels))
            if box.label in kept_labels
        )
        group = source.group_of(path)
        records.append(
            ImageRecord(path, folder.name, source.labelled, kept, source.also_marked, group)
        )
    return tuple(records)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError("label_invalid", f"{path} cannot be read: {error}.") from error


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
        numbers = map(float, ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1))
        lines.append(f"{names.index(box.label)} {' '.join(map(repr, numbers))}\n")
    return "".join(lines)


def write_set(
    folder: Path, records: Sequence[ImageRecord], facts: Mapping[str, Any] | None = None
) -> None:
    """Write images/, labels/ and source.yaml.

    Args:
        folder: A new folder.
        records: The photos.
        facts: What source.yaml shall say besides, such as `licence`; written first.

    Raises:
        DatasetError: The records were not all looked at for the same labels, or do not have the
            same `also_marked`, which this format cannot say; or a photo cannot be copied.
    """
    looked_for = {(one.labelled, one.also_marked) for one in records}
    if len(looked_for) > 1:
        raise DatasetError(
            "labelled_differs",
            "The pictures were looked at or also marked for different labels; a YOLO set has one "
            "list for all.",
            "Convert them as sets of their own, or to coco.",
        )
    names = sorted({label for lists in looked_for for one in lists for label in one})
    copy_pictures(records, folder / "images")
    (folder / "labels").mkdir(exist_ok=True)
    for record in records:
        path = folder / "labels" / f"{record.path.stem}.txt"
        path.write_text(format_labels(record.boxes, names), encoding="utf-8")
    source = {**(facts or {}), "labelled": [], "names": names}
    for record in records[:1]:
        source |= {**format_statements(record), "names": names}
    source.pop("group", None)
    groups = {one.path.name: one.group for one in records if one.group is not None}
    if groups:
        source["groups"] = groups
    text = yaml.safe_dump(source, allow_unicode=True, sort_keys=False)
    (folder / "source.yaml").write_text(text, encoding="utf-8")


def _read_source(path: Path) -> Source:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError("source_invalid", f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict) or not {"labelled", "names"} <= set(content):
        raise DatasetError("source_invalid", f"{path} must hold 'labelled' and 'names'.")
    try:
        return _parse_source(content)
    except (ValueError, re.error) as error:
        raise DatasetError("source_invalid", f"{path}: {error}.") from error


def _parse_source(content: Mapping[str, Any]) -> Source:
    names, group, groups = content["names"], content.get("group"), content.get("groups", {})
    parse_labels_list(names, "names")
    if group is not None and (not isinstance(group, str) or re.compile(group).groups < 1):
        raise ValueError("'group' must be a regular expression with one (…)")
    if not isinstance(groups, dict):
        raise ValueError("'groups' must hold {file name: capture group}")
    parsed = {name: parse_group(one) for name, one in groups.items()}
    return Source(
        tuple(names),
        parse_labels_list(content["labelled"], "labelled"),
        parse_labels_list(content.get("also_marked", []), "also_marked"),
        None if group is None else re.compile(group),
        {str(name): one for name, one in parsed.items() if one is not None},
    )
