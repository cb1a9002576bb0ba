"""Read what annotation tools export: several layouts in, one list of pictures out.

Known layouts, each unpacked: CVAT "YOLO 1.1" (obj.names, obj_train_data/) and "Ultralytics YOLO"
(data.yaml), Label Studio "YOLO" (classes.txt), COCO of both (annotations/instances_*.json,
result.json), Pascal VOC of both (Annotations/). Where a picture's entry is damaged, that picture
has a fault and the rest goes on.
"""

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from datasets.errors import DatasetError
from datasets.formats.voc import parse_voc
from datasets.formats.yolo import parse_labels
from datasets.records import LabelledBox
from detector.sources import PHOTO_ENDINGS


@dataclass(frozen=True, slots=True)
class ExportedPicture:
    """A picture's entry in an export."""

    name: str
    """As the export names it."""
    path: Path | None
    """Its file; None: there is none."""
    boxes: tuple[LabelledBox, ...]
    """With the export's own labels; they may reach over the picture's edge."""
    stated_wh: tuple[float, float] | None = None
    """Width and height that the boxes refer to, where the format says them."""
    fault: str = ""
    """Why the entry cannot be used; empty: it can."""


@dataclass(frozen=True, slots=True)
class Export:
    """All that an export says."""

    layout: str
    """What it was recognised as."""
    classes: tuple[str, ...]
    """Labels that the project had; with VOC those that occur, if nothing else is said."""
    pictures: tuple[ExportedPicture, ...]
    """With an entry, in order of the name."""
    without_entry: tuple[Path, ...]
    """Photos in its folder that it does not speak of."""


class PhotoFinder:
    """Finds photos in folders by the names that exports use."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """List the photos of some folders, at any depth."""
        found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
        self.photos = tuple(sorted(one for one in found if one.suffix.lower() in PHOTO_ENDINGS))
        self._by_name: dict[str, list[Path]] = {}
        for path in self.photos:
            for name in {path.name, path.stem}:
                self._by_name.setdefault(name, []).append(path)

    def find(self, name: str) -> Path | None:
        """Return the photo of a name, which may have folders before it and lack its ending.

        Returns:
            The one whose path ends alike; of one name without folders, the only one there is.
        """
        wanted = PurePosixPath(name.replace("\\", "/"))
        candidates = self._by_name.get(wanted.name, [])
        if len(candidates) > 1:
            tail = [part for part in wanted.parts[:-1] if part not in ("/", ".", "..")]
            ends = [one for one in candidates if list(one.parts[:-1])[-len(tail) :] == tail]
            candidates = ends if tail else candidates
        return candidates[0] if len(candidates) == 1 else None


def read_export(folder: Path, photos: Path | None = None) -> Export:
    """Read an unpacked export.

    Args:
        folder: Where it was unpacked.
        photos: Where the photos lie, if the export was made without them.

    Raises:
        DatasetError: The layout is not known, or its main file is damaged.
    """
    if not folder.is_dir():
        raise DatasetError(
            "export_unknown", f"{folder} is no folder.", "Unpack the archive of the export first."
        )
    readers = [read for is_it, read in LAYOUTS if is_it(folder)]
    if len(readers) != 1:
        raise DatasetError(
            "export_unknown",
            f"{folder} is no export that is known, or more than one.",
            "Export as YOLO, COCO or Pascal VOC, and name the folder that holds obj.names, "
            "data.yaml, classes.txt, result.json, annotations/ or Annotations/.",
        )
    finder = PhotoFinder([folder] if photos is None else [folder, photos])
    layout, classes, entries = readers[0](folder, finder)
    claims: Counter[Path | None] = Counter(entry.path for entry in entries)
    return Export(
        layout,
        tuple(classes),
        tuple(
            replace(entry, fault=entry.fault or "several entries fit its picture")
            if entry.path is not None and claims[entry.path] > 1
            else entry
            for entry in sorted(entries, key=lambda entry: entry.name)
        ),
        # Of the photos elsewhere nobody says that they have to do with this export.
        tuple(path for path in PhotoFinder([folder]).photos if path not in claims),
    )


Entries = tuple[str, Sequence[str], list[ExportedPicture]]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError("export_invalid", f"{path} cannot be read: {error}.") from error


def _yolo_entry(labels: Path, name: str, path: Path | None, names: list[str]) -> ExportedPicture:
    try:
        boxes = parse_labels(_read_text(labels), names, labels.name)
    except DatasetError as error:
        return ExportedPicture(name, path, (), fault=error.message)
    return ExportedPicture(name, path, boxes)


def _read_darknet(folder: Path, finder: PhotoFinder) -> Entries:
    names = [line.strip() for line in _read_text(folder / "obj.names").splitlines() if line.strip()]
    entries = []
    for data in sorted(folder.glob("obj_*data")):
        for labels in sorted(data.rglob("*.txt")):
            name = labels.relative_to(folder).with_suffix("").as_posix()
            # With the pictures they lie side by side; without them only the file's name helps.
            path = finder.find(name) or finder.find(labels.stem)
            entries.append(_yolo_entry(labels, name, path, names))
    return "CVAT YOLO 1.1", names, entries


def _read_yolo_folders(folder: Path, finder: PhotoFinder) -> Entries:
    if (folder / "data.yaml").exists():
        layout, names = "Ultralytics YOLO", _names_of_data_yaml(folder / "data.yaml")
    else:
        lines = _read_text(folder / "classes.txt").splitlines()
        layout, names = "Label Studio YOLO", [line.strip() for line in lines if line.strip()]
    entries = []
    for labels in sorted((folder / "labels").rglob("*.txt")):
        name = labels.relative_to(folder / "labels").with_suffix("").as_posix()
        path = finder.find(f"images/{name}") or finder.find(labels.stem)
        entries.append(_yolo_entry(labels, name, path, names))
    return layout, names, entries


def _names_of_data_yaml(path: Path) -> list[str]:
    try:
        names = yaml.safe_load(_read_text(path))["names"]
        if isinstance(names, dict):
            names = [names[i] for i in range(len(names))]
        return [str(name) for name in names]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise DatasetError("export_invalid", f"{path} has no usable 'names'.") from error


def _coco_files(folder: Path) -> list[Path]:
    return [
        *sorted((folder / "annotations").glob("instances*.json")),
        *(
            folder / name
            for name in ("result.json", "annotations.json")
            if (folder / name).exists()
        ),
    ]


def _read_coco(folder: Path, finder: PhotoFinder) -> Entries:
    classes: dict[str, None] = {}
    entries: list[ExportedPicture] = []
    for file in _coco_files(folder):
        try:
            content = json.loads(_read_text(file))
            names = {one["id"]: str(one["name"]) for one in content["categories"]}
            by_image: dict[Any, list[Mapping[str, Any]]] = {}
            for one in content["annotations"]:
                by_image.setdefault(one["image_id"], []).append(one)
            for image in content["images"]:
                entries.append(_coco_entry(image, by_image.get(image["id"], []), names, finder))
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                "export_invalid", f"{file} is not COCO detection: {error!r}."
            ) from error
        classes |= dict.fromkeys(names.values())
    return "COCO", list(classes), entries


def _coco_entry(
    image: Mapping[str, Any],
    annotations: Iterable[Mapping[str, Any]],
    names: Mapping[Any, str],
    finder: PhotoFinder,
) -> ExportedPicture:
    name = str(image["file_name"])
    path, boxes, fault = finder.find(name), [], ""
    try:
        width, height = float(image["width"]), float(image["height"])
        for one in annotations:
            label = names[one["category_id"]]
            if one.get("iscrowd"):
                raise ValueError(f"a {label} is marked as a crowd, not as one object")
            if one.get("attributes", {}).get("rotation"):
                raise ValueError(f"a {label} is a rotated box")
            x, y, w, h = map(float, one["bbox"])
            edges = (x / width, y / height, (x + w) / width, (y + h) / height)
            boxes.append(LabelledBox(label, edges))
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        said = str(error) if isinstance(error, ValueError) else repr(error)
        return ExportedPicture(name, path, (), fault=f"its entry cannot be used: {said}")
    return ExportedPicture(name, path, tuple(boxes), (width, height), fault)


def _read_voc(folder: Path, finder: PhotoFinder) -> Entries:
    entries = []
    for file in sorted((folder / "Annotations").rglob("*.xml")):
        name = file.relative_to(folder / "Annotations").with_suffix("").as_posix()
        path = finder.find(name) or finder.find(file.stem)
        try:
            text = _read_text(file)
            record = parse_voc(text, path or file, "")
            root = ET.fromstring(text)
            if any(_is_rotated(one) for one in root.iter("attribute")):
                raise DatasetError("export_invalid", "its entry holds a rotated box")
        except DatasetError as error:
            entries.append(ExportedPicture(name, path, (), fault=error.message))
            continue
        width, height = (float(root.findtext(f"size/{side}") or 0) for side in ("width", "height"))
        entries.append(ExportedPicture(name, path, record.boxes, (width, height)))
    if (folder / "labelmap.txt").exists():
        lines = _read_text(folder / "labelmap.txt").splitlines()
        named = [line.split(":")[0].strip() for line in lines if not line.startswith("#")]
        classes = [name for name in named if name and name != "background"]
    else:
        classes = sorted({box.label for entry in entries for box in entry.boxes})
    return "Pascal VOC", classes, entries


def _is_rotated(attribute: ET.Element) -> bool:
    try:
        return attribute.findtext("name") == "rotation" and bool(
            float(attribute.findtext("value") or 0)
        )
    except ValueError:
        return True


LAYOUTS: Final[
    tuple[tuple[Callable[[Path], bool], Callable[[Path, PhotoFinder], Entries]], ...]
] = (
    (lambda folder: (folder / "obj.names").is_file(), _read_darknet),
    (
        lambda folder: (
            (folder / "labels").is_dir()
            and any((folder / name).is_file() for name in ("data.yaml", "classes.txt"))
        ),
        _read_yolo_folders,
    ),
    (lambda folder: bool(_coco_files(folder)), _read_coco),
    (
        lambda folder: (
            (folder / "Annotations").is_dir() and any((folder / "Annotations").rglob("*.xml"))
        ),
        _read_voc,
    ),
)
"""How each layout is told, and its reader."""
