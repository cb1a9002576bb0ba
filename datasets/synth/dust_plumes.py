"""Shapes of dust: where the puffs of a plume stand. All in shares of the picture's longer side."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from datasets.synth.puffs import Floats, Puffs


@dataclass(frozen=True, slots=True)
class Plume:
    """A plume before it is drawn."""

    puffs: Puffs
    floor_y: float
    """Where the ground is at it."""
    patchiness: float
    warp: float
    bumps: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plume rises and how large it may get."""

    xy: tuple[float, float]
    """A point of the ground."""
    size: float
    """Its wanted width."""
    wind: float
    """To the right positive, in [-1, 1]; 0 is still air."""
    thickness: float
    """Optical depth of its densest part."""


Reals = npt.NDArray[np.floating]

Shape = Callable[[np.random.Generator, Place], Plume]


def _puffs(x: Reals, y: Reals, radii: Reals, depths: Reals, stretch: float = 1.0) -> Puffs:
    """Order puffs from back to front: those that stand higher are further back."""
    order = np.argsort(y + 0.5 * radii, kind="stable")
    xy = np.stack([x, y], axis=1)[order].astype(np.float32)
    return Puffs(xy, radii[order].astype(np.float32), depths[order].astype(np.float32), stretch)


def _spread_depths(thickness: float, weights: Reals, overlap: float) -> Floats:
    """Return each puff's optical depth, when about `overlap` of them lie over each other."""
    return np.asarray(thickness * weights / overlap, np.float32)


def blow_from_source(rng: np.random.Generator, place: Place) -> Plume:
    """Dust from one spot, e.g. a breaker or a dumping lorry, carried off by the wind."""
    count = int(rng.integers(70, 130))
    age = np.sort(rng.random(count).astype(np.float32)) ** 0.8
    drift = place.wind * place.size
    rise = place.size * rng.uniform(0.15, 0.55) * (1.25 - abs(place.wind))
    spread = place.size * (0.05 + 0.2 * age**0.8)
    shear = rng.uniform(0.9, 1.7)
    up = rise * age ** rng.uniform(0.5, 1.0) + np.abs(rng.normal(0, 1, count)) * spread * 0.55
    x = place.xy[0] + drift * age**shear + rng.normal(0, 0.75, count) * spread
    radii = place.size * (0.05 + 0.15 * age**0.7) * rng.uniform(0.6, 1.35, count)
    weights = (1.0 - 0.85 * age) ** rng.uniform(0.7, 1.6) * rng.uniform(0.5, 1.4, count)
    depths = _spread_depths(place.thickness, weights, 7.0)
    puffs = _puffs(x, place.xy[1] - up, radii, depths)
    return Plume(puffs, place.xy[1] + 0.01, rng.uniform(0.15, 0.45), 0.07 * place.size + 0.01, 0.3)


def trail_behind_vehicle(rng: np.random.Generator, place: Place) -> Plume:
    """A long low trail on a road, thickest behind the vehicle, higher and thinner further back."""
    count = int(rng.integers(90, 150))
    age = np.sort(rng.random(count).astype(np.float32))
    way = -1.0 if place.wind < 0 else 1.0
    # The road runs away from the viewer: the old end of the trail is smaller and higher up.
    away = rng.uniform(0.0, 0.25) * place.size
    nearness = 1.0 - rng.uniform(0.0, 0.6) * age
    ground = place.xy[1] - away * age
    height = place.size * rng.uniform(0.08, 0.2) * (0.35 + age**0.6) * nearness
    up = np.abs(rng.normal(0.1, 0.55, count)) * height
    x = place.xy[0] + way * place.size * age + rng.normal(0, 0.03, count) * place.size
    radii = height * rng.uniform(0.35, 0.8, count) + 0.008
    weights = (1.0 - 0.75 * age) * rng.uniform(0.4, 1.4, count)
    depths = _spread_depths(place.thickness, weights, 4.0)
    puffs = _puffs(x, ground - up, radii, depths, float(rng.uniform(1.2, 1.8)))
    return Plume(
        puffs, place.xy[1] + 0.008, rng.uniform(0.15, 0.45), 0.05 * place.size + 0.006, 0.25
    )


def lie_as_cloud(rng: np.random.Generator, place: Place) -> Plume:
    """A wide low cloud over a work area, of uneven height."""
    count = int(rng.integers(80, 140))
    along = rng.normal(0.0, 0.27, count).clip(-0.6, 0.6).astype(np.float32)
    hills = 0.6 + 0.4 * np.sin(along * rng.uniform(5, 14) + rng.uniform(0, 6.28))
    height = place.size * rng.uniform(0.1, 0.32) * hills * np.exp(-2.0 * along**2)
    up = rng.beta(1.0, 1.8, count).astype(np.float32) * height
    x = place.xy[0] + along * place.size + place.wind * 0.8 * up
    radii = place.size * rng.uniform(0.05, 0.14, count)
    weights = rng.uniform(0.4, 1.3, count) * np.exp(-1.0 * up / np.maximum(height, 1e-4))
    depths = _spread_depths(place.thickness, weights, 5.0)
    puffs = _puffs(x, place.xy[1] - up, radii, depths, float(rng.uniform(1.1, 1.6)))
    return Plume(puffs, place.xy[1] + 0.015, rng.uniform(0.15, 0.45), 0.08 * place.size, 0.25)


def burst(rng: np.random.Generator, place: Place) -> Plume:
    """Demolition or a fall of rubble: dense, rolling outwards over the ground and upwards."""
    count = int(rng.integers(120, 190))
    angle = rng.uniform(0, np.pi, count)
    reach = np.sqrt(rng.random(count))
    squat = rng.uniform(0.55, 1.2)
    x = place.xy[0] + np.cos(angle) * reach * 0.42 * place.size
    up = np.sin(angle) ** 1.3 * reach * 0.42 * place.size * squat
    x = x + place.wind * up * 0.7
    radii = place.size * (0.05 + 0.06 * rng.random(count)) * (0.8 + 0.6 * reach)
    weights = (1.1 - 0.7 * reach) * rng.uniform(0.5, 1.4, count)
    depths = _spread_depths(1.7 * place.thickness, weights, 5.0)
    puffs = _puffs(x, place.xy[1] - up, radii, depths)
    return Plume(puffs, place.xy[1] + 0.015, rng.uniform(0.2, 0.5), 0.05 * place.size, 0.5)


def blow_sand(rng: np.random.Generator, place: Place) -> Plume:
    """Sand driven over the ground: long streaks, hardly rising."""
    count = int(rng.integers(70, 120))
    along = rng.uniform(-0.5, 0.5, count)
    height = place.size * rng.uniform(0.05, 0.14)
    up = rng.exponential(0.6, count).clip(0, 2.2) * height
    x = place.xy[0] + along * place.size + place.wind * up
    radii = place.size * rng.uniform(0.018, 0.045, count) * (1 + up / height * 0.5)
    weights = rng.uniform(0.4, 1.4, count) * np.exp(-0.6 * up / height)
    depths = _spread_depths(place.thickness, weights, 2.6)
    puffs = _puffs(x, place.xy[1] - up, radii, depths, float(rng.uniform(2.5, 4.5)))
    return Plume(puffs, place.xy[1] + 0.01, rng.uniform(0.3, 0.6), 0.03 * place.size + 0.005, 0.15)


def hang_as_veil(rng: np.random.Generator, place: Place) -> Plume:
    """Thin dust that has been standing for a while: large, soft, without billows."""
    count = int(rng.integers(25, 50))
    along = rng.normal(0.0, 0.25, count)
    up = np.abs(rng.normal(0, 1, count)) * place.size * rng.uniform(0.1, 0.25)
    x = place.xy[0] + along * place.size + place.wind * up
    radii = place.size * rng.uniform(0.13, 0.26, count)
    depths = _spread_depths(0.6 * place.thickness, rng.uniform(0.5, 1.3, count), 7.0)
    puffs = _puffs(x, place.xy[1] - up, radii, depths, float(rng.uniform(1.0, 1.5)))
    return Plume(puffs, place.xy[1] + 0.02, rng.uniform(0.3, 0.6), 0.1 * place.size, 0.1)


def fall_from_height(rng: np.random.Generator, place: Place) -> Plume:
    """Dust of falling spoil: a curtain under a bucket or a storey, a cushion where it lands."""
    count = int(rng.integers(80, 130))
    drop = place.size * rng.uniform(0.4, 0.9)
    fallen = rng.random(count) ** 0.6
    landed = fallen > 0.72
    width = np.where(landed, 0.3, 0.05 + 0.12 * fallen) * place.size
    up = np.where(landed, np.abs(rng.normal(0, 0.12, count)) * place.size, drop * (1.0 - fallen))
    x = place.xy[0] + rng.normal(0, 0.6, count) * width + place.wind * 0.25 * place.size * fallen
    radii = place.size * (0.04 + 0.08 * fallen) * rng.uniform(0.7, 1.3, count)
    weights = (0.45 + 0.6 * fallen) * rng.uniform(0.4, 1.4, count)
    depths = _spread_depths(place.thickness, weights, 4.0)
    puffs = _puffs(x, place.xy[1] - up, radii, depths)
    return Plume(puffs, place.xy[1] + 0.012, rng.uniform(0.15, 0.45), 0.06 * place.size, 0.3)


SHAPES: Final[tuple[tuple[Shape, float], ...]] = (
    (blow_from_source, 0.27),
    (trail_behind_vehicle, 0.2),
    (lie_as_cloud, 0.17),
    (burst, 0.12),
    (blow_sand, 0.07),
    (hang_as_veil, 0.09),
    (fall_from_height, 0.08),
)
"""Shapes and how often each is drawn, relative; sites and unpaved roads show the first most."""
