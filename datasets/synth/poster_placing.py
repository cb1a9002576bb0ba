"""Where on a street photo a sheet may hang, and how it is seen there.

Cheap cues only: no sky, little leaf green, not the road, no strong edges across. They err often
enough that a network cannot learn the cues instead of the sheets.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from datasets.synth.photo_effects import FloatMap, Mask, luminance
from datasets.synth.poster_board import Quad
from detector.arrays import Image

_SIDE_PX = 128  # cues are read from a copy of this long side
_TRIES = 22  # places looked at for each thing
_STEEPEST = 0.45  # slope of a wall's level lines above which they may be something else


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a surface and how the surface is seen."""

    x_px: float
    y_px: float
    slope: float
    """Of the surface's level lines in the picture, down per right."""
    yaw: float
    """Turn of the surface away from the camera, radians; negative where its left is nearer."""


class SurfaceMap:
    """Knows how well each part of a picture suits."""

    def __init__(self, image: Image) -> None:
        """Read the cues.

        Args:
            image: uint8 (H, W, 3), BGR.
        """
        self.height, self.width = image.shape[:2]
        self.scale = min(1.0, _SIDE_PX / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_AREA)
        pixels = np.asarray(small, np.uint8)
        self._grey = luminance(pixels)
        detail = cv2.absdiff(image[::2, ::2], cv2.blur(image[::2, ::2], (3, 3)))
        size = (pixels.shape[1], pixels.shape[0])
        detail = cv2.resize(detail, size, interpolation=cv2.INTER_AREA).max(axis=2)
        self._sum = cv2.integral(_cost_map(pixels, self._grey, detail))

    def cost(self, x0: float, y0: float, x1: float, y1: float) -> float:
        """Return the mean cost over a box in px; what lies outside the picture is dear."""
        rows, columns = self._sum.shape
        left, right = (int(np.clip(x * self.scale, 0, columns - 2)) for x in (x0, x1))
        top, bottom = (int(np.clip(y * self.scale, 0, rows - 2)) for y in (y0, y1))
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        total = (
            self._sum[bottom, right]
            - self._sum[top, right]
            - self._sum[bottom, left]
            + self._sum[top, left]
        )
        return float(total / ((right - left) * (bottom - top)))

    def find(self, width_px: float, height_px: float, rng: np.random.Generator) -> Spot:
        """Choose a place for a thing of a size: the best of some random ones."""
        best, best_cost = (self.width / 2, self.height / 2), np.inf
        for _ in range(_TRIES):
            x = rng.uniform(0.02, 0.98) * self.width
            y = rng.uniform(0.08, 0.88) * self.height
            half_x, half_y = 0.55 * width_px, 0.55 * height_px
            over = max(0.0, half_x - x, x + half_x - self.width) / width_px
            over += max(0.0, half_y - y, y + half_y - self.height) / height_px
            cost = self.cost(x - half_x, y - half_y, x + half_x, y + half_y)
            cost += over * 1.5 + rng.uniform(0, 0.2)
            if cost < best_cost:
                best, best_cost = (x, y), cost
        slope = self._slope(best[0], best[1], max(width_px, height_px, 0.25 * self.width))
        slope += float(rng.normal(0, 0.015))
        # A wall that runs away shows steep level lines above or below the eye; how steep depends
        # on the height, so the turn is only guessed from the slope.
        yaw = float(np.clip(np.arctan(1.6 * slope) + rng.normal(0, 0.22), -1.1, 1.1))
        return Spot(best[0], best[1], slope, yaw)

    def _slope(self, x_px: float, y_px: float, size_px: float) -> float:
        """Return the slope of most near-level edges round a place; 0 where there are few."""
        reach = max(8.0, 0.7 * size_px * self.scale)
        x, y = x_px * self.scale, y_px * self.scale
        part = self._grey[
            max(0, int(y - reach)) : int(y + reach), max(0, int(x - reach)) : int(x + reach)
        ]
        if min(part.shape) < 8:
            return 0.0
        across = cv2.Sobel(part, cv2.CV_32F, 1, 0, ksize=3)
        down = cv2.Sobel(part, cv2.CV_32F, 0, 1, ksize=3)
        strength = np.hypot(across, down)
        level = (np.abs(down) > 2 * np.abs(across)) & (strength > 60)
        if level.sum() < 12:
            return 0.0
        slopes = -across[level] / down[level]
        counts, edges = np.histogram(slopes, 19, (-0.5, 0.5), weights=strength[level])
        peak = int(np.convolve(counts, np.array([0.5, 1, 0.5]), "same").argmax())
        return float(np.clip((edges[peak] + edges[peak + 1]) / 2, -_STEEPEST, _STEEPEST))


def _cost_map(small: Image, grey: FloatMap, detail: Mask) -> FloatMap:
    """Rate each px, 0 (a plain wall) upwards; detail is what a slight blur would take away."""
    height = grey.shape[0]
    soft = cv2.GaussianBlur(grey, (0, 0), 1.5)
    edge = np.hypot(
        cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)
    )
    busy = np.clip(edge / 120, 0, 1.2)
    blue, green, red = (small[..., channel].astype(np.float32) for channel in range(3))
    below = float(soft[height // 2 :].mean())
    bright = soft > max(110.0, min(float(np.percentile(soft, 65)), 1.15 * below))
    dusk = (soft > 1.5 * below) & (edge < 18)
    cloudy = (detail < 3) & (edge < 50) & (blue >= 0.97 * red) & (soft > 60)
    plain_sky = ((edge < 30) & bright & (blue >= 0.92 * red)) | dusk | cloudy | (edge < 9)
    # Sky begins at the top and ends where it is first interrupted.
    sky = np.logical_and.accumulate(plain_sky | (np.arange(height) < 2)[:, None], axis=0)
    leaf = (green > 1.06 * red) & (green > 1.1 * blue) & (edge > 20)
    low = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    ground = np.clip((low - 0.72) / 0.2, 0, 1)
    # Road begins at the bottom and is grey; walls that reach down there are mostly rougher.
    grey_enough = np.abs(red - blue) < 28
    plain_road = (edge < 30) & grey_enough & (np.abs(soft - np.median(soft[-6:])) < 45)
    road = np.logical_and.accumulate((plain_road | (low > 0.96))[::-1], axis=0)[::-1]
    ground = np.maximum(ground, road & (low > 0.35))
    cost = busy + 3.0 * sky + 1.2 * leaf + 1.4 * ground + 0.8 * (soft < 18)
    return np.asarray(cost, np.float32)


def make_quad(
    spot: Spot, offset_px: tuple[float, float], size_px: tuple[float, float], roll: float
) -> Quad:
    """Return where a sheet's corners lie in the picture.

    Args:
        spot: The surface.
        offset_px: Of the sheet's middle from the spot, along the surface, as if seen from front.
        size_px: Width and height as if seen from front.
        roll: How askew the sheet hangs, radians.

    Returns:
        float32 (4, 2), top left first, clockwise.
    """
    half = np.array(size_px) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    cos, sin = np.cos(roll), np.sin(roll)
    corners = corners @ np.array([(cos, sin), (-sin, cos)]) + offset_px
    # A weak perspective: things 8 sheet sizes off shrink by the sine of the turn.
    depth = 1 + corners[:, 0] * np.sin(spot.yaw) / (8 * max(size_px))
    x = corners[:, 0] * max(0.3, np.cos(spot.yaw)) / depth
    y = corners[:, 1] / depth + spot.slope * x
    return np.stack([x + spot.x_px, y + spot.y_px], axis=1).astype(np.float32)
