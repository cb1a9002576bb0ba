"""Pascal VOC: images/ and Annotations/NAME.xml, one file a picture.

Edges are written as decimal pixels from 0, as CVAT and Label Studio write them, not as the
original's whole pixels from 1, which would lose up to a pixel. VOC cannot say what was looked for,
so each file carries more elements: `labelled`, and where there is something to say `also_marked`,
both with a `label` each, and `group`. One without them counts as looked at for the labels that it
names.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from datasets.errors import DatasetError
from datasets.formats.pictures import copy_pictures, read_image_wh
from datasets.formats.statements import format_statements
from datasets.records import ImageRecord, LabelledBox
from detector.sources import PHOTO_ENDINGS

EDGES = ("xmin", "ymin", "xmax", "ymax")
FOLDER = "Annotations"


def parse_voc(text: str, image: Path, set_name: str) -> ImageRecord:
    """Turn one XML file into a record.

    Args:
        text: The file's text.
        image: The picture that it describes.
        set_name: Name of the set.

    Raises:
        DatasetError: It is not VOC.
    """
    try:
        root = ET.fromstring(text)
        width, height = (float(_text(root, f"size/{side}")) for side in ("width", "height"))
        boxes = []
        for one in root.iter("object"):
            x1, y1, x2, y2 = (float(_text(one, f"bndbox/{edge}")) for edge in EDGES)
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
            boxes.append(LabelledBox(_text(one, "name"), box))
    except (ET.ParseError, ValueError, ZeroDivisionError) as error:
        raise DatasetError(
            "voc_invalid", f"{image.stem}.xml is not Pascal VOC: {error}."
        ) from error
    also = _labels(root, "also_marked") or frozenset()
    labelled = _labels(root, "labelled")
    if labelled is None:
        labelled = frozenset(box.label for box in boxes) - also
    kept = tuple(box for box in boxes if box.label in labelled | also)
    return ImageRecord(image, set_name, labelled, kept, also, root.findtext("group") or None)


def _labels(root: ET.Element, key: str) -> frozenset[str] | None:
    written = root.find(key)
    if written is None:
        return None
    # Plain words were the form of the first version.
    return frozenset([*(written.text or "").split(), *(one.text or "" for one in written)])


def _text(element: ET.Element, path: str) -> str:
    found = element.findtext(path)
    if not found:
        raise ValueError(f"{path} is missing")
    return found


def format_voc(record: ImageRecord, image_wh: tuple[int, int]) -> str:
    """Turn one record into XML.

    Args:
        record: The photo; only its file name is written.
        image_wh: Upright width and height in pixels.
    """
    width, height = image_wh
    root = ET.Element("annotation")
    ET.SubElement(root, "filename").text = record.path.name
    size = ET.SubElement(root, "size")
    for name, value in (("width", width), ("height", height), ("depth", 3)):
        ET.SubElement(size, name).text = str(value)
    for key, value in format_statements(record).items():
        element = ET.SubElement(root, key)
        if isinstance(value, str):
            element.text = value
        else:
            for label in value:
                ET.SubElement(element, "label").text = label
    for box in record.boxes:
        one = ET.SubElement(root, "object")
        ET.SubElement(one, "name").text = box.label
        edges = ET.SubElement(one, "bndbox")
        for edge, share, side in zip(
            EDGES, box.box_xyxy, (width, height, width, height), strict=True
        ):
            ET.SubElement(edges, edge).text = repr(share * side)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def read_set(folder: Path) -> tuple[ImageRecord, ...]:
    """Read images/ and Annotations/, in order of the file name.

    Raises:
        DatasetError: A picture has no XML file, or one is malformed.
    """
    records = []
    for image in sorted((folder / "images").iterdir()):
        if image.suffix.lower() not in PHOTO_ENDINGS:
            continue
        path = folder / FOLDER / f"{image.stem}.xml"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError("label_missing", f"{image} has no readable {path}.") from error
        records.append(parse_voc(text, image, folder.name))
    return tuple(records)


def write_set(folder: Path, records: Sequence[ImageRecord]) -> None:
    """Write images/ and Annotations/.

    Raises:
        DatasetError: A photo cannot be read, or two have one name.
    """
    texts = [format_voc(one, read_image_wh(one.path)) for one in records]
    copy_pictures(records, folder / "images")
    (folder / FOLDER).mkdir(exist_ok=True)
    for record, text in zip(records, texts, strict=True):
        (folder / FOLDER / f"{record.path.stem}.xml").write_text(text, encoding="utf-8")
