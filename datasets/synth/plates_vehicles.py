"""What carries a plate: ends of cars and lorries, plain bodywork or nothing. Drawn flat.

They need not pass for photos: they tell that a plate hangs low in the middle of a vehicle's end,
between lamps and above a dark gap, and not on walls as house numbers and street signs do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.photo_effects import smooth_field
from datasets.synth.puffs import Floats

Point = tuple[float, float]
Colour = Sequence[float] | Floats
"""Blue, green, red levels."""
PLATE_MM: Final = 440.0

# Blue, green, red; the usual paints of cars, by how common they are in traffic.
_PAINTS: Final = (
    (225, 225, 225),
    (235, 232, 228),
    (45, 42, 42),
    (30, 28, 28),
    (150, 148, 146),
    (110, 108, 105),
    (120, 70, 35),
    (35, 30, 140),
    (70, 90, 110),
)
_LORRY_PAINTS: Final = ((60, 110, 60), (35, 60, 190), (140, 85, 30), (90, 90, 90), (60, 160, 215))


@dataclass(frozen=True, slots=True)
class Carrier:
    """A drawn end of a vehicle."""

    paint: Floats
    """float32 (H, W, 3), BGR levels."""
    opacity: FloatMap
    """float32 (H, W)."""
    plate_xy: Point
    """Centre of the plate, px."""
    foot_y: float | None
    """Where it stands on the ground, px; None where it does not stand."""


class _Easel:
    """A canvas addressed in mm."""

    def __init__(self, size_mm: Point, px_per_mm: float, paint: Colour) -> None:
        self.scale = px_per_mm
        wh = (max(8, round(size_mm[0] * px_per_mm)), max(8, round(size_mm[1] * px_per_mm)))
        self.paint: Floats = np.empty((wh[1], wh[0], 3), np.float32)
        self.paint[:] = np.asarray(paint, np.float32)
        self.opacity: FloatMap = np.zeros((wh[1], wh[0]), np.float32)

    def fill(self, corners: Sequence[Point], colour: Colour | None, round_mm: float = 0.0) -> None:
        """Fill a convex shape; without a colour only the silhouette grows."""
        sigma = round_mm * self.scale
        points = np.asarray(corners, np.float32) * np.float32(self.scale)
        margin = 3 * sigma + 2
        left, top = np.maximum(points.min(axis=0) - margin, 0).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0) + margin).astype(int).tolist()
        area = (slice(top, bottom), slice(left, right))
        mask = np.zeros(self.opacity[area].shape, np.float32)
        if not mask.size:
            return
        moved = np.rint((points - (left, top)) * 8).astype(np.int32)
        cv2.fillConvexPoly(mask, moved, 1.0, cv2.LINE_AA, 3)
        if sigma > 0.6:
            # A blur cut at its middle rounds the corners.
            soft = cv2.GaussianBlur(mask, (0, 0), sigma)
            mask = np.clip((soft - 0.5) * sigma * 1.5 + 0.5, 0, 1).astype(np.float32)
        np.maximum(self.opacity[area], mask, out=self.opacity[area])
        if colour is not None:
            room = self.paint[area]
            room += mask[..., None] * (np.asarray(colour, np.float32) - room)

    def shade(self, top: float, bottom: float) -> None:
        """Multiply by a light that changes from the top to the bottom."""
        rows = np.linspace(top, bottom, self.paint.shape[0], dtype=np.float32)
        self.paint *= rows[:, None, None]


def _box(x1: float, y1: float, x2: float, y2: float) -> list[Point]:
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]


def _grey(level: float) -> tuple[float, float, float]:
    return (level, level, level)


def _pick_paint(paints: Sequence[Sequence[int]], rng: np.random.Generator) -> Floats:
    chosen = np.asarray(paints[int(rng.integers(len(paints)))], np.float32)
    return np.clip(chosen * rng.uniform(0.8, 1.1) + rng.normal(0, 4, 3), 8, 245).astype(np.float32)


def draw_car(px_per_mm: float, rng: np.random.Generator) -> Carrier:
    """Draw the front or the rear of a car, about 1.8 m wide.

    Args:
        px_per_mm: Scale of the drawing.
        rng: Source of randomness.
    """
    paint = _pick_paint(_PAINTS, rng)
    front, tall = rng.random() < 0.5, rng.uniform(0.0, 260.0)
    easel = _Easel((2000, 1620 + tall), px_per_mm, paint)
    belt = 640 + tall
    easel.fill(
        [(180, belt + 760), (1820, belt + 760), (1820, belt + 880), (180, belt + 880)], _grey(16)
    )
    for x in (170.0, 1610.0):
        easel.fill(_box(x, belt + 560, x + 220, belt + 940), _grey(24), 25)
    slant = rng.uniform(150, 300)
    easel.fill(
        [(170 + slant, 30), (1830 - slant, 30), (1850, belt + 60), (150, belt + 60)], paint, 40
    )
    easel.fill(_box(90, belt, 1910, belt + 780), paint, 60)
    glass = rng.uniform(25, 110) * np.asarray([1.1, 1.0, 0.92])
    easel.fill(
        [(220 + slant, 90), (1780 - slant, 90), (1740, belt - 20), (260, belt - 20)],
        glass.tolist(),
        25,
    )
    shine = rng.uniform(500, 1400)
    easel.fill(
        [(shine, 95), (shine + 160, 95), (shine + 20, belt - 25), (shine - 160, belt - 25)],
        (glass * 1.35).tolist(),
    )
    easel.fill(_box(130, belt + 20, 1870, belt + 32), (paint * 0.55).tolist())
    plate_y = _dress_front(easel, belt, rng) if front else _dress_rear(easel, belt, paint, rng)
    easel.shade(rng.uniform(0.95, 1.25), rng.uniform(0.6, 0.95))
    _reflect(easel, rng)
    return Carrier(
        easel.paint,
        easel.opacity,
        (1000 * px_per_mm, plate_y * px_per_mm),
        (belt + 940) * px_per_mm,
    )


def _dress_front(easel: _Easel, belt: float, rng: np.random.Generator) -> float:
    """Add head lamps, grille and bumper; returns the plate's height on it, mm from the top."""
    lamp = rng.uniform(150, 250)
    for x1, x2 in ((150.0, 520.0), (1850.0, 1480.0)):
        outline = [(x1, belt + 130), (x2, belt + 180), (x2, belt + 290), (x1, belt + 310)]
        easel.fill(outline, _grey(lamp * 0.5), 18)
        inner = [
            (0.7 * x1 + 0.3 * x2, belt + 170),
            (x2, belt + 200),
            (x2, belt + 260),
            (x1, belt + 270),
        ]
        easel.fill(inner, _grey(lamp), 12)
    easel.fill(_box(560, belt + 150, 1440, belt + 330), _grey(rng.uniform(15, 60)), 25)
    for row in range(3):
        y = belt + 185 + 50 * row
        easel.fill(_box(590, y, 1410, y + 10), _grey(rng.uniform(60, 190)))
    easel.fill(_box(420, belt + 560, 1580, belt + 720), _grey(rng.uniform(12, 45)), 25)
    return belt + rng.uniform(420, 560)


def _dress_rear(easel: _Easel, belt: float, paint: Floats, rng: np.random.Generator) -> float:
    """Add tail lamps, lid and bumper; returns the plate's height on it, mm from the top."""
    red = (rng.uniform(20, 50), rng.uniform(15, 40), rng.uniform(110, 210))
    reach, tall = rng.uniform(220, 520), rng.uniform(110, 240)
    for x1, x2 in ((105.0, 105 + reach), (1895.0, 1895 - reach)):
        corners = [
            (x1, belt + 120),
            (x2, belt + 140),
            (x2, belt + 60 + tall),
            (x1, belt + 130 + tall),
        ]
        easel.fill(corners, red, 18)
        easel.fill(
            [(x1, belt + 180), (x2, belt + 185), (x2, belt + 215), (x1, belt + 215)],
            tuple(min(255.0, level * 1.5 + 25) for level in red),
        )
    easel.fill(_box(130, belt + 420, 1870, belt + 434), (paint * 0.5).tolist())
    easel.fill(_box(300, belt + 640, 1700, belt + 770), _grey(rng.uniform(20, 60)), 25)
    high = rng.random() < 0.6
    y = belt + (rng.uniform(240, 320) if high else rng.uniform(510, 570))
    easel.fill(_box(690, y - 95, 1310, y + 95), (paint * rng.uniform(0.45, 0.85)).tolist(), 20)
    return y


def draw_lorry(px_per_mm: float, rng: np.random.Generator) -> Carrier:
    """Draw the rear of a lorry: tailboard, ribs, underrun bar, wheels; about 2.4 m wide."""
    paint = _pick_paint(_LORRY_PAINTS, rng)
    easel = _Easel((2600, 2700), px_per_mm, paint)
    for x in (200.0, 1850.0):
        easel.fill(_box(x, 1900, x + 520, 2640), _grey(22), 40)
    easel.fill(_box(150, 1750, 2450, 2150), _grey(rng.uniform(20, 45)))
    top = rng.uniform(30, 900)
    easel.fill(_box(100, top, 2500, 1800), paint, 10)
    for x in np.linspace(140, 2420, int(rng.integers(4, 9))):
        easel.fill(_box(x, top + 10, x + 55, 1790), (paint * rng.uniform(0.6, 0.85)).tolist())
    for x in (230.0, 2070.0):
        easel.fill(_box(x, 1830, x + 300, 1930), (30.0, 25.0, rng.uniform(110, 200)), 8)
    easel.fill(_box(250, 2190, 2350, 2290), _grey(rng.uniform(50, 160)))
    easel.shade(rng.uniform(0.95, 1.2), rng.uniform(0.55, 0.9))
    _reflect(easel, rng)
    x = rng.choice([800.0, 1300.0, 1300.0])
    return Carrier(easel.paint, easel.opacity, (x * px_per_mm, 2010 * px_per_mm), 2640 * px_per_mm)


def draw_bodywork(px_per_mm: float, rng: np.random.Generator) -> Carrier:
    """Draw plain bodywork as of a close shot: wider than a plate, a recess round it."""
    paint = _pick_paint(_PAINTS, rng)
    wide, high = rng.uniform(800, 1500), rng.uniform(420, 800)
    easel = _Easel((wide, high), px_per_mm, paint)
    easel.fill(_box(30, 30, wide - 30, high - 30), None, 25)
    x, y = wide / 2, high * rng.uniform(0.4, 0.6)
    recess = rng.uniform(20, 90)
    corners = _box(x - 240 - recess, y - 80 - recess, x + 240 + recess, y + 80 + recess)
    easel.fill(corners, (paint * rng.uniform(0.4, 0.9)).tolist(), 15)
    easel.shade(rng.uniform(0.9, 1.3), rng.uniform(0.5, 0.95))
    _reflect(easel, rng)
    return Carrier(easel.paint, easel.opacity, (x * px_per_mm, y * px_per_mm), None)


def draw_nothing(px_per_mm: float, rng: np.random.Generator) -> Carrier:
    """Draw nothing but the shadow's rim: the plate hangs on what is in the picture."""
    easel = _Easel((540, 290), px_per_mm, _grey(rng.uniform(10, 60)))
    return Carrier(easel.paint, easel.opacity, (270 * px_per_mm, 145 * px_per_mm), None)


def _reflect(easel: _Easel, rng: np.random.Generator) -> None:
    """Let paint and glass mirror the surroundings a little."""
    height, width = easel.opacity.shape
    field = smooth_field(height, width, int(rng.integers(2, 7)), rng)
    easel.paint += (field * np.float32(rng.uniform(3, 18)))[..., None]


Drawing = Callable[[float, np.random.Generator], Carrier]

CARRIERS: Final[tuple[tuple[Drawing, float], ...]] = (
    (draw_car, 0.6),
    (draw_lorry, 0.1),
    (draw_bodywork, 0.2),
    (draw_nothing, 0.1),
)
"""Carriers and how often each is drawn; lorries carry yellow plates and are chosen by those."""
