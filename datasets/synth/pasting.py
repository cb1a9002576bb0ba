"""Composes scenes by cut and paste: boxed objects of training photos onto other backgrounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from datasets.records import ImageRecord, LabelledBox
from datasets.synth.dust_light import LOOK_SIDE, shrink, stands_in_sky
from datasets.synth.pasting_blending import paste, prepare
from datasets.synth.pasting_boxes import FloatMap, keep_visible, share_box
from datasets.synth.pasting_cutouts import cut_object
from datasets.synth.scene import Background, Scene
from detector.arrays import Image
from detector.decode import decode_photo

PASTED: Final = frozenset({"overflowing_bin", "bin", "street_vending", "illegal_poster", "garbage"})
ON_WALLS: Final = frozenset({"illegal_poster"})
SMALLEST_SIDE_PX: Final = 160
LEAST_SOURCE_PX: Final = 32
"""Shorter side of a source's box: smaller ones would be enlarged or vanish."""
LEAST_SHARE: Final = 0.03
"""Of the picture's shorter side; smaller objects are not boxed in the photos either."""
LARGEST_SHARE: Final = 0.75
MOST_ENLARGED: Final = 1.5
RIM: Final = 0.004
"""A box that comes closer to its photo's edge, as share of it, is cut off there."""
MOST_OBJECTS: Final = 3
DECOYS: Final = 0.35
"""Share of scenes with a pasted piece that is no object, so that seams do not tell objects."""
TRIES: Final = 8
"""Places looked at for each object."""

Corner = tuple[int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Source:
    """A boxed object in a photo."""

    path: Path
    box: LabelledBox
    others: tuple[Box, ...]
    """All other boxes of the photo, shares."""


class PasteComposer:
    """Pastes one to three objects, at times a decoy."""

    def __init__(self, records: Sequence[ImageRecord], labels: frozenset[str] = PASTED) -> None:
        """Choose what can be cut out: objects that their photo's edge does not cut.

        Args:
            records: Photos of training sets; read when they are needed.
            labels: What to paste.

        Raises:
            ValueError: A record lies in a folder named val: pasting from it would leak what the
                network is measured on; or none of the labels is boxed.
        """
        leaked = [record.path for record in records if "val" in record.path.parts]
        if leaked:
            raise ValueError(f"{leaked[0]} is for validation; nothing is pasted from it.")
        by_label = {label: _find_sources(records, label) for label in sorted(labels)}
        self._sources = {label: found for label, found in by_label.items() if found}
        if not self._sources:
            raise ValueError(f"No box of {', '.join(sorted(labels))} in the records.")
        self.name = "pasted"
        self.version = 1
        self.draws = frozenset(self._sources)

    def compose(self, background: Background, rng: np.random.Generator) -> Scene | None:
        """Compose a scene; the background's own photo is no source for it.

        Returns:
            The scene, or None where the background is too small or nothing fits.
        """
        height, width = background.image.shape[:2]
        if min(height, width) < SMALLEST_SIDE_PX:
            return None
        image = background.image.copy()
        cover = np.zeros((height, width), np.float32)
        boxes: list[LabelledBox] = []
        taken = [_to_pixels(box, (width, height)) for box in background.record.boxes]
        wanted = [True] * (1 + int(rng.integers(MOST_OBJECTS)))
        if rng.random() < DECOYS:
            wanted.insert(0, False)
        labels = sorted(self._sources)
        # A label with few sources would show the same ones again and again.
        counts = np.sqrt([len(self._sources[label]) for label in labels])
        shares = counts / counts.sum()
        for is_object in wanted:
            label = labels[int(rng.choice(len(labels), p=shares))]
            found = self._sources[label]
            source = found[int(rng.integers(len(found)))]
            if source.path == background.record.path:
                continue
            laid = _lay(image, source, taken, rng, decoy=not is_object)
            if laid is None:
                continue
            image, covered, box = laid
            taken.append(box)
            cover = np.maximum(cover, covered)
            if is_object:
                boxes.append(share_box(label, box, (width, height)))
        if not boxes:
            return None
        return Scene(image, (*keep_visible(background.record.boxes, cover), *boxes))


def _find_sources(records: Sequence[ImageRecord], label: str) -> tuple[_Source, ...]:
    """Return the boxes of a label that are whole and overlap no other box."""
    found = []
    for record in records:
        for box in record.boxes:
            x1, y1, x2, y2 = box.box_xyxy
            whole = min(x1, y1, 1 - x2, 1 - y2) > RIM
            others = tuple(one.box_xyxy for one in record.boxes if one is not box)
            free = all(_share(box.box_xyxy, other) < 0.15 for other in others)
            if box.label == label and whole and free:
                found.append(_Source(record.path, box, others))
    return tuple(found)


def _share(of: Box, other: Box) -> float:
    """Return how much of the first box lies in the second."""
    wide = max(0.0, min(of[2], other[2]) - max(of[0], other[0]))
    high = max(0.0, min(of[3], other[3]) - max(of[1], other[1]))
    return wide * high / max((of[2] - of[0]) * (of[3] - of[1]), 1e-9)


def _to_pixels(box: LabelledBox, wh: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = box.box_xyxy
    return (x1 * wh[0], y1 * wh[1], x2 * wh[0], y2 * wh[1])


@lru_cache(maxsize=24)
def _load(path: Path) -> Image:
    """Return a source photo, read-only."""
    return decode_photo(path.read_bytes(), name=path.name).image


def _lay(
    image: Image,
    source: _Source,
    taken: Sequence[Box],
    rng: np.random.Generator,
    *,
    decoy: bool,
) -> tuple[Image, FloatMap, Box] | None:
    """Paste one object, or a piece of its photo where no object is.

    Returns:
        The new picture, float32 (H, W) of what is covered, and the box in px; None where the object
        is too small for its source, or no place is free.
    """
    photo = _load(source.path)
    wh = (photo.shape[1], photo.shape[0])
    x1, y1, x2, y2 = _to_pixels(source.box, wh)
    if min(x2 - x1, y2 - y1) < LEAST_SOURCE_PX:
        return None
    flat = source.box.label in ON_WALLS
    box = source.box.box_xyxy
    if decoy:
        moved = _move_aside(source, rng)
        if moved is None:
            return None
        box = moved
        x1, y1, x2, y2 = box[0] * wh[0], box[1] * wh[1], box[2] * wh[0], box[3] * wh[1]
    size = (x2 - x1, y2 - y1)
    place = _find_place(image, box, size, taken, rng, flat=flat)
    if place is None:
        return None
    cutout = cut_object(photo, (round(x1), round(y1), round(x2), round(y2)), flat=flat)
    piece = prepare(cutout, (place[3] - place[1]) / size[1], rng)
    return None if piece is None else paste(image, piece, (place[0], place[3]), rng, flat=flat)


def _find_place(
    image: Image,
    source: Box,
    size_px: tuple[float, float],
    taken: Sequence[Box],
    rng: np.random.Generator,
    *,
    flat: bool,
) -> Box | None:
    """Find a free place, not in the sky: the plainest wall or ground of some.

    Args:
        image: uint8 (H, W, 3).
        source: The object's box in its photo, shares.
        size_px: Its width and height there.
        taken: Boxes to keep free, px.
        rng: Source of randomness.
        flat: It hangs on a wall.
    """
    height, width = image.shape[:2]
    small = shrink(image, LOOK_SIDE)
    best, least = None, np.inf
    for _ in range(TRIES):
        x, foot_y, high = _choose_place(source, size_px[1] / size_px[0], (width, height), rng, flat)
        wide = high * size_px[0] / size_px[1]
        place = (x, foot_y - high, x + wide, foot_y)
        middle_y = foot_y - 0.5 * high if flat else foot_y
        if high > MOST_ENLARGED * size_px[1] or stands_in_sky(
            small, ((x + 0.5 * wide) / width, middle_y / height)
        ):
            continue
        if any(_share(place, one) > 0.1 or _share(one, place) > 0.3 for one in taken):
            continue
        x1, y1, x2, y2 = (max(0, int(edge)) for edge in place)
        if not flat:
            y1, y2 = int(foot_y - 0.12 * high), int(foot_y + 0.08 * high)
        spread = float(image[y1 : y2 + 1, x1 : x2 + 1].std(axis=(0, 1)).mean())
        if spread < least:
            best, least = place, spread
    return best


def _move_aside(source: _Source, rng: np.random.Generator) -> Box | None:
    """Return a box of that size beside an object, inside the photo, where nothing is boxed."""
    x1, y1, x2, y2 = source.box.box_xyxy
    free = []
    for way in (-1.15 * (x2 - x1), 1.15 * (x2 - x1)):
        box = (x1 + way, y1, x2 + way, y2)
        inside = box[0] > 0 and box[2] < 1
        if inside and all(_share(box, o) + _share(o, box) < 0.05 for o in source.others):
            free.append(box)
    return free[int(rng.integers(len(free)))] if free else None


def _choose_place(
    source: Box, tallness: float, wh: tuple[int, int], rng: np.random.Generator, flat: bool
) -> tuple[float, float, float]:
    """Choose left edge, foot and height in px.

    On flat ground an object's size goes with how far its foot lies under the horizon, which is
    taken to be a little above the middle of either picture.
    """
    width, height = wh
    share = source[3] - source[1]
    if flat:
        high = share * float(np.exp(rng.normal(0.0, 0.4)))
        foot = float(rng.uniform(0.2 + high, 0.9))
    else:
        horizon = float(rng.uniform(0.3, 0.42))
        foot = float(rng.uniform(0.6, 0.98))
        below = max(source[3] - horizon, 0.12)
        high = share * (foot - horizon) / below * float(np.exp(rng.normal(0.0, 0.15)))
    high_px = float(np.clip(high, 0.0, LARGEST_SHARE)) * height
    least = LEAST_SHARE * min(wh)
    high_px = max(high_px, least, least * tallness)
    high_px = min(high_px, LARGEST_SHARE * width * tallness)
    wide_px = high_px / tallness
    foot_px = max(foot * height, high_px + 1)
    return float(rng.uniform(0, max(1.0, width - wide_px))), min(foot_px, height - 1.0), high_px
