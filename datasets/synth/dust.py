"""Composes plumes of site dust onto backgrounds, with the box of what can be seen of them."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from datasets.records import LabelledBox
from datasets.synth.dust_light import (
    LOOK_SIDE,
    estimate_light,
    find_foreground,
    shrink,
    stands_in_sky,
)
from datasets.synth.dust_plumes import SHAPES, Place, hang_as_veil
from datasets.synth.pasting_boxes import FloatMap, keep_visible, share_box
from datasets.synth.puffs import Cloud, Floats, Stirring, draw_cloud
from datasets.synth.scene import Background, Scene
from detector.arrays import Image

LABEL: Final = "site_dust"
SMALLEST_SIDE_PX: Final = 160
"""Smaller backgrounds hold no plume that could be told from a stain."""
VISIBLE_OPACITY: Final = 0.07
"""Under it a plume is not told from the air: contrast of Koschmieder's visual range is 0.05."""
VISIBLE_CHANGE: Final = 9.0
"""Smallest change of a visible pixel, mean of the channels in levels of 255, after smoothing."""
LEAST_MEAN_CHANGE: Final = 20.0
"""Mean change over the visible part under which people do not find the plume unprompted."""
EXTENT: Final = (0.015, 0.985)
"""Share of the visible matter before the box's near and far edge: stray wisps do not widen it."""
LEAST_WIDTH: Final = 0.05
"""Of a box, share of the picture's width."""
TRIES: Final = 4
WITH_VEIL: Final = 0.3
"""Share of plumes with thin dust left in the air round the thick part."""
BEHIND_THINGS: Final = 0.45
"""Share of plumes that things before them may hide; often nothing suited is found."""

# Reflectance of dust, RGB against white, by eye from photos of sites: cement, concrete, loess,
# dry clay, sand, laterite, brick.
ALBEDOS_RGB: Final = (
    (0.93, 0.92, 0.90),
    (0.83, 0.82, 0.79),
    (0.90, 0.82, 0.68),
    (0.84, 0.75, 0.62),
    (0.90, 0.77, 0.57),
    (0.80, 0.61, 0.46),
    (0.82, 0.68, 0.59),
)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One plume, as it came out."""

    image: Image
    opacity: FloatMap
    box_px: tuple[float, float, float, float]


class DustComposer:
    """Draws one to three plumes of dust."""

    def __init__(self, several: float = 0.2) -> None:
        """Make a composer.

        Args:
            several: Share of scenes with more than one plume.
        """
        self.name = "dust"
        self.version = 1
        self.draws = frozenset({LABEL})
        self._several = several

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose plumes; boxes of dust that overlap become one.

        Returns:
            The scene, or None where no plume could be made visible.
        """
        image = background.image
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST_SIDE_PX:
            return None
        wanted = 1 + int(rng.random() < self._several) * int(rng.integers(1, 3))
        cover = np.zeros((height, width), np.float32)
        boxes: list[LabelledBox] = []
        albedo = _draw_albedo(rng)
        for _ in range(wanted):
            drawn = _draw_visible(image, rng, albedo)
            if drawn is None:
                continue
            image = drawn.image
            cover = np.maximum(cover, drawn.opacity)
            boxes.append(share_box(LABEL, drawn.box_px, (width, height)))
        if not boxes:
            return None
        kept = keep_visible(background.record.boxes, cover)
        others = tuple(box for box in kept if box.label != LABEL)
        dust = [box for box in background.record.boxes if box.label == LABEL]
        return Scene(image, (*others, *merge_touching([*dust, *boxes])))


def merge_touching(boxes: list[LabelledBox]) -> tuple[LabelledBox, ...]:
    """Merge boxes that overlap: one cloud has one box.

    Args:
        boxes: Of one label.
    """
    merged: list[LabelledBox] = []
    for box in boxes:
        grown = box
        while True:
            touching = [one for one in merged if _overlap(grown, one)]
            if not touching:
                break
            merged = [one for one in merged if one not in touching]
            edges = np.asarray([one.box_xyxy for one in (grown, *touching)])
            x1, y1 = edges[:, :2].min(axis=0).tolist()
            x2, y2 = edges[:, 2:].max(axis=0).tolist()
            grown = LabelledBox(box.label, (x1, y1, x2, y2))
        merged.append(grown)
    return tuple(merged)


def _overlap(a: LabelledBox, b: LabelledBox) -> bool:
    """Return whether more than a tenth of the smaller box lies in the other."""
    ax1, ay1, ax2, ay2 = a.box_xyxy
    bx1, by1, bx2, by2 = b.box_xyxy
    shared = max(0.0, min(ax2, bx2) - max(ax1, bx1)) * max(0.0, min(ay2, by2) - max(ay1, by1))
    smaller = min((ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1))
    return shared > 0.1 * smaller


def _draw_albedo(rng: np.random.Generator) -> Floats:
    """Return float32 (3,), BGR: a mixture of two kinds of dust."""
    first, second = (np.asarray(ALBEDOS_RGB[i]) for i in rng.integers(0, len(ALBEDOS_RGB), 2))
    mixed = first + (second - first) * rng.uniform(0.0, 0.5)
    return np.asarray(mixed[::-1], np.float32)


def _draw_place(rng: np.random.Generator, image_wh: tuple[int, int]) -> Place:
    width, height = image_wh
    longer = max(image_wh)
    # Nearer ground is lower in the picture, and what rises from it looks larger.
    nearness = rng.beta(1.7, 1.5)
    ground = 0.58 + 0.45 * nearness
    size = np.exp(rng.normal(np.log(0.38 + 0.45 * nearness), 0.5))
    size = float(np.clip(size, 0.08, 0.95)) * width / longer
    thickest = 0.24 + 0.73 * rng.beta(1.5, 1.0)
    return Place(
        (float(rng.uniform(0.0, 1.0)) * width / longer, float(ground) * height / longer),
        size,
        float(np.clip(rng.normal(0.0, 0.6), -1.0, 1.0)),
        float(-np.log1p(-thickest)),
    )


def _draw_visible(image: Image, rng: np.random.Generator, albedo: Floats) -> _Drawn | None:
    """Draw a plume; where it cannot be seen, try another place."""
    for _ in range(TRIES):
        drawn = _draw_plume(image, rng, albedo)
        if drawn is not None:
            return drawn
    return None


def _draw_plume(image: Image, rng: np.random.Generator, albedo: Floats) -> _Drawn | None:
    height, width = image.shape[:2]
    longer = max(height, width)
    place = _draw_place(rng, (width, height))
    small = shrink(image, LOOK_SIDE)
    if stands_in_sky(small, (place.xy[0] * longer / width, place.xy[1] * longer / height)):
        return None
    cloud, floor_y = _draw_matter(rng, place, (width, height))
    reach = ((place.xy[0] - place.size) * longer, (place.xy[0] + place.size) * longer)
    if rng.random() < BEHIND_THINGS:
        hidden = find_foreground(image, floor_y * longer, reach)
        if hidden is not None:
            cloud = Cloud(cloud.opacity * (1.0 - hidden), cloud.shade)
    surroundings = (reach[0] / width, 0.2, reach[1] / width, 1.0)
    light = estimate_light(small, surroundings, float(rng.uniform(0.7, 1.1)))
    composed = blend(rng, image, cloud, albedo * light)
    box = find_extent(image, composed, cloud.opacity)
    return None if box is None else _Drawn(composed, cloud.opacity, box)


def _draw_matter(
    rng: np.random.Generator, place: Place, image_wh: tuple[int, int]
) -> tuple[Cloud, float]:
    """Draw a plume of some shape, at times with thin dust round it; and say where its ground is."""
    shares = np.asarray([share for _, share in SHAPES])
    plume = SHAPES[int(rng.choice(len(SHAPES), p=shares / shares.sum()))][0](rng, place)
    stirring = Stirring(
        warp=plume.warp,
        eddy=max(0.03, float(rng.uniform(0.25, 0.6)) * place.size),
        patchiness=plume.patchiness,
        thickest=place.thickness,
        light_xy=(float(rng.uniform(-0.9, 0.9)), -0.8),
        bumps=plume.bumps * float(rng.uniform(0.4, 1.2)),
        shadow=float(rng.uniform(0.1, 0.5)),
        floor_y=plume.floor_y,
    )
    cloud = draw_cloud(rng, plume.puffs, stirring, image_wh)
    if rng.random() < WITH_VEIL:
        veil = hang_as_veil(rng, replace(place, size=1.3 * place.size)).puffs
        thin = replace(stirring, thickest=0.3 * place.thickness)
        haze = draw_cloud(rng, veil, thin, image_wh)
        opacity = np.float32(1.0) - (1.0 - cloud.opacity) * (1.0 - haze.opacity)
        cloud = Cloud(opacity, cloud.shade)
    return cloud, plume.floor_y


def blend(rng: np.random.Generator, image: Image, cloud: Cloud, colour: Floats) -> Image:
    """Lay a cloud over a picture.

    Args:
        rng: Source of randomness of the grain.
        image: uint8 (H, W, 3), BGR; not changed.
        cloud: Of the picture's size.
        colour: float32 (3,), BGR, of evenly lit matter.

    Returns:
        uint8 (H, W, 3), a new array.
    """
    out: Image = image.copy()
    matter = cloud.opacity > 0.003
    rows, columns = np.flatnonzero(matter.any(axis=1)), np.flatnonzero(matter.any(axis=0))
    if not len(rows):
        return out
    area = (
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )
    opacity = cloud.opacity[area]
    lightness = np.clip(cloud.shade[area] + 1.0, 0.45, 1.3)
    # The camera's noise does not get thinner where dust hides the things behind.
    noise = rng.standard_normal(opacity.shape, np.float32) * np.float32(1.8)
    before = image[area].astype(np.float32)
    for channel in range(3):
        there = before[..., channel]
        lit = np.minimum(lightness * colour[channel], 252.0) + noise
        there += opacity * (lit - there)
    # Half a level more, so that cutting the fraction off rounds.
    np.copyto(out[area], np.clip(before + 0.5, 0, 255).astype(np.uint8))
    return out


def find_extent(
    before: Image, after: Image, opacity: FloatMap
) -> tuple[float, float, float, float] | None:
    """Find the box of what can be seen of a plume.

    Args:
        before: uint8 (H, W, 3).
        after: uint8 (H, W, 3), with the plume.
        opacity: float32 (H, W), the plume's.

    Returns:
        x1, y1, x2, y2 in px, or None where the plume cannot be seen.
    """
    height, width = opacity.shape
    step = max(1, min(height, width) // 160)
    wh = (width // step, height // step)
    difference = cv2.absdiff(before, after)
    change = (
        cv2.resize(difference, wh, interpolation=cv2.INTER_AREA).astype(np.float32).mean(axis=2)
    )
    thin = cv2.resize(opacity, wh, interpolation=cv2.INTER_AREA)
    visible = (thin > VISIBLE_OPACITY) & (change > VISIBLE_CHANGE)
    if visible.sum() < 0.001 * visible.size or change[visible].mean() < LEAST_MEAN_CHANGE:
        return None
    # Thick parts count no more than well visible ones, or a dense core would shrink the box.
    weights = np.where(visible, np.minimum(change, 25.0), 0.0)
    x1, x2 = _between(weights.sum(axis=0))
    y1, y2 = _between(weights.sum(axis=1))
    if x2 - x1 < LEAST_WIDTH * wh[0] or y2 - y1 < 0.02 * wh[1]:
        return None
    scale_x, scale_y = width / wh[0], height / wh[1]
    return (x1 * scale_x, y1 * scale_y, x2 * scale_x, y2 * scale_y)


def _between(weights: Floats) -> tuple[float, float]:
    """Return where the given shares of the weight are reached, in cells, outer edges."""
    total = np.cumsum(weights) / weights.sum()
    first = int(np.searchsorted(total, EXTENT[0], side="right"))
    last = int(np.searchsorted(total, EXTENT[1], side="left"))
    return float(first), float(min(last + 1, len(weights)))
