"""Places rendered objects on street photos: bins, rubbish, stalls, and things that are neither."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from datasets.records import LabelledBox
from datasets.synth.objects_blending import Canvas
from datasets.synth.objects_placing import (
    Placement,
    Viewpoint,
    draw_viewpoint,
    find_place,
    map_ground,
    order_by_depth,
)
from datasets.synth.objects_sprites import Sprite, load_sprites
from datasets.synth.pasting_boxes import keep_visible
from datasets.synth.photo_effects import light_at_night
from datasets.synth.scene import Background, Scene
from detector.arrays import Image

DRAWN_LABELS: Final = ("overflowing_bin", "bin", "garbage", "street_vending")
MIN_SIDE_PX: Final = 160
"""On smaller photos an object of usual size has too few pixels."""
DARK_MEAN: Final = 70.0
"""Mean grey level under which a photo was taken at night or in deep shade."""


@dataclass(frozen=True, slots=True)
class ObjectMix:
    """How often what is placed."""

    labels: tuple[tuple[str | None, float], ...] = (
        ("overflowing_bin", 0.3),
        ("bin", 0.26),
        ("garbage", 0.08),
        ("street_vending", 0.26),
        (None, 0.1),
    )
    """Weight of each label; None stands for things without one."""
    counts: tuple[float, ...] = (0.42, 0.32, 0.17, 0.09)
    """Weight of one, two, … sprites in a scene."""
    high_share: float = 0.4
    """Scenes seen from a pole, of those that are not close-ups."""
    night_share: float = 0.1
    """Day photos that are turned to night."""
    close_up_sets: frozenset[str] = frozenset(
        {"backgrounds_walls", "backgrounds_facades", "clean_shopfronts", "backgrounds_construction"}
    )
    """Background sets that show hardly any ground."""


class ObjectComposer:
    """Composes scenes from sprites of `datasets.synth.rendering`."""

    name = "objects"
    version = 1
    draws = frozenset(DRAWN_LABELS)

    def __init__(self, sprites_folder: Path, mix: ObjectMix | None = None) -> None:
        """Read what sprites there are; their pixels are read when first used.

        Raises:
            DatasetError: The folder holds no sprites or damaged ones.
        """
        self._mix = mix or ObjectMix()
        pools: dict[tuple[str | None, bool, bool], list[Sprite]] = {}
        for sprite in load_sprites(sprites_folder):
            pools.setdefault((sprite.label, sprite.high, sprite.night), []).append(sprite)
        self._pools = {key: tuple(sprites) for key, sprites in pools.items()}

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Place one to four sprites; the background is not changed.

        Returns:
            The scene, or None where the photo is too small or nothing found a place on it.
        """
        if min(background.image.shape[:2]) < MIN_SIDE_PX:
            return None
        image, night = self._light(background.image, rng)
        close_up = background.record.set_name in self._mix.close_up_sets
        high = bool(rng.random() < self._mix.high_share) and not close_up
        view = draw_viewpoint(rng, high=high, close_up=close_up)
        canvas = Canvas.of(image)
        own = background.record.boxes
        for placement in order_by_depth(self._choose(image, view, rng, night=night)):
            canvas.add(placement, own, rng)
        if not len(canvas):
            return None
        kept: tuple[LabelledBox, ...] = keep_visible(own, canvas.cover)
        return Scene(canvas.image, (*kept, *canvas.boxes()))

    def _light(self, image: Image, rng: np.random.Generator) -> tuple[Image, bool]:
        """Turn some day photos to night; says whether night sprites fit."""
        if float(image[::4, ::4].mean()) < DARK_MEAN:
            return image, True
        if rng.random() < self._mix.night_share:
            return light_at_night(image, rng), True
        return image, False

    def _choose(
        self, image: Image, view: Viewpoint, rng: np.random.Generator, *, night: bool
    ) -> list[Placement]:
        """Draw sprites of one view and time of day, each with a place."""
        labels = [
            (label, weight)
            for label, weight in self._mix.labels
            if weight > 0 and (label, view.high, night) in self._pools
        ]
        if not labels:
            return []
        counts = np.array(self._mix.counts)
        weights = np.array([weight for _, weight in labels])
        ground = map_ground(image)
        size_wh = (image.shape[1], image.shape[0])
        placements = []
        for _ in range(1 + int(rng.choice(len(counts), p=counts / counts.sum()))):
            label = labels[int(rng.choice(len(labels), p=weights / weights.sum()))][0]
            pool = self._pools[(label, view.high, night)]
            place = find_place(pool[int(rng.integers(len(pool)))], view, size_wh, ground, rng)
            if place is not None:
                placements.append(place)
        return placements
