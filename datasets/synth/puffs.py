"""Clouds of puffs: opacity and shading of dust, smoke or spray, as seen from one side.

A cloud is drawn back to front from soft, bumpy, lit puffs, then stirred by turbulence. It is drawn
small and enlarged: such clouds have no sharp edges.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datasets.synth.pasting_boxes import FloatMap

Floats = npt.NDArray[np.float32]

CANVAS_SIDE: Final = 288
"""Longer side of the canvas that clouds are drawn on, px; eddies finer than 2 px of it are added
at full size as grain."""
SPRITE_SIDE: Final = 48
SPRITES: Final = 12
_SPRITE_SEED: Final = 20_240_501
"""The sprites are a fixed stock; what differs from scene to scene comes from the caller's rng."""
_THINNEST: Final = 0.004


@dataclass(frozen=True, slots=True)
class Puffs:
    """Puffs from back to front, in shares of the picture's longer side unless said otherwise."""

    xy: Floats
    """float32 (N, 2), centres; x to the right, y down, both over the longer side."""
    radii: Floats
    """float32 (N,), half of the height."""
    depths: Floats
    """float32 (N,), optical depth through the middle."""
    stretch: float = 1.0
    """Width over height."""


@dataclass(frozen=True, slots=True)
class Stirring:
    """How the drawn cloud is stirred and lit."""

    warp: float = 0.03
    """Largest displacement by eddies, share of the longer side."""
    eddy: float = 0.12
    """Size of the largest eddies, share of the longer side."""
    patchiness: float = 0.5
    """Standard deviation of the logarithm of the optical depth."""
    light_xy: tuple[float, float] = (-0.5, -0.85)
    """Where the light comes from, in the picture plane."""
    bumps: float = 0.35
    """How strongly single puffs are lit on one side and dark on the other."""
    shadow: float = 0.4
    """How dark the side away from the light gets."""
    thickest: float | None = None
    """Optical depth of the thickest part, which the whole cloud is scaled to; None keeps it."""
    floor_y: float | None = None
    """Ground line at the cloud, share of the longer side; it ends softly below it."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A drawn cloud at the picture's size."""

    opacity: FloatMap
    """float32 (H, W), in [0, 1]."""
    shade: FloatMap
    """float32 (H, W), lightness against evenly lit matter: 0 even, positive lit, negative dark."""


def draw_noise(
    rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int
) -> FloatMap:
    """Draw fractal noise with mean about 0 and standard deviation 1.

    Args:
        rng: Source of randomness.
        shape: Height and width, px.
        cell: Size of the largest features, px.
        octaves: Each next one has half the size and 0.55 of the strength.

    Returns:
        float32 (H, W).
    """
    height, width = shape
    total = np.zeros(shape, np.float32)
    power, strength = 0.0, 1.0
    for octave in range(octaves):
        size = max(1.0, cell / 2**octave)
        grid_wh = (int(width / size) + 3, int(height / size) + 3)
        grid = rng.standard_normal((grid_wh[1], grid_wh[0]), np.float32)
        scaled_wh = (max(width, round(grid_wh[0] * size)), max(height, round(grid_wh[1] * size)))
        drawn = cv2.resize(grid, scaled_wh, interpolation=cv2.INTER_CUBIC)
        # Not from the corner: the grid's outermost cells are flat.
        top, left = (scaled_wh[1] - height) // 2, (scaled_wh[0] - width) // 2
        total += np.float32(strength) * drawn[top : top + height, left : left + width]
        # Bicubic enlarging of white noise keeps about half of its variance.
        power += 0.5 * strength**2
        strength *= 0.55
        if size <= 1.0:
            break
    total /= np.float32(np.sqrt(power))
    return total


def draw_cloud(
    rng: np.random.Generator, puffs: Puffs, stirring: Stirring, image_wh: tuple[int, int]
) -> Cloud:
    """Draw puffs as one cloud.

    Args:
        rng: Source of randomness of the turbulence.
        puffs: Back to front.
        stirring: Turbulence and light.
        image_wh: Width and height of the picture, px.
    """
    width, height = image_wh
    scale = CANVAS_SIDE / max(width, height)
    canvas_wh = (max(8, round(width * scale)), max(8, round(height * scale)))
    canvas = _lay_puffs(rng, puffs, stirring, canvas_wh)
    canvas = _stir(rng, canvas, stirring)
    opacity = np.clip(canvas[..., 0], 0.0, 0.995)
    shade = canvas[..., 1] / np.maximum(canvas[..., 0], 0.02)
    depth = -np.log1p(-opacity)
    cell = max(4.0, stirring.eddy * CANVAS_SIDE)
    patches = draw_noise(rng, opacity.shape, cell, 5)
    depth *= np.exp(np.float32(stirring.patchiness) * patches)
    if stirring.floor_y is not None:
        depth *= _fade_below(rng, stirring.floor_y, opacity.shape)
    if stirring.thickest is not None:
        depth *= stirring.thickest / max(_thick_part(depth), 1e-3)
    opacity = -np.expm1(-np.maximum(depth - _THINNEST, 0.0))
    shade -= np.float32(stirring.shadow) * _shadow(opacity, stirring.light_xy)
    both = cv2.merge([opacity, shade])
    full = np.asarray(cv2.resize(both, image_wh, interpolation=cv2.INTER_CUBIC), np.float32)
    return Cloud(np.clip(full[..., 0], 0.0, 1.0), full[..., 1])


def _lay_puffs(
    rng: np.random.Generator, puffs: Puffs, stirring: Stirring, canvas_wh: tuple[int, int]
) -> Floats:
    """Return float32 (h, w, 2): opacity, and shade times opacity."""
    width, height = canvas_wh
    canvas = np.zeros((height, width, 2), np.float32)
    sprites = _sprites()
    chosen = rng.integers(0, len(sprites), len(puffs.radii))
    own_shade = rng.normal(0.0, 0.07, len(puffs.radii)).astype(np.float32)
    light = np.asarray(stirring.light_xy, np.float32)
    for (x, y), radius, depth, which, shade in zip(
        puffs.xy * CANVAS_SIDE,
        puffs.radii * CANVAS_SIDE,
        puffs.depths,
        chosen,
        own_shade,
        strict=True,
    ):
        half_w, half_h = max(2, round(radius * puffs.stretch)), max(2, round(radius))
        left, top = round(x) - half_w, round(y) - half_h
        x1, y1 = max(left, 0), max(top, 0)
        x2, y2 = min(left + 2 * half_w, width), min(top + 2 * half_h, height)
        if x1 >= x2 or y1 >= y2:
            continue
        sprite = cv2.resize(
            sprites[which], (2 * half_w, 2 * half_h), interpolation=cv2.INTER_LINEAR
        )
        sprite = sprite[y1 - top : y2 - top, x1 - left : x2 - left]
        alpha = -np.expm1(-depth * sprite[..., 0])
        lit = shade + np.float32(stirring.bumps) * (
            sprite[..., 1] * light[0] + sprite[..., 2] * light[1]
        )
        window = canvas[y1:y2, x1:x2]
        window *= (1.0 - alpha)[..., None]
        window[..., 0] += alpha
        window[..., 1] += alpha * lit
    return canvas


def _stir(rng: np.random.Generator, canvas: Floats, stirring: Stirring) -> Floats:
    """Displace a canvas by eddies of many sizes."""
    height, width = canvas.shape[:2]
    cell = max(4.0, stirring.eddy * CANVAS_SIDE)
    reach = np.float32(0.5 * stirring.warp * CANVAS_SIDE)
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    grid_x += reach * draw_noise(rng, (height, width), cell, 5)
    grid_y += reach * draw_noise(rng, (height, width), cell, 5)
    return np.asarray(
        cv2.remap(canvas, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _fade_below(rng: np.random.Generator, floor_y: float, shape: tuple[int, int]) -> FloatMap:
    """Return float32 (h, w): 1 above an uneven ground line, falling to 0 below it."""
    height, width = shape
    # Dust lies on the ground some way towards the viewer, so that the foot is soft and uneven.
    uneven = draw_noise(rng, (1, width), 40.0, 3)[0]
    line = floor_y * CANVAS_SIDE + 2.5 * uneven
    below = np.arange(height, dtype=np.float32)[:, None] - line[None, :]
    softness = 3.0
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(below / softness, -30, 30))), np.float32)


def _thick_part(depth: FloatMap) -> float:
    """Return the optical depth that a fifth of the cloud's area exceeds."""
    matter = depth[depth > 0.1 * depth.max()]
    return float(np.percentile(matter, 80)) if matter.size else 0.0


def _shadow(opacity: FloatMap, light_xy: tuple[float, float]) -> FloatMap:
    """Return float32 (h, w): how much of the cloud lies between a place and the light, centred."""
    blurred = cv2.GaussianBlur(opacity, (0, 0), 7.0)
    shift = 16.0
    move = np.asarray([[1, 0, -light_xy[0] * shift], [0, 1, -light_xy[1] * shift]], np.float32)
    before = cv2.warpAffine(blurred, move, opacity.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(before - 0.5 * blurred, np.float32)


@cache
def _sprites() -> tuple[Floats, ...]:
    """Return bumpy balls: float32 (side, side, 3), optical depth and slopes to the right and down.

    The slopes point outwards, so that a side towards the light has a positive product with it.
    """
    rng = np.random.default_rng(_SPRITE_SEED)
    side = SPRITE_SIDE
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(axis, axis)
    sprites = []
    for _ in range(SPRITES):
        bulge = draw_noise(rng, (side, side), side / 2.5, 3)
        away = np.sqrt(x * x + y * y) * (1.0 + 0.16 * bulge)
        ball = np.clip(1.0 - away * away, 0.0, 1.0) ** 1.4
        rough = ball * (1.0 + 0.25 * draw_noise(rng, (side, side), side / 4, 3))
        # The window's rim must be empty, or its straight edges show.
        rim = np.clip((1.0 - np.maximum(np.abs(x), np.abs(y))) * 6.0, 0.0, 1.0)
        ball = np.clip(rough, 0.0, None) * rim
        height = cv2.GaussianBlur(ball, (0, 0), 1.5)
        slope_x = -cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
        slope_y = -cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
        steepest = float(np.sqrt(slope_x**2 + slope_y**2).max())
        sprites.append(np.dstack([ball, slope_x / steepest, slope_y / steepest]).astype(np.float32))
    return tuple(sprites)
