"""The few EXIF tags that matter, read from the raw block.

Pillow's own reader warns through the `warnings` module, whose filters belong to the whole
process and cannot be changed safely in a thread; and for PNG it decodes the pixels. This one
reads what can be read, says whether the block is damaged, and never fails.
"""

import math
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

TAG_ORIENTATION: Final = 0x0112
TAG_EXIF_IFD: Final = 0x8769
TAG_GPS_IFD: Final = 0x8825
# EXIF 2.32, tables 4 to 8 and 15: orientation, times with their offsets, latitude, longitude.
MAIN_TAGS: Final = (TAG_ORIENTATION, 0x0132, TAG_EXIF_IFD, TAG_GPS_IFD)
EXIF_TAGS: Final = (0x9003, 0x9010, 0x9011)
GPS_TAGS: Final = (1, 2, 3, 4)
ENTRY_BYTES: Final = 12

ExifValue = str | bytes | tuple[int, ...] | tuple[float, ...]
"""Text; raw bytes; whole numbers; rationals (not a number where the divisor is zero)."""


@dataclass(frozen=True, slots=True)
class ExifTags:
    """What was read; tags that are absent or broken are not in the maps."""

    main: Mapping[int, ExifValue] = field(default_factory=dict)
    exif: Mapping[int, ExifValue] = field(default_factory=dict)
    """The EXIF sub-IFD."""
    gps: Mapping[int, ExifValue] = field(default_factory=dict)
    """The GPS sub-IFD."""
    damaged: bool = False
    """Something in the block is not as it should be."""


def parse_exif(block: bytes) -> ExifTags:
    """Read the tags from an EXIF block.

    Args:
        block: A TIFF structure, with or without `Exif` and two zero bytes before it.

    Returns:
        The tags; empty and not damaged if the block is empty.
    """
    block = block.removeprefix(b"Exif\x00\x00")
    if not block:
        return ExifTags()
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return ExifTags(damaged=True)
    (start,) = struct.unpack_from(f"{order}L", block, 4)
    main, damaged = _read_directory(block, start, order, MAIN_TAGS)
    parts: list[dict[int, ExifValue]] = []
    for pointer, wanted in ((TAG_EXIF_IFD, EXIF_TAGS), (TAG_GPS_IFD, GPS_TAGS)):
        part: dict[int, ExifValue] = {}
        match main.get(pointer):
            case (int(at),):
                part, broken = _read_directory(block, at, order, wanted)
                damaged = damaged or broken
        parts.append(part)
    return ExifTags(main, parts[0], parts[1], damaged)


def _read_directory(
    block: bytes, start: int, order: str, wanted: Collection[int]
) -> tuple[dict[int, ExifValue], bool]:
    found: dict[int, ExifValue] = {}
    if start + 2 > len(block):
        return found, True
    (n_entries,) = struct.unpack_from(f"{order}H", block, start)
    n_whole = min(n_entries, (len(block) - start - 2) // ENTRY_BYTES)
    damaged = n_whole < n_entries
    for index in range(n_whole):
        at = start + 2 + index * ENTRY_BYTES
        tag, kind, count = struct.unpack_from(f"{order}HHL", block, at)
        if tag not in wanted or tag in found or kind not in READERS:
            continue
        item_bytes, read = READERS[kind]
        size = item_bytes * count
        (far,) = struct.unpack_from(f"{order}L", block, at + 8)
        raw_at = at + 8 if size <= 4 else far
        if raw_at + size > len(block):
            damaged = True
        elif count:
            found[tag] = read(block[raw_at : raw_at + size], order)
    return found, damaged


def _text(raw: bytes, _order: str) -> str:
    return raw.split(b"\x00", 1)[0].decode("latin-1")


def _bytes(raw: bytes, _order: str) -> bytes:
    return raw


def _numbers(code: str) -> Callable[[bytes, str], tuple[int, ...]]:
    return lambda raw, order: tuple(one for (one,) in struct.iter_unpack(f"{order}{code}", raw))


def _rationals(code: str) -> Callable[[bytes, str], tuple[float, ...]]:
    return lambda raw, order: tuple(
        above / below if below else math.nan
        for above, below in struct.iter_unpack(f"{order}2{code}", raw)
    )


# By TIFF type: bytes of an item, reader of the items (TIFF 6.0, section 2).
READERS: Final[Mapping[int, tuple[int, Callable[[bytes, str], ExifValue]]]] = {
    1: (1, _bytes),
    2: (1, _text),
    3: (2, _numbers("H")),
    4: (4, _numbers("L")),
    5: (8, _rationals("L")),
    7: (1, _bytes),
    9: (4, _numbers("l")),
    10: (8, _rationals("l")),
}
