"""Lays sprites onto a photo in its light, and keeps count of what hides what."""

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datasets.records import LabelledBox
from datasets.synth.objects_placing import Placement
from datasets.synth.objects_sprites import load_pixels
from datasets.synth.pasting_boxes import FloatMap, share_box
from datasets.synth.photo_effects import add_noise, estimate_blur_px, estimate_noise, luminance
from detector.arrays import Image

SPRITE_GREY: Final = 100.0
"""Mean grey level of the day sprites' objects, measured over 270 of them."""
NIGHT_SPRITE_GREY: Final = 92.0
"""The same of 45 sprites rendered at night, whose lamps are near."""
MIN_IN_FRAME: Final = 0.55
"""Less of an object inside the photo and an annotator would not draw it."""
MIN_UNCOVERED: Final = 0.7
"""Nothing that was placed earlier is covered by more than the rest."""
UNCLEAR_COVER: Final = (0.3, 0.9)
"""A background box hidden by such a share is neither there nor gone: no object is put so."""
APART: Final = (
    frozenset({"garbage", "bin"}),
    frozenset({"garbage", "overflowing_bin"}),
    frozenset({"overflowing_bin", "bin"}),
)
"""Pairs that must not touch: rubbish against a bin in order would make it an overflowing one."""
APART_GAP: Final = 0.02
"""Between such a pair, as a share of the photo's longer side."""
NOBODY: Final = -1

Premultiplied = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tone:
    """What the photo's light asks of an object."""

    gains_bgr: tuple[float, float, float]
    lift: float
    """Grey levels that its black is raised by, as haze and lens flare do."""
    saturation: float
    shadow: float
    """Opacity of the shadow, as a factor."""
    blur_px: float
    noise: float


@dataclass(slots=True)
class _Object:
    label: str | None
    whole_px: int
    """Solid pixels, those outside the photo included."""


@dataclass(slots=True)
class Canvas:
    """A photo that objects are laid onto, far ones first."""

    image: Image
    """A copy of the photo; changed by `add`."""
    owner: npt.NDArray[np.int16]
    """int16 (H, W): index of the object that is seen there."""
    cover: FloatMap
    """float32 (H, W): 1 where any object is seen."""
    _objects: list[_Object] = field(default_factory=list)

    @classmethod
    def of(cls, image: Image) -> "Canvas":
        """Start from a photo, which is not changed."""
        shape = image.shape[:2]
        return cls(image.copy(), np.full(shape, NOBODY, np.int16), np.zeros(shape, np.float32))

    def add(
        self,
        placement: Placement,
        kept: tuple[LabelledBox, ...],
        rng: np.random.Generator,
    ) -> bool:
        """Lay a sprite at its place.

        Args:
            placement: Which and where.
            kept: The photo's own boxes, none of which may be half hidden.
            rng: Source of chance.

        Returns:
            False where it would hide too much or be too far outside; then nothing was changed.
        """
        colour, alpha, mask = _scale(placement)
        height, width = self.owner.shape
        left, top = round(placement.left_px), round(placement.top_px)
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(width, left + mask.shape[1]), min(height, top + mask.shape[0])
        if x2 - x1 < 4 or y2 - y1 < 4:
            return False
        inner = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
        area = (slice(y1, y2), slice(x1, x2))
        whole = int((mask > 0.5).sum())
        solid = mask[inner] > 0.5
        if solid.sum() < MIN_IN_FRAME * whole or not self._may_cover(area, solid, kept):
            return False
        if self._touches(placement.sprite.label, area, solid, kept):
            return False
        tone = measure_tone(self.image, area, night=placement.sprite.night, rng=rng)
        patch = _blend(self.image[area], (colour[inner], alpha[inner], mask[inner]), tone, rng)
        np.copyto(self.image[area], patch)
        self.owner[area][solid] = len(self._objects)
        self.cover[area][solid] = 1.0
        self._objects.append(_Object(placement.sprite.label, whole))
        return True

    def _may_cover(
        self,
        area: tuple[slice, slice],
        solid: npt.NDArray[np.bool_],
        kept: tuple[LabelledBox, ...],
    ) -> bool:
        """Whether all that stands behind stays either clear or hidden."""
        hidden = np.bincount(
            self.owner[area][solid].astype(np.int64) + 1, minlength=len(self._objects) + 1
        )
        seen = np.bincount(self.owner.ravel().astype(np.int64) + 1, minlength=len(hidden))
        for index, one in enumerate(self._objects):
            if seen[index + 1] - hidden[index + 1] < MIN_UNCOVERED * MIN_IN_FRAME * one.whole_px:
                return False
            if hidden[index + 1] > (1 - MIN_UNCOVERED) * one.whole_px:
                return False
        height, width = self.cover.shape
        full = self.cover.copy()
        full[area][solid] = 1.0
        for box in kept:
            bx1, by1, bx2, by2 = box.box_xyxy
            part = full[
                int(by1 * height) : max(int(by1 * height) + 1, round(by2 * height)),
                int(bx1 * width) : max(int(bx1 * width) + 1, round(bx2 * width)),
            ]
            if part.size and UNCLEAR_COVER[0] < float(part.mean()) < UNCLEAR_COVER[1]:
                return False
        return True

    def _touches(
        self,
        label: str | None,
        area: tuple[slice, slice],
        solid: npt.NDArray[np.bool_],
        kept: tuple[LabelledBox, ...],
    ) -> bool:
        """Whether rubbish would come to lie at a bin that has nothing to do with it."""
        height, width = self.owner.shape
        gap = APART_GAP * max(height, width)
        rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
        top, bottom = area[0].start + rows[0] - gap, area[0].start + rows[-1] + gap
        left, right = area[1].start + columns[0] - gap, area[1].start + columns[-1] + gap
        for box in (*kept, *self.boxes()):
            x1, y1, x2, y2 = box.box_xyxy
            apart = x2 * width < left or x1 * width > right
            apart = apart or y2 * height < top or y1 * height > bottom
            if frozenset({label, box.label}) in APART and not apart:
                return True
        return False

    def boxes(self) -> tuple[LabelledBox, ...]:
        """Return the box of what is seen of each labelled object, in the order they were added."""
        height, width = self.owner.shape
        found = []
        for index, one in enumerate(self._objects):
            if one.label is None:
                continue
            mine = self.owner == index
            rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
            edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            found.append(share_box(one.label, edges, (width, height)))
        return tuple(found)

    def __len__(self) -> int:
        return len(self._objects)


def _scale(placement: Placement) -> tuple[Premultiplied, FloatMap, FloatMap]:
    """Colour times alpha (H, W, 3) in grey levels, alpha and object mask (H, W) in 0 to 1."""
    pixels = load_pixels(placement.sprite)
    alpha = pixels.bgra[..., 3].astype(np.float32) / 255
    faded = np.dstack([pixels.bgra[..., :3] * alpha[..., None], alpha]).astype(np.float32)
    width, height = (max(2, round(side * placement.scale)) for side in placement.sprite.size_wh)
    way = cv2.INTER_AREA if placement.scale < 1 else cv2.INTER_LINEAR
    layers = np.asarray(cv2.resize(faded, (width, height), interpolation=way), np.float32)
    solid = pixels.mask.astype(np.float32) / 255
    mask = np.asarray(cv2.resize(solid, (width, height), interpolation=way), np.float32)
    if placement.mirrored:
        layers, mask = layers[:, ::-1], mask[:, ::-1]
    return layers[..., :3], layers[..., 3], mask


def measure_tone(
    image: Image, area: tuple[slice, slice], *, night: bool, rng: np.random.Generator
) -> Tone:
    """Measure the photo's light around a place, with a little chance on top.

    Args:
        image: uint8 (H, W, 3).
        area: Rows and columns that the sprite will take.
        night: The sprite was rendered at night.
        rng: Source of chance.
    """
    rows, columns = area
    margin = max(8, (rows.stop - rows.start) // 5)
    near = image[
        max(0, rows.start - margin) : rows.stop + margin,
        max(0, columns.start - margin) : columns.stop + margin,
    ]
    everything = image[::4, ::4].reshape(-1, 3).astype(np.float32)
    grey = luminance(near)
    level = 0.5 * float(grey.mean()) + 0.5 * float(everything.mean())
    own = NIGHT_SPRITE_GREY if night else SPRITE_GREY
    # The root: part of the difference is the colour of things there, not light.
    gain = float(np.clip((level / own) ** (0.75 if night else 0.5), 0.35, 1.4))
    gain *= float(rng.uniform(0.88, 1.12))
    cast = everything.mean(axis=0) / max(1.0, float(everything.mean()))
    tints = np.clip(cast, 0.7, 1.4) ** 0.35 * rng.normal(1.0, 0.015, 3)
    spread = np.percentile(everything.mean(axis=1), (2, 98))
    lift = float(np.clip(spread[0] * 0.6, 0, 40))
    contrast = float(np.clip((spread[1] - spread[0]) / 190, 0.6, 1.0))
    vivid = float((everything.max(axis=1) - everything.min(axis=1)).mean())
    gain *= 1 - lift / 255
    return Tone(
        gains_bgr=(gain * tints[0], gain * tints[1], gain * tints[2]),
        lift=lift,
        saturation=float(np.clip(0.6 + vivid / 90, 0.65, 1.15) * rng.uniform(0.85, 1.1)),
        shadow=contrast * float(rng.uniform(0.65, 1.0)),
        blur_px=estimate_blur_px(grey) * float(rng.uniform(0.6, 1.0)),
        noise=float(np.clip(estimate_noise(grey), 0, 7)),
    )


def _blend(
    below: Image,
    layers: tuple[Premultiplied, FloatMap, FloatMap],
    tone: Tone,
    rng: np.random.Generator,
) -> Image:
    """Tone a sprite and lay it over a part of the photo of the same size; a new picture."""
    colour, alpha, mask = layers
    grey = colour @ np.array([0.114, 0.587, 0.299], np.float32)
    toned = grey[..., None] + (colour - grey[..., None]) * np.float32(tone.saturation)
    toned = toned * np.array(tone.gains_bgr, np.float32) + tone.lift * (alpha * mask)[..., None]
    opacity = alpha * (mask + (1 - mask) * np.float32(tone.shadow))
    sigma = max(0.35, tone.blur_px)  # never sharper than a lens: the cut edge is always feathered
    stack = cv2.GaussianBlur(np.dstack([toned, opacity]).astype(np.float32), (0, 0), sigma)
    mixed = below * (1 - stack[..., 3:]) + stack[..., :3]
    flat = np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
    grainy = add_noise(flat, tone.noise, rng).astype(np.float32)
    out = flat + (grainy - flat) * mask[..., None]
    return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)
