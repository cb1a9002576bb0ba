"""What every format says of a picture besides its boxes, in one form for all."""

from typing import Any

from datasets.records import ImageRecord


def format_statements(record: ImageRecord) -> dict[str, Any]:
    """Return `labelled`, and where there is something to say `also_marked` and `group`."""
    statements: dict[str, Any] = {"labelled": sorted(record.labelled)}
    if record.also_marked:
        statements["also_marked"] = sorted(record.also_marked)
    if record.group is not None:
        statements["group"] = record.group
    return statements


def parse_labels_list(value: object, key: str) -> frozenset[str]:
    """Return the labels of a list.

    Raises:
        ValueError: It is not a list of texts; a bare text would be read letter by letter.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError(f"{key!r} must be a list of labels")
    return frozenset(value)


def parse_group(value: object) -> str | None:
    """Return a capture group.

    Raises:
        ValueError: It is neither missing nor a text.
    """
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError("a capture group must be a text")
    return value
