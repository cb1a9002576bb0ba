"""Cuts boxed objects out of photos: a soft mask from colours inside and outside of the box."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from datasets.synth.pasting_boxes import FloatMap
from detector.arrays import Image

CUT_SIDE_PX: Final = 120
"""Longer side at which colours are sorted; the mask is then fitted to the photo's edges."""
ROUNDS: Final = 3
COLOUR_CELLS: Final = 12
"""Along each axis of the colour histograms: 20 levels a cell, coarser than light and noise vary."""
LEAST_SHARE: Final = 0.3
"""Of the box: a mask that is smaller has lost the object."""

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels."""


@dataclass(frozen=True, slots=True)
class Cutout:
    """An object with its soft mask."""

    image: Image
    """uint8 (h, w, 3), BGR: the box and some surroundings."""
    mask: FloatMap
    """float32 (h, w), in [0, 1]."""
    around: tuple[float, float, float]
    """Median colour of the surroundings, BGR."""


def cut_object(photo: Image, box: Box, *, flat: bool) -> Cutout:
    """Cut an object out.

    Args:
        photo: uint8 (H, W, 3), BGR.
        box: The object's, inside the photo.
        flat: A sheet that fills its box, e.g. a poster; no colours are sorted.

    Returns:
        The cutout; where the object's colours are those of the surroundings, its mask is the box
        with soft edges.
    """
    x1, y1, x2, y2 = box
    height, width = photo.shape[:2]
    margin = max(4, round(0.15 * max(x2 - x1, y2 - y1)))
    left, top = max(0, x1 - margin), max(0, y1 - margin)
    crop = photo[top : min(height, y2 + margin), left : min(width, x2 + margin)].copy()
    inner = (x1 - left, y1 - top, x2 - left, y2 - top)
    outside = np.ones(crop.shape[:2], bool)
    outside[inner[1] : inner[3], inner[0] : inner[2]] = False
    ring = crop[outside]
    median = np.median(ring if len(ring) else crop.reshape(-1, 3), axis=0).tolist()
    around = (float(median[0]), float(median[1]), float(median[2]))
    if flat:
        return Cutout(crop, _feather(crop.shape[:2], inner, 0.01), around)
    mask = _sort_colours(crop, inner)
    in_box = mask[inner[1] : inner[3], inner[0] : inner[2]]
    if float((in_box > 0.5).mean()) < LEAST_SHARE:
        mask = _feather(crop.shape[:2], inner, 0.06)
    return Cutout(crop, mask, around)


def _feather(shape: tuple[int, int], inner: Box, share: float) -> FloatMap:
    """Return float32 (h, w): the box with corners rounded and edges soft."""
    mask = np.zeros(shape, np.float32)
    x1, y1, x2, y2 = inner
    sigma = max(0.5, share * min(x2 - x1, y2 - y1))
    inset = round(sigma)
    mask[
        y1 + inset : max(y1 + inset + 1, y2 - inset), x1 + inset : max(x1 + inset + 1, x2 - inset)
    ] = 1
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32)


def _sort_colours(crop: Image, inner: Box) -> FloatMap:
    """Tell the object from its surroundings by colour, place and edges.

    What GrabCut does with mixtures and a graph cut, with histograms and a guided filter: it needs
    no random numbers, and the edges come out soft.
    """
    scale = min(1.0, CUT_SIDE_PX / max(crop.shape[:2]))
    wh = (max(8, round(crop.shape[1] * scale)), max(8, round(crop.shape[0] * scale)))
    small = cv2.resize(crop, wh, interpolation=cv2.INTER_AREA)
    x1, y1, x2, y2 = (edge * scale for edge in inner)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    cells = np.minimum((lab * (COLOUR_CELLS / 256)).astype(np.int64), COLOUR_CELLS - 1)
    codes = (cells[..., 0] * COLOUR_CELLS + cells[..., 1]) * COLOUR_CELLS + cells[..., 2]
    columns = np.arange(wh[0], dtype=np.float32)[None, :]
    rows = np.arange(wh[1], dtype=np.float32)[:, None]
    # 1 in the middle of the box, 0 on its rim, below 0 outside.
    across = 1.0 - np.abs(columns - (x1 + x2) / 2) / max((x2 - x1) / 2, 1.0)
    down = 1.0 - np.abs(rows - (y1 + y2) / 2) / max((y2 - y1) / 2, 1.0)
    depth = np.minimum(across, down)
    prior = np.where(depth > 0, 0.45 + 0.5 * np.clip(depth * 2.5, 0, 1), 0.0).astype(np.float32)
    belief = prior
    for _ in range(ROUNDS):
        likely = _compare_colours(codes, belief)
        odds = likely * prior / (likely * prior + (1 - likely) * (1 - prior) + 1e-6)
        belief = _smooth(np.asarray(odds, np.float32), small, 3, 0.004)
    belief = np.where(depth > -0.03, belief, 0.0).astype(np.float32)
    whole = _keep_large(belief)
    wide = cv2.resize(whole, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    radius = max(2, round(1.5 / scale))
    fitted = _smooth(np.asarray(wide, np.float32), crop, radius, 0.002)
    sharp = np.clip((fitted - 0.35) / 0.35, 0.0, 1.0)
    allowed = cv2.GaussianBlur((wide > 0.15).astype(np.float32), (0, 0), 1.0)
    return np.asarray(sharp * allowed, np.float32)


def _compare_colours(
    codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]], belief: FloatMap
) -> FloatMap:
    """Return float32 (h, w): how much likelier each pixel's colour is in the object, in [0, 1]."""
    size = COLOUR_CELLS**3
    flat = codes.ravel()
    inside = np.bincount(flat, belief.ravel(), size)
    outside = np.bincount(flat, 1.0 - belief.ravel(), size)
    cube = (COLOUR_CELLS,) * 3
    shares = []
    for counts in (inside, outside):
        # Neighbouring colours count, too.
        cells = counts.reshape(cube)
        for axis in range(3):
            cells = 0.5 * cells + 0.25 * (np.roll(cells, 1, axis) + np.roll(cells, -1, axis))
        shares.append(cells.ravel() / max(cells.sum(), 1e-6) + 1e-5)
    likely = shares[0] / (shares[0] + shares[1])
    return np.asarray(likely[codes].clip(0.08, 0.92), np.float32)


def _keep_large(belief: FloatMap) -> FloatMap:
    """Drop specks, fill holes."""
    solid = (belief > 0.5).astype(np.uint8)
    count, marks, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if count < 2:
        return belief
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = (areas > 0.08 * areas.max())[marks] & (solid > 0)
    hollow, marks, _, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    border = np.unique(np.concatenate([marks[0], marks[-1], marks[:, 0], marks[:, -1]]))
    holes = ~np.isin(marks, border) if hollow > 1 else np.zeros_like(kept)
    return np.where(
        kept, np.maximum(belief, 0.6), np.where(holes, 1.0, np.minimum(belief, 0.2))
    ).astype(np.float32)


def _smooth(mask: FloatMap, image: cv2.typing.MatLike, radius: int, softness: float) -> FloatMap:
    """Fit a mask to a picture's edges (guided filter, He et al. 2010), grey guide."""
    guide = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    window = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_mask = cv2.blur(guide, window), cv2.blur(mask, window)
    covariance = cv2.blur(guide * mask, window) - mean_guide * mean_mask
    variance = cv2.blur(guide * guide, window) - mean_guide * mean_guide
    slope = covariance / (variance + softness)
    offset = mean_mask - slope * mean_guide
    smooth = cv2.blur(slope, window) * guide + cv2.blur(offset, window)
    return np.asarray(np.clip(smooth, 0.0, 1.0), np.float32)
