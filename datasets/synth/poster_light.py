"""The light of a scene: how bright, tinted and uneven a white sheet would look in it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datasets.synth.photo_effects import (
    FloatMap,
    Mask,
    estimate_blur_px,
    estimate_noise,
    estimate_speckle,
    luminance,
)
from detector.arrays import Image

FloatImage = npt.NDArray[np.float32]
"""float32 (H, W, 3), BGR, 0 to 255."""

_SIDE_PX = 160  # light varies slowly: a small copy tells it


@dataclass(frozen=True, slots=True)
class SceneLight:
    """What is measured once a scene."""

    white: float
    """Luminance of the brightest tenth, 0 to 255."""
    black: float
    """Luminance of the darkest hundredth, 0 to 255: haze lifts it."""
    tint_bgr: FloatImage
    """float32 (3,), mean 1: the mean colour of the scene, as far as it is the light's."""
    vividness: float
    """How saturated the scene is against a usual street photo, 0.5 to 1.3."""
    blur_px: float
    noise: float
    """Grain, grey levels."""
    speckle: float
    """Share of px that are lonely black or white dots."""


def measure_light(image: Image) -> SceneLight:
    """Measure a picture's light."""
    scale = min(1.0, _SIDE_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    pixels = small.reshape(-1, 3).astype(np.float32)
    grey = luminance(small.astype(np.uint8))
    mean = pixels.mean(axis=0) + 8
    tint = (mean / mean.mean()) ** 0.45  # the other half of a colour cast is the things' own
    spread = (pixels.max(axis=1) - pixels.min(axis=1)) / (pixels.max(axis=1) + 12)
    height, width = image.shape[:2]
    middle = image[height // 8 : height * 7 // 8 : 1, width // 4 : width * 3 // 4]
    full = luminance(middle)
    speckle = estimate_speckle(full)
    return SceneLight(
        white=float(np.percentile(grey, 92)),
        black=float(np.percentile(grey, 1)),
        tint_bgr=tint.astype(np.float32),
        vividness=float(np.clip(0.6 + 1.4 * spread.mean(), 0.6, 1.2)),
        blur_px=estimate_blur_px(full),
        noise=min(estimate_noise(full), 8.0),
        # Fine texture passes for speckle up to here; half of the rest is in the surface itself.
        speckle=0.5 * speckle if speckle > 0.008 else 0.0,
    )


def _smoothed(grey: FloatMap, radius_px: float) -> FloatMap:
    """Blur strongly by way of a small copy."""
    height, width = grey.shape
    step = max(1.0, radius_px / 2)
    size = (max(2, round(width / step)), max(2, round(height / step)))
    small = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), 1.2)
    smooth = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.maximum(np.asarray(smooth, np.float32), np.float32(1.0))


def white_level(around: Image, scene: SceneLight) -> float:
    """Return how bright white paper would look at a place, 35 to 252.

    Args:
        around: uint8 (H, W, 3), the surface and what lies round it.
        scene: The picture's light.
    """
    near = luminance(np.ascontiguousarray(around[::3, ::3]))
    # Walls give back about half the light, white paper nearly all of it.
    local = max(float(np.percentile(near, 88)), 1.45 * float(near.mean()))
    return float(np.clip(0.42 * scene.white + 0.63 * min(local, 1.2 * scene.white), 35, 252))


def light_up(
    colour: Image, surface: Image, scene: SceneLight, level: float, see_through: float
) -> FloatImage:
    """Show a sheet's colours as they would look on a surface of the scene.

    Args:
        colour: uint8 (H, W, 3), the sheet under white light.
        surface: uint8 (H, W, 3), what is behind it in the picture.
        scene: The picture's light.
        level: How bright white paper looks there, 0 to 255.
        see_through: Share of the surface's texture to take over, 0 to 1.

    Returns:
        float32 (H, W, 3), 0 to 255.
    """
    grey = luminance(surface)
    short_side = min(grey.shape)
    low = _smoothed(grey, 0.35 * short_side)
    shading = np.clip((low / low.mean()) ** 0.5, 0.6, 1.4)
    texture = np.clip(grey / _smoothed(grey, 0.06 * short_side + 2), 0.3, 1.7)
    shading = shading * (1 + see_through * (texture - 1))
    lit = colour.astype(np.float32)
    mean = lit.mean(axis=2, keepdims=True)
    lit = mean + (lit - mean) * scene.vividness
    haze = 0.6 * min(scene.black, 50.0)  # a plain bright picture has no black and yet no haze
    lit = haze + lit * (level - haze) / 250 * scene.tint_bgr * shading[..., None]
    return np.asarray(np.clip(lit, 0, 255), np.float32)


def stands_out(lit: FloatImage, surface: Image, alpha: Mask, *, sheet: bool) -> bool:
    """Say whether a thing can be told from what is behind it.

    Args:
        lit: float32 (H, W, 3), as it looks in the scene.
        surface: uint8 (H, W, 3), what is behind.
        alpha: uint8 (H, W).
        sheet: Whether it has an edge all round, so that its print may tell it apart, or its
            smoothness on a rough wall. Strokes of paint have only their colour.
    """
    inside = alpha >= 0.45 * max(1, int(alpha.max()))
    front, behind = lit[inside], surface[inside].astype(np.float32)
    if len(front) == 0:
        return False
    spread = float(behind.mean(axis=1).std())
    cover = float(alpha[inside].mean()) / 255
    gap = float(np.abs(front.mean(axis=0) - behind.mean(axis=0)).max()) * cover
    if not sheet:
        return gap >= max(34.0, 1.1 * spread)
    own = float(front.mean(axis=1).std())
    legible = own >= max(38.0, 1.3 * spread)
    smooth = spread > 25 and own < 0.4 * spread
    return gap >= max(18.0, 0.5 * spread) or legible or smooth
