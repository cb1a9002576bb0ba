"""The version of a set: a hash over what it teaches, wherever it lies and in whichever format.

Two sets of one version hold the same pictures under the same names with the same labels. Capture
groups, licence and notes are not part of it: a corrected note does not make another set.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from datasets.errors import DatasetError
from datasets.formats import read_sets
from datasets.records import ImageRecord
from detector.decode import hash_photo

EDGE_DECIMALS: Final = 9
"""Formats keep edges as centres or as pixels, which moves a share by some 1e-16; tools write six
digits."""


def hash_records(records: Sequence[ImageRecord]) -> str:
    """Return the version of some photos: a sha256 in hex.

    Args:
        records: In any order, of any folder; the pictures are read.

    Returns:
        64 hex digits over file names, picture bytes, `labelled`, `also_marked` and boxes.

    Raises:
        DatasetError: A picture cannot be read.
    """
    digest = hashlib.sha256()
    for line in sorted(json.dumps(_describe(record), ensure_ascii=True) for record in records):
        digest.update(line.encode("ascii") + b"\n")
    return digest.hexdigest()


def hash_set(folder: Path) -> str:
    """Return the version of a set, or of a folder of sets; see `hash_records`.

    Raises:
        DatasetError: There is none, one is malformed, or a picture cannot be read.
    """
    return hash_records(read_sets(folder))


def _describe(record: ImageRecord) -> list[Any]:
    try:
        picture = hash_photo(record.path.read_bytes())
    except OSError as error:
        raise DatasetError("photo_failed", f"{record.path}: {error.strerror}.") from error
    # Adding 0.0 turns -0.0, which JSON would write otherwise, into 0.0.
    boxes = [
        [box.label, [round(edge, EDGE_DECIMALS) + 0.0 for edge in box.box_xyxy]]
        for box in record.boxes
    ]
    return [
        record.path.name,
        picture,
        sorted(record.labelled),
        sorted(record.also_marked),
        sorted(boxes),
    ]
