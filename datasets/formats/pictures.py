"""The pictures of a set: their sizes, and copies beside the labels."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from datasets.errors import DatasetError
from datasets.records import ImageRecord
from detector.errors import PhotoError
from detector.photo_header import read_header, sniff_format


def read_image_wh(path: Path) -> tuple[int, int]:
    """Return width and height of a photo, upright, from its header.

    Raises:
        DatasetError: It is not a photo that can be read.
    """
    try:
        data = path.read_bytes()
        header = read_header(data, sniff_format(data))
    except OSError as error:
        raise DatasetError("photo_failed", f"{path} cannot be read: {error.strerror}.") from error
    except PhotoError as error:
        raise DatasetError("photo_failed", f"{path}: {error.message}") from error
    width, height = header.stored_wh
    return (height, width) if header.orientation >= 5 else (width, height)


def copy_pictures(records: Sequence[ImageRecord], folder: Path) -> None:
    """Copy the photos of some records into a folder, under their own names.

    Raises:
        DatasetError: Two have one name, or a file cannot be copied.
    """
    names: dict[str, Path] = {}
    for record in records:
        # Labels are found by the name without its ending.
        other = names.setdefault(record.path.stem, record.path)
        if other != record.path:
            raise DatasetError(
                "name_twice",
                f"{record.path} and {other} would get one name.",
                "Convert their sets into folders of their own.",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for record in records:
            shutil.copyfile(record.path, folder / record.path.name)
    except OSError as error:
        raise DatasetError("set_unwritable", f"{folder}: {error.strerror}.") from error
