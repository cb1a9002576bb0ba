"""Keep a share of a set's photos out of training, the same ones in every process.

Calibration needs clean photos that the network has not learned from, and neither has any composed
scene that uses them as its background. So the share is decided by a hash of the capture group's
name: no list to pass around, and a photo added later moves no other.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from datasets.records import ImageRecord

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
"""Photos whose names carry a day were shot together on that day."""


def capture_group(record: ImageRecord) -> str:
    """Return what was shot together: as the set says, else the day in the name, else the photo."""
    day = DAY.search(record.path.stem)
    shot = record.group or (day.group() if day else record.path.stem)
    return f"{record.set_name}/{shot}"


def is_held_out(record: ImageRecord, share: float) -> bool:
    """Tell whether a photo is kept out of training.

    Args:
        record: The photo.
        share: Share of capture groups to keep out, in [0, 1].
    """
    digest = hashlib.sha256(capture_group(record).encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def part_of(
    records: Sequence[ImageRecord], share: float, *, held_out: bool
) -> tuple[ImageRecord, ...]:
    """Return the photos that are kept out, or the others, in order."""
    return tuple(one for one in records if is_held_out(one, share) == held_out)
