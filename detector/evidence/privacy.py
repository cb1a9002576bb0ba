"""Blur what identifies a person: faces and number plates, in every picture that is written."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import cv2
import numpy as np

from detector.arrays import BoxArray, Image
from detector.errors import EvidenceError
from detector.geometry import clip_boxes

MARGIN: Final = 0.15
"""Grown on each side by this share of the box: finders cut ears and frames."""
CELLS: Final = 3
"""Averages kept along a region's longer side: fewer than a plate has characters, so none keeps an
average of its own. More can be undone by trying every character against them
(docs/decisions/0004-privacy.md)."""
LEAST_CELL_PX: Final = 8.0
"""A third of a tiny region would be a pixel or two: nothing hidden."""


class RegionFinder(Protocol):
    """Finds one kind of region to hide."""

    def find(self, image: Image) -> BoxArray:
        """Return float32 (N, 4): regions in the picture's pixels.

        Args:
            image: uint8 (H, W, 3), BGR, upright.

        Raises:
            EvidenceError: It failed; never an empty answer instead.
        """
        ...


class FakeFinder:
    """Finds what it is told: for tests."""

    def __init__(self, answer: Callable[[Image], BoxArray]) -> None:
        """Keep the function."""
        self._answer = answer

    def find(self, image: Image) -> BoxArray:
        """Answer with the function."""
        return self._answer(image)


class Privacy:
    """Hides what its finders find. Safe to call from several threads if they are."""

    def __init__(self, finders: Sequence[RegionFinder]) -> None:
        """Keep the finders."""
        self._finders = tuple(finders)

    def apply(self, image: Image, also_xyxy: BoxArray) -> Image:
        """Return a new picture with faces, plates and the boxes given blurred.

        Args:
            image: uint8 (H, W, 3), BGR, upright.
            also_xyxy: float32 (N, 4) more regions, e.g. plates that the model saw.

        Returns:
            uint8 (H, W, 3), a new array.

        Raises:
            EvidenceError: A finder failed: the picture must not be written.
        """
        found = [finder.find(image) for finder in self._finders]
        return blur_regions(image, np.concatenate([also_xyxy, *found]).astype(np.float32))


def open_privacy(*, spare_memory: bool = False) -> Privacy:
    """Load the finders of faces and plates.

    Args:
        spare_memory: Hold less between pictures; each takes a little longer.

    Raises:
        ExtraMissingError: The extra `privacy` is not installed.
        EvidenceError: A network cannot be loaded.
    """
    from detector.evidence.face_finder import FaceFinder
    from detector.evidence.plate_finder import PlateFinder

    return Privacy((FaceFinder(keep=not spare_memory), PlateFinder()))


def blur_regions(image: Image, boxes_xyxy: BoxArray) -> Image:
    """Return a new picture in which regions cannot be read and cannot be restored.

    Args:
        image: uint8 (H, W, 3).
        boxes_xyxy: float32 (N, 4), pixels; grown by a margin and cut to the picture.

    Returns:
        uint8 (H, W, 3), a new array; pixels outside the grown boxes are unchanged.

    Raises:
        EvidenceError: An edge is not finite, so it is unknown what to hide.
    """
    if not np.isfinite(boxes_xyxy).all():
        raise EvidenceError("privacy_failed", "A region to be blurred is not a box.")
    blurred: Image = np.array(image, np.uint8, order="C")
    height, width = image.shape[:2]
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    grown = boxes_xyxy + np.concatenate([-sides, sides], axis=1) * MARGIN
    outward = np.concatenate([np.floor(grown[:, :2]), np.ceil(grown[:, 2:])], axis=1)
    for x1, y1, x2, y2 in clip_boxes(outward.astype(np.float32), (width, height)).astype(int):
        if x1 < x2 and y1 < y2:
            blurred[y1:y2, x1:x2] = _pixelate(image[y1:y2, x1:x2])
    return blurred


def _pixelate(region: Image) -> Image:
    """Average the region into few cells: the detail is gone, not hidden."""
    height, width = region.shape[:2]
    cell_px = max(LEAST_CELL_PX, max(height, width) / CELLS)
    few_wh = (max(1, round(width / cell_px)), max(1, round(height / cell_px)))
    few = cv2.resize(region, few_wh, interpolation=cv2.INTER_AREA)
    return cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )
