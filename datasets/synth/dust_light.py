"""What the picture says about its own light, and what stands in front of a plume."""

from typing import Final

import cv2
import numpy as np

from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.puffs import Floats
from detector.arrays import Image

LOOK_SIDE: Final = 192
"""Longer side at which the picture is looked over, px: single leaves and letters do not count."""


def shrink(image: Image, side: int) -> Image:
    """Return the picture with its longer side at most `side` px."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    wanted = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, wanted, interpolation=cv2.INTER_AREA), np.uint8)


def estimate_light(
    small: Image, box: tuple[float, float, float, float], brightness: float
) -> Floats:
    """Estimate how bright white matter would be there.

    Args:
        small: uint8 (h, w, 3), the picture made small.
        box: Surroundings, shares of width and height; may reach outside.
        brightness: In [0, 1], from the mean of the surroundings to their brightest parts.

    Returns:
        float32 (3,), BGR in [0, 255].
    """
    height, width = small.shape[:2]
    x1, y1 = (int(np.clip(box[0], 0, 0.95) * width), int(np.clip(box[1], 0, 0.95) * height))
    x2, y2 = (int(np.clip(box[2], 0, 1) * width), int(np.clip(box[3], 0, 1) * height))
    near = small[y1 : max(y2, y1 + 3), x1 : max(x2, x1 + 3)].reshape(-1, 3)
    everywhere = small.reshape(-1, 3)
    bright = 0.5 * np.percentile(near, 93, axis=0) + 0.5 * np.percentile(everywhere, 93, axis=0)
    mean = 0.6 * near.mean(axis=0) + 0.4 * everywhere.mean(axis=0)
    light = brightness * bright + (1.0 - brightness) * mean
    # Of the colour only a part is the light's; the rest is the things' own.
    grey = float(light @ (0.114, 0.587, 0.299))
    return np.asarray(0.35 * light + 0.65 * grey, np.float32)


def stands_in_sky(small: Image, xy: tuple[float, float]) -> bool:
    """Return whether a place is smooth and coloured as the top of the picture above it.

    Args:
        small: uint8 (h, w, 3), the picture made small.
        xy: Shares of width and height.
    """
    height, width = small.shape[:2]
    x, y = int(np.clip(xy[0], 0, 0.999) * width), int(np.clip(xy[1], 0, 0.999) * height)
    reach = max(3, width // 16)
    columns = slice(max(0, x - reach), x + reach + 1)
    here = small[max(0, y - reach) : y + reach // 2 + 1, columns].reshape(-1, 3).astype(np.float32)
    above = small[: max(3, height // 12), columns].reshape(-1, 3).astype(np.float32)
    smooth = float(here.std(axis=0).mean()) < 14.0
    alike = float(np.abs(here.mean(axis=0) - above.mean(axis=0)).mean()) < 35.0
    return smooth and alike and float(here.mean()) > 60.0


def find_foreground(
    image: Image, floor_y_px: float, reach_px: tuple[float, float]
) -> FloatMap | None:
    """Find things that stand in front of a plume: unlike the ground, with a foot below its floor.

    Args:
        image: uint8 (H, W, 3), BGR.
        floor_y_px: The plume's ground line.
        reach_px: Left and right end of the plume.

    Returns:
        float32 (H, W), 1 where such a thing hides the plume; None where nothing was found.
    """
    small = shrink(image, LOOK_SIDE)
    height, width = small.shape[:2]
    scale = width / image.shape[1]
    smooth = cv2.cvtColor(cv2.medianBlur(small, 5), cv2.COLOR_BGR2LAB).astype(np.float32)
    floor = int(floor_y_px * scale)
    left, right = int(max(0, reach_px[0] * scale)), int(min(width, reach_px[1] * scale))
    strip = smooth[max(0, floor - 2) : min(height, floor + 10), left:right].reshape(-1, 3)
    if len(strip) < 30:
        return None
    ground = np.median(strip, axis=0)
    away = np.abs(smooth - ground) @ np.asarray([0.6, 1.0, 1.0], np.float32)
    unlike = (away > 30.0).astype(np.uint8)
    # Cut along edges: a lorry against the sky is one thing, the sky another.
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    steepness = cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, cross).max(axis=2)
    unlike[steepness > 35.0] = 0
    count, marks, stats, _ = cv2.connectedComponentsWithStats(unlike, connectivity=4)
    chosen = np.zeros(count, np.float32)
    for one in range(1, count):
        _, top, part_width, part_height, area = stats[one]
        stands = top + part_height > floor + 3 and top < floor - 2
        # Larger parts are walls and trees, which may as well be behind.
        if stands and 0.002 < area / unlike.size < 0.12 and part_width < 0.6 * width and top > 2:
            chosen[one] = 1.0
    if not chosen.any():
        return None
    return _refine(cv2.dilate(chosen[marks], np.ones((3, 3), np.uint8)), image)


def _refine(coarse: cv2.typing.MatLike, image: Image) -> FloatMap:
    """Fit a coarse mask to the picture's edges (guided filter, He et al. 2010), grey guide."""
    wh = (image.shape[1], image.shape[0])
    mask = cv2.resize(coarse, wh, interpolation=cv2.INTER_LINEAR)
    guide = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255.0
    window = (2 * (wh[0] // 80) + 3,) * 2
    mean_guide, mean_mask = cv2.blur(guide, window), cv2.blur(mask, window)
    covariance = cv2.blur(guide * mask, window) - mean_guide * mean_mask
    variance = cv2.blur(guide * guide, window) - mean_guide * mean_guide
    slope = covariance / (variance + 0.002)
    offset = mean_mask - slope * mean_guide
    refined = cv2.blur(slope, window) * guide + cv2.blur(offset, window)
    return np.asarray(np.clip((refined - 0.25) / 0.5, 0.0, 1.0), np.float32)
