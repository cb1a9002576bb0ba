"""Brings a cutout to its new size, light and sharpness, and lays it onto a picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.pasting_cutouts import Cutout
from datasets.synth.photo_effects import blur, cast_shadow, estimate_blur_px, luminance
from detector.arrays import Image

Extent = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A cutout at the size it is pasted in."""

    image: Image
    mask: FloatMap
    around: tuple[float, float, float]
    extent: tuple[int, int, int, int]
    """Of the mask, px: x1, y1, x2, y2."""


def prepare(cutout: Cutout, scale: float, rng: np.random.Generator) -> Piece | None:
    """Scale, mirror and tint a cutout; None where nothing of it is left."""
    wh = (max(4, round(cutout.mask.shape[1] * scale)), max(4, round(cutout.mask.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(cutout.image, wh, interpolation=way)
    mask = cv2.resize(
        cutout.mask, wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    if rng.random() < 0.5:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    gains = rng.normal(1.0, 0.03, 3) * rng.uniform(0.9, 1.1)
    tinted = np.asarray(np.clip(image * gains, 0, 255), np.uint8)
    solid = mask > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return None
    extent = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return Piece(tinted, np.asarray(mask, np.float32), cutout.around, extent)


def paste(
    image: Image,
    piece: Piece,
    at: tuple[float, float],
    rng: np.random.Generator,
    *,
    flat: bool,
) -> tuple[Image, FloatMap, Extent] | None:
    """Paste a piece with its mask's lower left corner at a point.

    Args:
        image: uint8 (H, W, 3); not changed.
        piece: What to paste.
        at: Left edge and foot, px; moved where it would leave the picture.
        rng: Source of randomness of the shadow.
        flat: Without a shadow on the ground.

    Returns:
        The new picture, float32 (H, W) of what is covered, and the box of the mask; None where the
        piece is larger than the picture.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = piece.extent
    left = round(min(max(at[0], 0), width - (x2 - x1)))
    top = round(min(max(at[1] - (y2 - y1), 0), height - (y2 - y1)))
    if left < 0 or top < 0:
        return None
    area = (slice(top, top + y2 - y1), slice(left, left + x2 - x1))
    mask = piece.mask[y1:y2, x1:x2]
    thing = _match(piece.image[y1:y2, x1:x2], piece.around, image, area)
    cover = np.zeros((height, width), np.float32)
    cover[area] = mask
    out = image.copy() if flat else _ground(image, cover, (y2 - y1), rng)
    room = out[area]
    mixed = room + mask[..., None] * (thing.astype(np.float32) - room)
    np.copyto(room, np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8))
    box = (float(left), float(top), float(left + x2 - x1), float(top + y2 - y1))
    return out, cover, box


def _match(
    thing: Image, around: tuple[float, float, float], image: Image, area: tuple[slice, slice]
) -> Image:
    """Bring a piece part of the way into the light and sharpness of where it goes."""
    high, wide = thing.shape[:2]
    rows, columns = area
    margin = max(6, min(high, wide) // 4)
    near = image[
        max(0, rows.start - margin) : rows.stop + margin,
        max(0, columns.start - margin) : columns.stop + margin,
    ]
    there = np.median(near.reshape(-1, 3), axis=0)
    grey = np.asarray([0.114, 0.587, 0.299])
    brightness = float(np.clip((there @ grey + 20) / (np.asarray(around) @ grey + 20), 0.4, 2.0))
    # Half: what surrounds it differs by its own colour, not by light alone.
    tint = np.clip((there + 20) / (np.asarray(around) + 20) / brightness, 0.7, 1.4) ** 0.25
    lit = np.asarray(np.clip(thing * (brightness**0.5) * tint, 0, 255), np.uint8)
    wanted, own = estimate_blur_px(luminance(near)), estimate_blur_px(luminance(thing))
    return blur(lit, float(np.sqrt(max(0.0, wanted**2 - own**2))) * 0.8)


def _ground(image: Image, cover: FloatMap, high_px: int, rng: np.random.Generator) -> Image:
    """Darken the ground under and beside an object."""
    rows = np.flatnonzero(cover.max(axis=1) > 0.5)
    foot = int(rows[-1])
    low = cover.copy()
    low[: foot - max(2, round(0.2 * high_px))] = 0.0
    squat = (low * 255).astype(np.uint8)
    strength = float(rng.uniform(0.25, 0.6))
    aside = float(rng.uniform(-0.12, 0.12)) * high_px
    soft = max(1.0, 0.03 * high_px)
    near = cast_shadow(image, squat, (0.0, 0.02 * high_px), soft, strength)
    return cast_shadow(near, squat, (aside, 0.03 * high_px), 3 * soft, 0.6 * strength)
