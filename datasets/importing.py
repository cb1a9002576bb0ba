"""Make a set of an annotation tool's export, with what the export cannot say told by its owner.

An export lists pictures that nobody opened yet in the same way as pictures that hold nothing. So a
picture without boxes is left out, unless its owner says that every picture was looked at; one whose
entry is damaged is left out whole, because with a box missing it would teach that nothing is there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from datasets.errors import DatasetError
from datasets.exports import Export, ExportedPicture
from datasets.formats import yolo
from datasets.formats.pictures import read_image_wh
from datasets.records import ImageRecord, LabelledBox
from datasets.versions import hash_records
from detector.labels import LABEL_NAMES

SAME_SHAPE: Final = 0.01
"""Width by height may differ by so much between an export and its picture: sizes are rounded."""


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """What an export cannot say."""

    name: str
    """Name of the new set."""
    labelled: frozenset[str]
    """Labels that the annotators looked for, as they are called after `mapping`."""
    licence: str
    source: str
    """Where the pictures come from."""
    imported_on: str
    """The day, as YYYY-MM-DD."""
    also_marked: frozenset[str] = frozenset()
    """Labels that they boxed now and then."""
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    """Our label for each of the export's; None drops it; what is not named keeps its name."""
    empty_were_looked_at: bool = False
    """Every picture was looked at, so one without boxes holds none of `labelled`."""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A picture that was left out because something is wrong with it."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of an export."""

    records: tuple[ImageRecord, ...]
    skipped: tuple[Skipped, ...]
    without_boxes: int
    """Pictures left out because nothing says that they were looked at."""
    dropped_boxes: Mapping[str, int]
    """Boxes of labels neither in `labelled` nor in `also_marked`, by the export's label."""


def import_export(export: Export, settings: ImportSettings) -> ImportResult:
    """Turn an export into records.

    Args:
        export: As the tool wrote it.
        settings: What it cannot say.

    Raises:
        DatasetError: A label of the settings is neither the export's nor the product's, or one is
            both in `labelled` and in `also_marked`.
    """
    _check_labels(export, settings)
    kept_labels = settings.labelled | settings.also_marked
    records: list[ImageRecord] = []
    skipped: list[Skipped] = []
    stems: dict[str, str] = {}
    dropped: Counter[str] = Counter()
    without_boxes = len(export.without_entry) * (not settings.empty_were_looked_at)
    entries = [*export.pictures]
    if settings.empty_were_looked_at:
        entries += [ExportedPicture(path.name, path, ()) for path in export.without_entry]
    for entry in entries:
        if not (entry.boxes or entry.fault or settings.empty_were_looked_at):
            without_boxes += 1
            continue
        path, fault = entry.path, _find_fault(entry)
        if path is not None and not fault and (other := stems.setdefault(path.stem, entry.name)):
            fault = "" if other == entry.name else f"its file has the same name as {other}"
        if path is None or fault:
            skipped.append(Skipped(entry.name, fault))
            continue
        renamed = [(box, settings.mapping.get(box.label, box.label)) for box in entry.boxes]
        dropped.update(box.label for box, label in renamed if label not in kept_labels)
        boxes = tuple(
            LabelledBox(label, _clip(box.box_xyxy))
            for box, label in renamed
            if label is not None and label in kept_labels
        )
        records.append(
            ImageRecord(path, settings.name, settings.labelled, boxes, settings.also_marked)
        )
    return ImportResult(
        tuple(records), tuple(skipped), without_boxes, dict(sorted(dropped.items()))
    )


def _check_labels(export: Export, settings: ImportSettings) -> None:
    named = {settings.mapping.get(one, one) for one in export.classes}
    asked = settings.labelled | settings.also_marked
    unknown = sorted(asked - named - set(LABEL_NAMES))
    if unknown:
        after = ", ".join(sorted(one for one in named if one is not None)) or "none"
        raise DatasetError(
            "label_unknown",
            f"{', '.join(unknown)}: no label of the export ({after}) or of the product.",
        )
    both = sorted(settings.labelled & settings.also_marked)
    if both:
        raise DatasetError("label_in_both", f"{', '.join(both)}: looked for, or only also marked?")


def _find_fault(entry: ExportedPicture) -> str:
    if entry.fault:
        return entry.fault
    if entry.path is None:
        return "its picture is missing, or several have its name"
    try:
        width, height = read_image_wh(entry.path)
    except DatasetError as error:
        return error.message
    if entry.stated_wh is not None:
        stated_width, stated_height = entry.stated_wh
        if abs(stated_width * height - width * stated_height) > SAME_SHAPE * stated_width * height:
            return (
                f"the export speaks of {stated_width:.0f}x{stated_height:.0f}, the picture is "
                f"{width}x{height} upright"
            )
    for box in entry.boxes:
        x1, y1, x2, y2 = _clip(box.box_xyxy)
        if not (x1 < x2 and y1 < y2):
            return f"a {box.label} has no area within the picture"
    return ""


def _clip(box_xyxy: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (min(max(edge, 0.0), 1.0) for edge in box_xyxy)
    return x1, y1, x2, y2


def write_imported(folder: Path, result: ImportResult, settings: ImportSettings) -> str:
    """Write the new set as YOLO, with a source.yaml that says where it comes from.

    Args:
        folder: A new folder.
        result: What was imported.
        settings: What the owner said.

    Returns:
        The set's version.

    Raises:
        DatasetError: Nothing was left to write, or it cannot be written.
    """
    if not result.records:
        raise DatasetError(
            "import_empty",
            "No picture of the export can be imported.",
            "If pictures without boxes were looked at, say so with --empty-looked-at.",
        )
    version = hash_records(result.records)
    facts: dict[str, Any] = {
        "name": settings.name,
        "source": settings.source,
        "licence": settings.licence,
        "version": version,
        "imported_on": settings.imported_on,
        "notes": settings.notes,
        "images": len(result.records),
        "boxes": _count_boxes(result.records),
    }
    yolo.write_set(folder, result.records, facts)
    return version


def _count_boxes(records: Iterable[ImageRecord]) -> dict[str, int]:
    counts = Counter(box.label for record in records for box in record.boxes)
    return dict(sorted(counts.items()))
