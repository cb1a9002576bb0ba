"""Does a place look as it did, light apart?

A patch and its surroundings are compared cell by cell: within a cell light is nearly one gain and
one offset, which correlation does not see, so a cell that shows the same structure correlates
whatever the light. Figures of `python -m benchmarks.scenery` stand beside the limits.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from detector.camera.frames import LumaArray
from detector.camera.looks import BoxXyxy

LookKey = tuple[str, float]
"""A look's source and timestamp_s."""

FloatArray = npt.NDArray[np.float32]

WIDTH_PX: Final = 640
"""Frames are compared at this width: a poster of a tenth of the width keeps 64 px."""
BOX_CELLS: Final = 6
"""Cells along the longer side of the box."""
CELL_PX: Final = 8
"""Side of a cell in the patch that is compared."""
RING_CELLS: Final = 4
"""Width of what is cut round the box,"""
GAP_CELLS: Final = 2
"""of which so many next to the box do not count: a cell's window, and the edge of what stood in
the box, reach over there."""
SHIFT_PX: Final = 3
"""A camera in the wind moves its picture by so much, in pixels of the patch."""
MIN_CONTRAST: Final = 4.0
"""Standard deviation, 0..255, from which a cell has structure: above the noise and blocks that
coding leaves in an even wall."""
SAME_CELL: Final = 0.5
"""Correlation from which a cell shows the same."""
SAME_SHARE: Final = 0.9
"""Of the box's cells with structure: from here the place is unchanged. Of 20 places in another
light, 19 keep every cell; with a hard shadow's edge through the box, still 0.8."""
OTHER_SHARE: Final = 0.8
"""Under it the place changed: where half of the box shows something else, half of the places keep
0.62 or less, and where all of it does, 19 of 20 keep 0.5 or less. Between the two nothing is told:
a shadow wanders on."""
OTHER_RING: Final = 0.4
"""Where fewer of the surroundings' cells than this are the same, something large stands before the
place or the camera moved, and nothing can be told. Round what alone changed 19 of 20 places keep
0.83 or more; with something large before it, 0.3 or less."""
MIN_CELLS: Final = 4
"""With fewer cells of structure there is nothing to compare."""


class Scenery(Protocol):
    """Remembers, or can fetch again, how a camera's scene looked."""

    def unchanged(
        self, then: LookKey, now: LookKey, box_xyxy: BoxXyxy, image_wh: tuple[int, int]
    ) -> bool | None:
        """Tell whether a place looks now as it did then, light apart.

        Args:
            then: A look that saw the problem.
            now: The latest look.
            box_xyxy: The place, pixels of a frame of `image_wh`.
            image_wh: Size of the latest look's frame.

        Returns:
            None: it cannot be told, because something stands before the place, the place has no
            structure, or a frame cannot be had any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much of a place is as it was."""

    box_share: float | None
    """Of the box's cells with structure, in [0, 1]; None: too few have any."""
    ring_share: float | None
    """The same of the surroundings; None: they have none."""

    @property
    def verdict(self) -> bool | None:
        """Whether the place is unchanged; None: it cannot be told."""
        if self.box_share is None:
            return None
        if self.box_share >= SAME_SHARE:
            return True
        hidden = self.ring_share is not None and self.ring_share < OTHER_RING
        return None if hidden or self.box_share >= OTHER_SHARE else False


def same_appearance(then_luma: LumaArray, now_luma: LumaArray, box_xyxy: BoxXyxy) -> bool | None:
    """Tell whether a place looks the same in two frames, light apart.

    Args:
        then_luma: uint8 (H, W), of a look that saw the problem.
        now_luma: uint8, another frame of the camera; may have another size.
        box_xyxy: The place, pixels of `now_luma`.

    Returns:
        None: it cannot be told.
    """
    return compare_places(then_luma, now_luma, box_xyxy).verdict


def compare_places(then_luma: LumaArray, now_luma: LumaArray, box_xyxy: BoxXyxy) -> Comparison:
    """Compare a box and what is round it, cell by cell; arguments as of `same_appearance`."""
    then_patch = _cut(then_luma, box_xyxy, now_luma.shape)
    now_patch = _cut(now_luma, box_xyxy, now_luma.shape)
    now_patch = _align(then_patch, now_patch)
    same, structured = _compare_cells(then_patch, now_patch)
    far = RING_CELLS - GAP_CELLS
    inside, ring = np.zeros(same.shape, bool), np.ones(same.shape, bool)
    inside[RING_CELLS:-RING_CELLS, RING_CELLS:-RING_CELLS] = True
    ring[far:-far, far:-far] = False
    return Comparison(_share(same, structured & inside), _share(same, structured & ring))


def _cut(luma: LumaArray, box_xyxy: BoxXyxy, shape: tuple[int, ...]) -> FloatArray:
    """Cut the box with its surroundings to whole cells."""
    height, width = shape[:2]
    scale_x, scale_y = luma.shape[1] / width, luma.shape[0] / height
    x1, y1, x2, y2 = box_xyxy
    cell = max(x2 - x1, y2 - y1, 1.0) / BOX_CELLS
    across = max(2, round((x2 - x1) / cell))
    down = max(2, round((y2 - y1) / cell))
    cell_w, cell_h = (x2 - x1) / across, (y2 - y1) / down
    cells_w, cells_h = across + 2 * RING_CELLS, down + 2 * RING_CELLS
    # Surroundings beyond the frame's edge repeat the edge: without structure they do not count.
    matrix = np.array(
        [
            [cell_w / CELL_PX * scale_x, 0, (x1 - RING_CELLS * cell_w) * scale_x],
            [0, cell_h / CELL_PX * scale_y, (y1 - RING_CELLS * cell_h) * scale_y],
        ],
        np.float64,
    )
    blur = max(matrix[0, 0], matrix[1, 1])
    source = luma if blur <= 1 else cv2.GaussianBlur(luma, (0, 0), 0.5 * blur)
    patch: FloatArray = cv2.warpAffine(
        source,
        matrix,
        (cells_w * CELL_PX, cells_h * CELL_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    return patch


def _align(then_patch: FloatArray, now_patch: FloatArray) -> FloatArray:
    """Shift the later patch to where it fits best, up to SHIFT_PX."""
    k = SHIFT_PX
    core = np.ascontiguousarray(_fine(then_patch)[k:-k, k:-k])
    fits = cv2.matchTemplate(_fine(now_patch), core, cv2.TM_CCOEFF_NORMED)
    _, best, _, (dx, dy) = cv2.minMaxLoc(fits)
    if not np.isfinite(best) or best - fits[k, k] < 0.02:  # A tie: it stood still.
        return now_patch
    matrix = np.array([[1, 0, dx - k], [0, 1, dy - k]], np.float64)
    shifted: FloatArray = cv2.warpAffine(
        now_patch,
        matrix,
        now_patch.shape[::-1],
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    return shifted


def _fine(patch: FloatArray) -> FloatArray:
    """Return a patch without its slow changes of light."""
    fine: FloatArray = patch - cv2.GaussianBlur(patch, (0, 0), CELL_PX)
    return fine


def _compare_cells(
    then_patch: FloatArray, now_patch: FloatArray
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which cells show the same, and which have structure in either patch."""
    a, b = _cells(_fine(then_patch)), _cells(_fine(now_patch))
    a = a - a.mean(axis=2, keepdims=True)
    b = b - b.mean(axis=2, keepdims=True)
    power_a, power_b = (a * a).mean(axis=2), (b * b).mean(axis=2)
    limit = MIN_CONTRAST**2
    correlation = (a * b).mean(axis=2) / np.sqrt(np.maximum(power_a * power_b, 1e-6))
    return correlation >= SAME_CELL, (power_a >= limit) | (power_b >= limit)


def _cells(patch: FloatArray) -> FloatArray:
    """Return (rows, columns, pixels) of windows twice a cell's size, so that edges count."""
    half = CELL_PX // 2
    padded = np.pad(patch, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * CELL_PX, 2 * CELL_PX))
    picked = windows[::CELL_PX, ::CELL_PX]
    return picked.reshape(*picked.shape[:2], -1)


def _share(same: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]) -> float | None:
    n = int(counted.sum())
    return None if n < MIN_CELLS else float((same & counted).sum() / n)


class MemoryScenery:
    """Scenery of a live camera: small copies of the frames that may be asked for."""

    def __init__(self, kept: Mapping[LookKey, LumaArray] | None = None) -> None:
        """Start with copies that `kept` of another one gave, or with none."""
        self._copies: dict[LookKey, LumaArray] = dict(kept or {})

    @property
    def kept(self) -> dict[LookKey, LumaArray]:
        """The small copies, by look; for a watcher that keeps them over a restart."""
        return dict(self._copies)

    def remember(self, key: LookKey, luma: LumaArray) -> None:
        """Keep a small copy; before the tracker sees the look."""
        height, width = luma.shape[:2]
        if width > WIDTH_PX:
            size = (WIDTH_PX, max(1, round(height * WIDTH_PX / width)))
            small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        else:
            small = luma.copy()
        self._copies[key] = small

    def keep_only(self, keys: Collection[LookKey]) -> None:
        """Forget all others; after the tracker has seen the look."""
        self._copies = {key: luma for key, luma in self._copies.items() if key in keys}

    def unchanged(
        self, then: LookKey, now: LookKey, box_xyxy: BoxXyxy, image_wh: tuple[int, int]
    ) -> bool | None:
        """As the protocol says; None also for what was forgotten."""
        then_luma, now_luma = self._copies.get(then), self._copies.get(now)
        if then_luma is None or now_luma is None:
            return None
        scale_x, scale_y = now_luma.shape[1] / image_wh[0], now_luma.shape[0] / image_wh[1]
        x1, y1, x2, y2 = box_xyxy
        return same_appearance(
            then_luma, now_luma, (x1 * scale_x, y1 * scale_y, x2 * scale_x, y2 * scale_y)
        )
