"""Near-copies by perceptual hash: the same shot stored again, resized or compressed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetError
from detector.arrays import Image
from detector.decode import decode_photo
from detector.errors import PhotoError

HASH_SIDE: Final = 16
"""The hash has 256 bits: with the usual 64, plain walls and skies of different places collide."""
MOST_BITS: Final = 22
"""Hashes that differ in no more bits are near-copies: so near lie street photos saved again at half
size and JPEG quality 40 (a test over ../shared/data measures it)."""
SEES_WH: Final = (64, 64)


@dataclass(frozen=True, slots=True)
class NearCopy:
    """Two pictures that show the same shot."""

    first: int
    second: int
    """Positions, the first the smaller."""
    bits: int
    """Bits in which their hashes differ."""


def hash_image(image: Image) -> npt.NDArray[np.uint64]:
    """Return the difference hash: uint64 (4,), a bit where a cell is brighter than its left one.

    Args:
        image: uint8 (H, W, 3), BGR.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (HASH_SIDE + 1, HASH_SIDE), interpolation=cv2.INTER_AREA)
    bits = small.astype(np.int16)[:, 1:] > small[:, :-1]
    return np.packbits(bits).view(np.uint64)


def hash_file(path: Path) -> npt.NDArray[np.uint64]:
    """Return uint64 (4,): the hash of a photo.

    Raises:
        DatasetError: It cannot be read or decoded.
    """
    try:
        return hash_image(decode_photo(path.read_bytes(), sees_wh=SEES_WH).image)
    except OSError as error:
        raise DatasetError("photo_failed", f"{path}: {error.strerror}.") from error
    except PhotoError as error:
        raise DatasetError("photo_failed", f"{path}: {error.message}") from error


def find_near_copies(
    hashes: npt.NDArray[np.uint64], most_bits: int = MOST_BITS
) -> tuple[NearCopy, ...]:
    """Compare every hash with every later one.

    Args:
        hashes: uint64 (N, 4).
        most_bits: Hashes that differ in no more bits are near-copies.

    Returns:
        Pairs, in order of their positions.
    """
    pairs = []
    for first in range(len(hashes) - 1):
        different = np.bitwise_count(hashes[first + 1 :] ^ hashes[first]).sum(axis=1)
        for later in np.flatnonzero(different <= most_bits):
            pairs.append(NearCopy(first, first + 1 + int(later), int(different[later])))
    return tuple(pairs)
