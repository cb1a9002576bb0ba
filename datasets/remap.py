"""Rename labels by a mapping, without claiming more than was looked for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from datasets.records import ImageRecord, LabelledBox


def remap_record(record: ImageRecord, mapping: Mapping[str, str | None]) -> ImageRecord:
    """Return a record with its labels renamed.

    Args:
        record: As it is.
        mapping: New name of each label; None drops it; a label that is not named stays.

    Returns:
        The record. Where several labels become one, the new one counts as looked for only if all
        of them were: else an object of the others may stand in the picture unmarked.
    """
    sources: dict[str, set[str]] = {}
    for old in {*mapping, *record.labelled}:
        new = mapping.get(old, old)
        if new is not None:
            sources.setdefault(new, set()).add(old)
    labelled = frozenset(new for new, olds in sources.items() if olds <= record.labelled)
    renamed = ((mapping.get(box.label, box.label), box) for box in record.boxes)
    boxes = tuple(LabelledBox(new, box.box_xyxy) for new, box in renamed if new in labelled)
    return replace(record, labelled=labelled, boxes=boxes)


def remap_records(
    records: Iterable[ImageRecord], mapping: Mapping[str, str | None]
) -> tuple[ImageRecord, ...]:
    """Rename the labels of every record; see `remap_record`."""
    return tuple(remap_record(record, mapping) for record in records)
