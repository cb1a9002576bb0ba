"""Things in the air that are no dust: smoke, steam, fog, cloud, the white mist of a fog cannon."""

from typing import Final

import cv2
import numpy as np

from datasets.synth.dust import blend
from datasets.synth.dust_light import LOOK_SIDE, estimate_light, shrink
from datasets.synth.dust_plumes import Place, blow_from_source
from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.puffs import Cloud, Floats, Puffs, Stirring, draw_cloud, draw_noise
from detector.arrays import Image

WHOLE: Final = (0.0, 0.0, 1.0, 1.0)


def add_smoke(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add black, grey or white smoke of a chimney or fire, rising high and leaning with the wind.

    Args:
        rng: Source of randomness.
        image: uint8 (H, W, 3), BGR; not changed.

    Returns:
        The picture with smoke, and how opaque it is: float32 (H, W).
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    black = rng.random() < 0.55
    lightness = rng.uniform(0.08, 0.35) if black else rng.uniform(0.7, 1.05)
    place = Place(
        (rng.uniform(0.1, 0.9) * width / longer, rng.uniform(0.25, 0.75) * height / longer),
        rng.uniform(0.25, 0.7),
        rng.uniform(-0.7, 0.7),
        float(-np.log1p(-rng.uniform(0.4, 0.97))),
    )
    puffs = blow_from_source(rng, place).puffs
    # Hot: it rises several times as high as dust.
    climb = rng.uniform(1.6, 3.2)
    xy = puffs.xy.copy()
    xy[:, 1] = place.xy[1] + (xy[:, 1] - place.xy[1]) * climb
    rising = Puffs(xy, puffs.radii, puffs.depths)
    return _lay(rng, image, rising, place, tinted_grey(lightness, rng, 0.02))


def add_steam(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add a small white wisp, as over a kettle, a food stall or a manhole."""
    height, width = image.shape[:2]
    longer = max(height, width)
    place = Place(
        (rng.uniform(0.1, 0.9) * width / longer, rng.uniform(0.45, 0.9) * height / longer),
        rng.uniform(0.08, 0.25),
        rng.uniform(-0.5, 0.5),
        float(-np.log1p(-rng.uniform(0.2, 0.7))),
    )
    puffs = blow_from_source(rng, place).puffs
    xy = puffs.xy.copy()
    xy[:, 1] = place.xy[1] + (xy[:, 1] - place.xy[1]) * rng.uniform(1.5, 2.5)
    wisp = Puffs(xy, puffs.radii * np.float32(0.7), puffs.depths)
    return _lay(rng, image, wisp, place, tinted_grey(rng.uniform(0.9, 1.1), rng, 0.01))


def add_cannon_mist(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add the mist of a fog cannon: a straight white jet that widens, falls and frays.

    Such cannons fight dust on sites; what they blow is water.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    size = rng.uniform(0.3, 0.75)
    x, y = rng.uniform(0.1, 0.9) * width / longer, rng.uniform(0.6, 0.9) * height / longer
    side = 1.0 if x < 0.5 * width / longer else -1.0
    angle = rng.uniform(0.25, 0.8)
    count = int(rng.integers(90, 140))
    way = np.sort(rng.random(count)).astype(np.float32) ** 0.8
    spread = size * (0.01 + 0.13 * way**1.2)
    fall = size * rng.uniform(0.1, 0.4) * way**2.2
    along_x = x + side * np.cos(angle) * size * way + rng.normal(0, 0.5, count) * spread
    along_y = y - np.sin(angle) * size * way + fall + rng.normal(0, 0.6, count) * spread
    xy = np.stack([along_x, along_y], axis=1).astype(np.float32)
    radii = (spread * rng.uniform(0.6, 1.2, count) + 0.006).astype(np.float32)
    depths = ((1.15 - way) * rng.uniform(0.5, 1.3, count) * 0.3).astype(np.float32)
    place = Place((x, y), size, side, float(-np.log1p(-rng.uniform(0.35, 0.85))))
    return _lay(rng, image, Puffs(xy, radii, depths), place, tinted_grey(1.0, rng, 0.01))


def add_cloud(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add low cloud or mist banks in the sky, behind whatever stands before it."""
    height, width = image.shape[:2]
    longer = max(height, width)
    small = shrink(image, LOOK_SIDE)
    count = int(rng.integers(30, 60))
    xy = np.empty((count, 2), np.float32)
    middle = rng.uniform(0.05, 0.4) * height / longer
    xy[:, 0] = rng.uniform(-0.05, 1.05, count) * width / longer
    xy[:, 1] = middle + rng.normal(0, 0.06, count)
    radii = rng.uniform(0.04, 0.13, count).astype(np.float32)
    depths = rng.uniform(0.05, 0.3, count).astype(np.float32)
    stirring = Stirring(
        warp=0.04, eddy=0.2, patchiness=0.5, thickest=rng.uniform(0.4, 2.0), bumps=0.2, shadow=0.25
    )
    puffs = Puffs(xy, radii, depths, float(rng.uniform(1.3, 2.2)))
    cloud = draw_cloud(rng, puffs, stirring, (width, height))
    sky = _find_sky(image)
    opacity = cloud.opacity * sky
    colour = estimate_light(small, WHOLE, 1.0) * np.float32(rng.uniform(0.9, 1.1))
    return blend(rng, image, Cloud(opacity, cloud.shade), colour), opacity


def add_fog(rng: np.random.Generator, image: Image) -> tuple[Image, FloatMap]:
    """Add fog or city haze: even, thicker with distance, over the whole picture."""
    height, width = image.shape[:2]
    horizon = rng.uniform(0.25, 0.5) * height
    rows = np.arange(height, dtype=np.float32)
    # A flat ground's distance goes with one over the rows under the horizon.
    distance = 0.1 * height / np.maximum(rows - horizon, 0.1 * height)
    depth = np.repeat(distance[:, None], width, axis=1) * np.float32(rng.uniform(0.25, 1.6))
    depth *= 1.0 + 0.15 * draw_noise(rng, (height, width), 0.5 * width, 2)
    opacity = np.asarray(-np.expm1(-np.maximum(depth, 0.0)), np.float32)
    light = estimate_light(shrink(image, LOOK_SIDE), WHOLE, 1.0)
    colour = light * tinted_grey(rng.uniform(0.8, 1.0), rng, 0.03)
    shade = np.zeros_like(opacity)
    return blend(rng, image, Cloud(opacity, shade), colour.astype(np.float32)), 0.5 * opacity


def tinted_grey(lightness: float, rng: np.random.Generator, tint: float) -> Floats:
    """Return float32 (3,), a grey with a slight cast."""
    return np.asarray(lightness * (1.0 + rng.normal(0.0, tint, 3)), np.float32)


def _lay(
    rng: np.random.Generator, image: Image, puffs: Puffs, place: Place, albedo: Floats
) -> tuple[Image, FloatMap]:
    height, width = image.shape[:2]
    stirring = Stirring(
        warp=0.05 * place.size + 0.01,
        eddy=max(0.03, 0.35 * place.size),
        patchiness=rng.uniform(0.15, 0.45),
        thickest=place.thickness,
        light_xy=(rng.uniform(-0.9, 0.9), -0.8),
        bumps=rng.uniform(0.15, 0.6),
        shadow=rng.uniform(0.1, 0.5),
    )
    cloud = draw_cloud(rng, puffs, stirring, (width, height))
    light = estimate_light(shrink(image, LOOK_SIDE), WHOLE, 1.0)
    return blend(rng, image, cloud, (albedo * light).astype(np.float32)), cloud.opacity


def _find_sky(image: Image) -> FloatMap:
    """Return float32 (H, W): 1 where the picture is bright and smooth and joined to its top."""
    small = shrink(image, LOOK_SIDE)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (0, 0), 1.2)
    edges = cv2.Canny(grey, 25, 60)
    blue_least = small[..., 0].astype(np.int16) - small[..., 2] > -25
    open_air = ((edges == 0) & (grey > 90) & blue_least).astype(np.uint8)
    open_air = cv2.erode(open_air, np.ones((3, 3), np.uint8))
    count, marks = cv2.connectedComponents(open_air, connectivity=4)
    tops = np.unique(marks[:2])
    sky = np.isin(marks, tops[tops > 0]) if count > 1 else np.zeros_like(marks, bool)
    wide = cv2.dilate(sky.astype(np.float32), np.ones((3, 3), np.uint8))
    wh = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(wide, wh, interpolation=cv2.INTER_LINEAR), np.float32)
