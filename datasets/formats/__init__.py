"""File formats of labelled photos, one module each: a folder in, records out, and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from datasets.errors import DatasetError
from datasets.formats import coco, voc, yolo
from datasets.records import ImageRecord


class SetFormat(Protocol):
    """One format of a set in a folder."""

    def read_set(self, folder: Path) -> tuple[ImageRecord, ...]:
        """Read a set, in order of the file name."""
        ...

    def write_set(self, folder: Path, records: Sequence[ImageRecord]) -> None:
        """Write a set with copies of its pictures."""
        ...


FORMATS: Final[dict[str, SetFormat]] = {"yolo": yolo, "coco": coco, "voc": voc}
MARKS: Final = {"yolo": "source.yaml", "coco": coco.FILE_NAME, "voc": voc.FOLDER}
"""What a set's folder holds that tells its format."""


def detect_format(folder: Path) -> str:
    """Tell the format of a set.

    Raises:
        DatasetError: It is none, or it could be several.
    """
    found = [name for name, mark in MARKS.items() if (folder / mark).exists()]
    if len(found) == 1:
        return found[0]
    marks = ", ".join(f"{mark} ({name})" for name, mark in MARKS.items())
    raise DatasetError(
        "format_unknown",
        f"{folder} is no set, or of more than one format: it must hold one of {marks}.",
    )


def find_sets(folder: Path) -> tuple[Path, ...]:
    """Return the sets in a folder, or the folder itself if it is one, in order of name.

    Raises:
        DatasetError: There is none.
    """
    candidates = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    found = [one for one in candidates if any((one / mark).exists() for mark in MARKS.values())]
    if not found:
        raise DatasetError("sets_missing", f"There is no set in {folder}.")
    return (folder,) if found[0] == folder else tuple(found)


def read_sets(folder: Path) -> tuple[ImageRecord, ...]:
    """Read every set in a folder, each in its own format.

    Raises:
        DatasetError: There is none, or one is malformed.
    """
    return tuple(
        record for one in find_sets(folder) for record in FORMATS[detect_format(one)].read_set(one)
    )
