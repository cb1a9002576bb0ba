"""Composes Chinese number plates onto backgrounds, on drawn vehicles, on bodywork or alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from datasets.synth.lettering import SYSTEM_FONT_FOLDERS, Lettering
from datasets.synth.pasting_boxes import FloatMap, keep_visible, share_box
from datasets.synth.photo_effects import add_noise, estimate_blur_px, light_at_night, luminance
from datasets.synth.plates_faces import KINDS, draw_face, wear_face
from datasets.synth.plates_laying import Box, Laid, enlarge, hang, project
from datasets.synth.plates_vehicles import CARRIERS, PLATE_MM, draw_car, draw_lorry
from datasets.synth.scene import Background, Scene
from detector.arrays import Image

LABEL: Final = "licence_plate"
SMALLEST_SIDE_PX: Final = 160
WIDTHS: Final = (12 / 640, 160 / 640)
"""Narrowest and widest plate, shares of the longer side; narrower ones show no shape."""
MOST_PLATES: Final = 3
CLOSE_PX: Final = 70
"""Wider plates need no supersampling, and their vehicles are drawn more coarsely."""
CARRIER_PX_PER_MM: Final = 0.2
"""Finest drawing of carriers: they have no small parts."""
TRIES: Final = 8
"""Places looked at for each plate before it is given up."""

Corner = tuple[int, int]
"""Column and row of a patch's top left corner in the picture; may lie outside."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a plate's look takes from the picture."""

    blur_px: float
    brightness: float
    """Of the picture's light parts, in [0, 1]."""
    night: bool

    @classmethod
    def of(cls, image: Image, night: bool) -> "_Sight":
        grey = luminance(image)
        return cls(estimate_blur_px(grey), float(np.percentile(grey, 85)) / 255, night)


class PlateComposer:
    """Draws one to three plates."""

    def __init__(self, font_folders: Sequence[Path] = SYSTEM_FONT_FOLDERS) -> None:
        """Look for fonts.

        Args:
            font_folders: Empty for OpenCV's built-in font; other fonts give other scenes.
        """
        self.name = "plates"
        self.version = 1
        self.draws = frozenset({LABEL})
        self._lettering = Lettering(font_folders)

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose plates; no vehicle hides another's plate.

        Returns:
            The scene, or None where the background is too small or no place was found.
        """
        height, width = background.image.shape[:2]
        if min(height, width) < SMALLEST_SIDE_PX:
            return None
        night = bool(rng.random() < 0.2)
        image = light_at_night(background.image, rng) if night else background.image.copy()
        sight = _Sight.of(image, night)
        horizon_y = float(rng.uniform(0.32, 0.48)) * height
        cover = np.zeros((height, width), np.float32)
        placed: list[tuple[Laid, Corner]] = []
        for _ in range(1 + int(rng.integers(MOST_PLATES))):
            laid = self._lay_plate(rng, max(height, width))
            place = _find_place(laid, (width, height), horizon_y, placed, rng)
            if place is not None:
                placed.append((laid, place))
        if not placed:
            return None
        # What stands lower in the picture is nearer and hides what is behind.
        placed.sort(key=lambda one: one[1][1] + one[0].opacity.shape[0])
        for laid, place in placed:
            cover = np.maximum(cover, _blend(image, laid, place, sight, rng))
        boxes = (share_box(LABEL, _find_box(*one), (width, height)) for one in placed)
        return Scene(image, (*keep_visible(background.record.boxes, cover), *boxes))

    def _lay_plate(self, rng: np.random.Generator, longer_px: int) -> Laid:
        shares = np.asarray([share for _, share in KINDS])
        kind = KINDS[int(rng.choice(len(KINDS), p=shares / shares.sum()))][0]
        face = wear_face(draw_face(self._lettering, kind, rng), rng)
        low, high = np.log(WIDTHS[0]), np.log(WIDTHS[1])
        width_px = float(np.exp(low + (high - low) * rng.beta(1.6, 1.5))) * longer_px
        shares = np.asarray([share for _, share in CARRIERS])
        drawing = CARRIERS[int(rng.choice(len(CARRIERS), p=shares / shares.sum()))][0]
        if drawing in (draw_car, draw_lorry):
            drawing = draw_lorry if kind.name.startswith("yellow") else draw_car
        fine = 2 if width_px < CLOSE_PX else 1
        px_per_mm = width_px * fine / PLATE_MM
        coarse = min(px_per_mm, CARRIER_PX_PER_MM)
        carrier = enlarge(drawing(coarse, rng), px_per_mm / coarse)
        flat, plate = hang(carrier, face, px_per_mm)
        foot = None if carrier.foot_y is None else (carrier.plate_xy[0], carrier.foot_y)
        return project(flat, plate, foot, fine, rng)


def _find_box(laid: Laid, place: Corner) -> Box:
    x1, y1 = (laid.corners.min(axis=0) + place).tolist()
    x2, y2 = (laid.corners.max(axis=0) + place).tolist()
    return x1, y1, x2, y2


def _find_place(
    laid: Laid,
    image_wh: tuple[int, int],
    horizon_y: float,
    placed: Sequence[tuple[Laid, Corner]],
    rng: np.random.Generator,
) -> Corner | None:
    """Return where the patch's corner goes: plate inside, wheels on the ground, no plate hidden."""
    width, height = image_wh
    high, wide = laid.opacity.shape
    for _ in range(TRIES):
        x = int(rng.uniform(-0.5 * wide, width - 0.5 * wide))
        if laid.foot_y is None:
            y = int(rng.uniform(0.3 * height, height - 0.4 * high))
        else:
            # The viewer's eye is as high as a car's roof, or up to twice that.
            y = int(horizon_y + laid.foot_y * rng.uniform(-0.05, 0.9))
        x1, y1, x2, y2 = _find_box(laid, (x, y))
        inside = x1 >= 1 and y1 >= 1 and x2 <= width - 1 and y2 <= height - 1
        if inside and not any(_hide(laid, (x, y), *other) for other in placed):
            return x, y
    return None


def _hide(laid: Laid, place: Corner, other: Laid, other_place: Corner) -> bool:
    """Return whether one patch lies over the other's plate, either way."""
    return _overlap(_patch(laid, place), _find_box(other, other_place)) or _overlap(
        _patch(other, other_place), _find_box(laid, place)
    )


def _patch(laid: Laid, place: Corner) -> Box:
    high, wide = laid.opacity.shape
    return (place[0], place[1], place[0] + wide, place[1] + high)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _crop(laid: Laid, place: Corner, image_wh: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of the patch that fall into the picture."""
    high, wide = laid.opacity.shape
    rows = slice(max(0, -place[1]), min(high, image_wh[1] - place[1]))
    return rows, slice(max(0, -place[0]), min(wide, image_wh[0] - place[0]))


def _blend(
    image: Image, laid: Laid, place: Corner, sight: _Sight, rng: np.random.Generator
) -> FloatMap:
    """Lay a patch onto the picture, changed in place, in its light and as soft as it is.

    Returns:
        float32 (H, W), what was covered.
    """
    height, width = image.shape[:2]
    if laid.foot_y is not None:
        _cast_shadow(image, laid, place, rng)
    rows, columns = _crop(laid, place, (width, height))
    top, left = place[1] + rows.start, place[0] + columns.start
    area = (
        slice(top, top + rows.stop - rows.start),
        slice(left, left + columns.stop - columns.start),
    )
    room = image[area]
    here = float(room.mean()) / 255
    gain = float(np.clip(0.25 + 0.55 * sight.brightness + 0.35 * here, 0.12, 1.15))
    gain *= float(rng.uniform(0.75, 1.1)) * (0.6 if sight.night else 1.0)
    # Plates throw a headlight or flash back to the viewer; paint does not.
    flash = float(rng.uniform(0.2, 1.5)) if sight.night else 0.0
    paint = laid.patch * np.float32(gain) * (1.0 + np.float32(flash) * laid.plate[..., None])
    both = np.dstack([np.minimum(paint, 250.0), laid.opacity]).astype(np.float32)
    sigma = 0.35 + sight.blur_px * float(rng.uniform(0.5, 1.0))
    soft = cv2.GaussianBlur(both, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[rows, columns]
    mixed = room * (1.0 - soft[..., 3:]) + soft[..., :3]
    done = np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
    grainy = add_noise(done, float(rng.uniform(0.5, 3.5)), rng)
    np.copyto(room, np.where(soft[..., 3:] > 0.3, grainy, done))
    cover = np.zeros((height, width), np.float32)
    cover[area] = soft[..., 3]
    return cover


def _cast_shadow(image: Image, laid: Laid, place: Corner, rng: np.random.Generator) -> None:
    """Darken the ground under a vehicle, in place."""
    height, width = image.shape[:2]
    columns = np.flatnonzero(laid.opacity.max(axis=0) > 0.5)
    half = 0.5 * float(columns[-1] - columns[0])
    middle = place[0] + 0.5 * float(columns[-1] + columns[0])
    foot = place[1] + (laid.foot_y or 0.0)
    x = (np.arange(width, dtype=np.float32)[None, :] - np.float32(middle)) / np.float32(half)
    y = (np.arange(height, dtype=np.float32)[:, None] - np.float32(foot)) / np.float32(0.14 * half)
    away = np.sqrt(x * x + y * y)
    dark = np.clip((1.25 - away) / 0.4, 0.0, 1.0) * np.float32(rng.uniform(0.45, 0.8))
    np.copyto(image, np.asarray(image * (1.0 - dark[..., None]), np.uint8))
