"""Light and lens: flare, wet lens, headlights, brown asphalt at dusk, stains: no dust."""

import cv2
import numpy as np
import numpy.typing as npt

from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.puffs import Floats, draw_noise
from detector.arrays import Image


def add_flare(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add the sun's glare: a burnt-out spot, a veil round it, a row of faint ghosts.

    Args:
        rng: Source of randomness.
        image: uint8 (H, W, 3), BGR; not changed.

    Returns:
        The picture with glare, and how opaque it is: float32 (H, W).
    """
    height, width = image.shape[:2]
    sun = np.asarray([rng.uniform(0, 1) * width, rng.uniform(-0.1, 0.45) * height])
    longer = max(height, width)
    warm = np.asarray([rng.uniform(0.6, 0.95), rng.uniform(0.85, 0.97), 1.0], np.float32)
    distance = _distances((height, width), (float(sun[0]), float(sun[1]))) / longer
    veil = rng.uniform(0.2, 0.55) * np.exp(-distance / rng.uniform(0.15, 0.5))
    core = np.clip(1.3 * np.exp(-((distance / rng.uniform(0.02, 0.08)) ** 2)), 0, 1)
    light = np.maximum(veil, core).astype(np.float32)
    after = 255.0 - (255.0 - image.astype(np.float32)) * (1.0 - light[..., None] * warm)
    centre = np.asarray([width / 2, height / 2])
    for step in rng.uniform(0.4, 2.2, int(rng.integers(0, 5))):
        x, y = sun + (centre - sun) * step
        radius = int(longer * rng.uniform(0.008, 0.05))
        ghost = np.zeros((height, width), np.float32)
        cv2.circle(ghost, (round(x), round(y)), radius, 1.0, cv2.FILLED, cv2.LINE_AA)
        soft = cv2.GaussianBlur(ghost, (0, 0), max(1.0, radius / 8))
        colour = rng.uniform(10, 60, 3).astype(np.float32)
        after += soft[..., None] * colour
    return _to_image(after), core.astype(np.float32)


def wet_lens(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add drops on the lens: discs through which the scene is blurred and turned, and smears."""
    height, width = image.shape[:2]
    longer = max(height, width)
    blurred = cv2.GaussianBlur(image, (0, 0), longer / 45).astype(np.float32)
    turned = cv2.flip(blurred, -1)
    mask = np.zeros((height, width), np.float32)
    edge = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(4, 40))):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        radius = longer * float(np.exp(rng.normal(np.log(0.012), 0.6)))
        axes = (max(2, int(radius)), max(2, int(radius * rng.uniform(0.8, 1.8))))
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, cv2.FILLED, cv2.LINE_AA)
        cv2.ellipse(edge, centre, axes, 0, 0, 200, 1.0, max(1, axes[0] // 5), cv2.LINE_AA)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), longer / 320), np.float32)
    edge = np.asarray(cv2.GaussianBlur(edge, (0, 0), longer / 250), np.float32)
    smear = np.clip(0.5 * draw_noise(rng, (height, width), longer / 4, 2) - 0.3, 0, 0.7)
    before = image.astype(np.float32)
    before += smear[..., None] * (blurred - before)
    drop = 0.55 * blurred + 0.45 * turned + 12.0
    after = before + mask[..., None] * np.float32(rng.uniform(0.6, 0.95)) * (drop - before)
    after -= (edge * 25.0)[..., None]
    return _to_image(after), (0.3 * mask).astype(np.float32)


def light_headlights(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Turn day into dusk and add lamps with their halos, mostly in pairs."""
    height, width = image.shape[:2]
    longer = max(height, width)
    after = _darken(rng, image)
    glow = np.zeros((height, width, 3), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(0.05, 0.95) * width, rng.uniform(0.4, 0.8) * height
        apart = longer * rng.uniform(0.01, 0.1)
        lamp = np.asarray([rng.uniform(140, 255), 230, 255], np.float32)
        for side in (-0.5, 0.5) if rng.random() < 0.75 else (0.0,):
            distance = _distances((height, width), (x + side * apart, y)) / longer
            core = np.exp(-((distance / (0.05 * apart / longer + 0.004)) ** 2))
            halo = 0.35 * np.exp(-distance / rng.uniform(0.015, 0.06))
            glow += (core + halo)[..., None].astype(np.float32) * lamp
    return _to_image(after + glow), np.zeros((height, width), np.float32)


def brown_asphalt(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Make grey ground brownish and the whole picture dim and warm, as under a low sun or lamps.

    Plain asphalt in such light is a known false alarm.
    """
    height, width = image.shape[:2]
    before = image.astype(np.float32)
    spread = before.max(axis=2) - before.min(axis=2)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    ground = np.clip((40.0 - spread) / 25.0, 0, 1) * np.clip((rows - 0.4) / 0.15, 0, 1)
    ground = cv2.GaussianBlur(ground.astype(np.float32), (0, 0), width / 200)
    brown = np.asarray([rng.uniform(0.5, 0.8), rng.uniform(0.75, 0.95), 1.02], np.float32)
    patches = 1.0 + rng.uniform(0.02, 0.15) * draw_noise(rng, (height, width), width / 4, 4)
    tinted = before * (1.0 + ground[..., None] * (brown * patches[..., None] - 1.0))
    cast = np.asarray([rng.uniform(0.7, 1.0), rng.uniform(0.88, 1.0), 1.0], np.float32)
    after = tinted * cast * np.float32(rng.uniform(0.35, 0.95))
    return _to_image(after), np.zeros((height, width), np.float32)


def stain_ground(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add soft-edged shadows, wet or muddy patches: they darken and tint, but hide nothing."""
    height, width = image.shape[:2]
    noise = draw_noise(rng, (height, width), width * rng.uniform(0.12, 0.4), 5)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    low = np.clip((rows - rng.uniform(0.3, 0.6)) / 0.2, 0, 1)
    patch = np.clip((noise - rng.uniform(0.2, 0.8)) / rng.uniform(0.1, 0.8), 0, 1) * low
    colour = np.asarray([rng.uniform(0.4, 0.8), rng.uniform(0.5, 0.85), rng.uniform(0.6, 0.9)])
    factor = 1.0 + patch[..., None] * (colour - 1.0)
    return _to_image(image * factor.astype(np.float32)), np.zeros((height, width), np.float32)


def _darken(rng: np.random.Generator, image: Image) -> Floats:
    """Return float32 (H, W, 3): the picture at dusk."""
    cast = np.asarray([rng.uniform(0.9, 1.2), 0.95, rng.uniform(0.75, 1.05)], np.float32)
    dimmed = (image.astype(np.float32) / 255.0) ** np.float32(rng.uniform(1.1, 1.6))
    return np.asarray(dimmed * cast * np.float32(255 * rng.uniform(0.3, 0.7)), np.float32)


def _distances(shape: tuple[int, int], xy: tuple[float, float]) -> Floats:
    """Return float32 (H, W): each pixel's distance to a point, px."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(xy[1])
    columns = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(xy[0])
    return np.asarray(np.sqrt(rows**2 + columns**2), np.float32)


def _to_image(values: npt.NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
