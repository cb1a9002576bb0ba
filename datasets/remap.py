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
        of them were: else an object of the others may stand in the picture unmarked, and the new
        one is only `also_marked`.
    """
    sources: dict[str, set[str]] = {}
    marked = record.labelled | record.also_marked
    for old in {*mapping, *marked}:
        new = mapping.get(old, old)
        if new is not None:
            sources.setdefault(new, set()).add(old)
    labelled = frozenset(new for new, olds in sources.items() if olds <= record.labelled)
    also = frozenset(new for new, olds in sources.items() if olds & marked) - labelled
    renamed = (
        (mapping.get(box.label, box.label), box) for box in record.boxes if box.label in marked
    )
    boxes = tuple(
        LabelledBox(new, box.box_xyxy)
        for new, box in renamed
        if new is not None and new in labelled | also
    )
    return replace(record, labelled=labelled, also_marked=also, boxes=boxes)


def remap_records(
    records: Iterable[ImageRecord], mapping: Mapping[str, str | None]
) -> tuple[ImageRecord, ...]:
    """Rename the labels of every record; see `remap_record`."""
    return tuple(remap_record(record, mapping) for record in records)
