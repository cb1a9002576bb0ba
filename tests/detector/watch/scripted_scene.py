"""A drawn street with magenta boxes, and a detector that takes those for overflowing bins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import cv2
import numpy as np

from detector.arrays import Image, frozen
from detector.camera.frames import Frame
from detector.camera.live import Outage
from detector.detections import Detections
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest

WH = (320, 192)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MAGENTA = (255, 0, 255)


@dataclass(frozen=True, slots=True)
class Stay:
    """A magenta box that stands somewhere for a while."""

    from_s: float
    until_s: float
    box_xyxy: tuple[int, int, int, int]


@cache
def _draw_street(number: int) -> Image:
    ground = np.random.default_rng(0).integers(60, 180, (12, 20), np.uint8)
    grey = cv2.resize(ground, WH, interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(number).normal(0, 2, (WH[1], WH[0], 3))
    image = np.clip(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR) + noise, 0, 255)
    return image.astype(np.uint8)


def draw_scene(at_s: float, stays: Sequence[Stay]) -> Image:
    """Draw the street at a moment, with a sensor's noise that differs from one to the next."""
    image = _draw_street(round(at_s * 1000) % 7).copy()
    for stay in stays:
        if stay.from_s <= at_s < stay.until_s:
            x1, y1, x2, y2 = stay.box_xyxy
            image[y1:y2, x1:x2] = MAGENTA
    return image


def make_frame(at_s: float, stays: Sequence[Stay], source: str = "cam") -> Frame:
    """Return the street at a moment as a camera's frame."""
    image = frozen(draw_scene(at_s, stays))
    luma = frozen(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False))
    return Frame(source, at_s, START + timedelta(seconds=at_s), luma, lambda: image)


def find_magenta(image: Image, labels: tuple[str, ...]) -> Detections:
    """Take each magenta region for an overflowing bin; video codecs smear colours a little."""
    pixels = image.astype(np.int16)
    is_magenta = (pixels[..., 0] > 170) & (pixels[..., 2] > 170) & (pixels[..., 1] < 90)
    count, _, stats, _ = cv2.connectedComponentsWithStats(is_magenta.astype(np.uint8))
    boxes = [
        (x, y, x + width, y + height)
        for x, y, width, height, area in stats[1:count].tolist()
        if area >= 100
    ]
    if not boxes:
        return Detections.empty(labels)
    return Detections(
        np.array(boxes, np.float32),
        np.full(len(boxes), 0.9, np.float32),
        np.full(len(boxes), labels.index("overflowing_bin"), np.int64),
        labels,
    )


def make_magenta_detector(manifest: ModelManifest) -> FakeDetector:
    """Return a detector whose answers are known."""
    return FakeDetector(manifest, lambda image: find_magenta(image, manifest.classes))


class ScriptedStream:
    """A camera that plays moments of a scene, with outages in between."""

    def __init__(
        self, moments: Sequence[float | Outage], stays: Sequence[Stay], source: str = "cam"
    ) -> None:
        self._moments = moments
        self._stays = stays
        self._source = source
        self.is_closed = False

    def __iter__(self) -> Iterator[Frame | Outage]:
        for moment in self._moments:
            if self.is_closed:
                return
            if isinstance(moment, Outage):
                yield moment
            else:
                yield make_frame(moment, self._stays, self._source)

    def close(self) -> None:
        self.is_closed = True
