"""Where on a street photo an object can stand, and how large it then looks.

On flat ground seen by a level camera, a thing is drawn the larger the further its foot lies below
the horizon. A sprite knows its own horizon, so one scale brings foot and horizon of sprite and
photo together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from datasets.synth.objects_sprites import Sprite
from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.photo_effects import luminance
from detector.arrays import Image

WIDTHS: Final = (0.05, 0.66)
"""Object widths as shares of the photo's; below, the detector's smallest grid cell is reached."""
HEIGHT_LIMIT: Final = 0.95
"""An object taller than this share of the photo would stand nearer than anyone photographs it."""
ENLARGEMENT: Final = 1.8
"""Sprites are about 300 px; more than this and they are visibly softer than the photo."""
FEET: Final = (0.58, 1.1)
"""Rows, as shares of the height, where the foot of an object may be; below 1 it is cut off."""
FEET_CLOSE_UP: Final = (0.92, 1.07)
TRIES: Final = 12
COLUMNS: Final = 3
CELL_PX: Final = 8
BUSY_GREY: Final = 14.0
"""Grey levels from cell to cell: paving stays below, facades and traffic lie above."""
FOREIGN_COLOUR: Final = 30.0
"""Weighted Lab distance at which a surface is probably another than the foreground."""
UNLIKE_GROUND: Final = 2.4
"""Above this nearly every place was a wall, a car or the sky."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """How the photo is assumed to have been taken."""

    horizon_y: float
    """Share of the height."""
    high: bool
    close_up: bool = False
    """A wall with hardly any ground: objects stand at the lower edge."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A sprite at its place; pixels of the photo."""

    sprite: Sprite
    scale: float
    left_px: float
    top_px: float
    mirrored: bool

    @property
    def foot_y_px(self) -> float:
        """Row of the object's lower edge."""
        return self.top_px + self.scale * self.sprite.box_xyxy_px[3]

    @property
    def columns_px(self) -> tuple[float, float]:
        """Left and right edge of the object, without its shadow."""
        x1, _, x2, _ = self.sprite.box_xyxy_px
        if self.mirrored:
            x1, x2 = self.sprite.size_wh[0] - x2, self.sprite.size_wh[0] - x1
        return self.left_px + self.scale * x1, self.left_px + self.scale * x2


def draw_viewpoint(rng: np.random.Generator, *, high: bool, close_up: bool) -> Viewpoint:
    """Choose a horizon: a phone's near the middle, a pole camera's in the upper part.

    Facades are photographed with their foot at the lower edge, from nearby or from over the road.
    """
    span = (0.4, 0.72) if close_up else (0.12, 0.4) if high else (0.35, 0.55)
    return Viewpoint(float(rng.uniform(*span)), high, close_up)


def map_ground(image: Image) -> FloatMap:
    """Rate how little each part of a photo looks like free ground.

    Ground is plain and has the colour of the photo's lower edge; facades, cars and sky differ.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        float32 (H/8, W/8); under 1 for most road and pavement.
    """
    height, width = image.shape[:2]
    cells = (max(4, width // CELL_PX), max(4, height // CELL_PX))
    small = np.asarray(cv2.resize(image, cells, interpolation=cv2.INTER_AREA), np.uint8)
    steps = np.gradient(luminance(small))
    busy = cv2.GaussianBlur(np.abs(steps[0]) + np.abs(steps[1]), (0, 0), 1.2)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    foot = lab[-max(1, cells[1] // 9) :, cells[0] // 5 : -max(1, cells[0] // 5)]
    away = np.abs(lab - np.median(foot.reshape(-1, 3), axis=0)) @ np.array([0.5, 1.5, 1.5])
    return np.asarray(busy / BUSY_GREY + away / FOREIGN_COLOUR, np.float32)


def find_place(
    sprite: Sprite,
    view: Viewpoint,
    image_wh: tuple[int, int],
    ground: FloatMap,
    rng: np.random.Generator,
) -> Placement | None:
    """Choose size and place of a sprite: the plainest ground of several that fit.

    Args:
        sprite: What to place.
        view: The photo's assumed camera.
        image_wh: Its size, px.
        ground: Of `map_ground`.
        rng: Source of chance.

    Returns:
        The placement, or None where no size puts the foot on what looks like ground.
    """
    mirrored = bool(rng.random() < 0.5)
    best, least = None, UNLIKE_GROUND
    for _ in range(TRIES):
        scale, foot = _draw_size(sprite, view, image_wh, rng)
        low, high = FEET_CLOSE_UP if view.close_up else FEET
        if not low * image_wh[1] < foot < high * image_wh[1]:
            continue
        for _ in range(COLUMNS):
            left = _draw_left(sprite, scale, image_wh[0], rng, mirrored=mirrored)
            place = Placement(sprite, scale, left, foot - scale * sprite.box_xyxy_px[3], mirrored)
            cost = _rate(place, image_wh, ground) * float(rng.uniform(0.75, 1.25))
            if cost < least:
                best, least = place, cost
    return best


def _rate(place: Placement, image_wh: tuple[int, int], ground: FloatMap) -> float:
    """Mean unlikeness to ground from the foot down to the lower edge of the photo."""
    rows, columns = ground.shape
    width, height = image_wh
    x1, x2 = place.columns_px
    top = min(rows - 1, max(0, int((place.foot_y_px / height - 0.03) * rows)))
    first = min(columns - 1, max(0, int(x1 / width * columns)))
    last = max(first + 1, min(columns, int(x2 / width * columns)))
    return float(ground[top:, first:last].mean())


def _draw_size(
    sprite: Sprite, view: Viewpoint, image_wh: tuple[int, int], rng: np.random.Generator
) -> tuple[float, float]:
    """Scale, even over its logarithm, and the row of the foot that follows from it, px."""
    x1, y1, x2, y2 = sprite.box_xyxy_px
    low, high = (float(np.log(share * image_wh[0] / (x2 - x1))) for share in WIDTHS)
    # Objects of ordinary size are sought more than specks: the greater of two draws, now and then.
    draws = rng.uniform(low, high, 2)
    scale = float(np.exp(draws.max() if rng.random() < 0.5 else draws[0]))
    # The horizon is a guess; its slack lets more sizes find a place.
    height_px = (y2 - sprite.horizon_y_px) * float(rng.uniform(0.88, 1.12))
    if view.close_up:  # the foot is known, and the scale follows
        foot = float(rng.uniform(*FEET_CLOSE_UP)) * image_wh[1]
        fitting = (foot - view.horizon_y * image_wh[1]) / max(height_px, 1.0)
        scale = min(max(fitting, float(np.exp(low))), float(np.exp(high)))
    scale = min(scale, ENLARGEMENT, HEIGHT_LIMIT * image_wh[1] / (y2 - y1))
    return scale, foot if view.close_up else view.horizon_y * image_wh[1] + scale * height_px


def _draw_left(
    sprite: Sprite, scale: float, width: int, rng: np.random.Generator, *, mirrored: bool
) -> float:
    """Left edge of the sprite's picture, px; now and then partly outside."""
    x1, _, x2, _ = sprite.box_xyxy_px
    if mirrored:
        x1, x2 = sprite.size_wh[0] - x2, sprite.size_wh[0] - x1
    wide = (x2 - x1) * scale
    over = 0.35 * wide if rng.random() < 0.12 else 0.0  # photographers cut things off
    room = max(width - wide + over, 1 - over)
    return float(rng.uniform(-over, room)) - x1 * scale


def order_by_depth(placements: Sequence[Placement]) -> tuple[Placement, ...]:
    """Far ones first: the lower a foot, the nearer."""
    return tuple(sorted(placements, key=lambda one: one.foot_y_px))
