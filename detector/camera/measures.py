"""Numbers of one frame: how bright, how sharp, how still, and where its edges are. Pure."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detector.arrays import frozen
from detector.camera.frames import LumaArray
from detector.camera.looks import Condition, Measures

SMALL_SIDE: Final = 160
"""Most cells along the longer side of a small frame: a poster of a sixteenth of the frame's height
is 5 or 6 cells high, and a cell averages the noise of 144 pixels of 1920 x 1080."""
POINT_STEP_SHARE: Final = 160
"""Single pixels are compared on a grid of this many points along the longer side."""
OWN_TEXT_SHARE: Final = 0.12
"""Share of the height, at the upper and the lower edge, where cameras write their clock."""
SLOPE_SHARE: Final = 640
"""Slopes are measured over the longer side divided by this: 3 pixels of 1920."""
NOISE_SLOPE: Final = 12
"""Slopes up to this many levels count as noise: 3 times the difference of two pixels with a
night camera's sigma of 3."""
BLANK_CONTRAST: Final = 4.0
"""Standard deviation in levels under which a small frame shows nothing: a covered lens, a dead
sensor, a grey or blue test picture. Streets in fog have more than 8."""
DARK_LEVEL: Final = 45
"""A frame whose brightest twentieth stays under this is too dark to judge: video's black is 16,
and streets under lamps reach 100."""
SIGNATURE_WH: Final = (32, 18)
"""Cells of a signature: 5 small cells a side, so that vibration changes nothing."""
LOG_LEVELS: Final = 16
"""Added before the ratio, so that noise in the dark makes no edges."""
SIGNATURE_STEPS: Final = 15
"""Steps of a cell: more tell no more, and pack worse."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A frame made small, and what is compared of it later."""

    small: LumaArray
    """uint8 (H, W), a mean a cell, read-only."""
    cell_px: int
    """Pixels of the frame along a cell's side; the last few columns and rows of the frame may lie
    in no cell."""
    points: LumaArray
    """uint8: single pixels on a grid, none averaged, away from the camera's own clock."""
    sharpness: float
    """As of `Measures`."""


def take_sample(luma: LumaArray) -> Sample:
    """Make a frame small.

    Args:
        luma: uint8 (H, W), full size.
    """
    height, width = luma.shape
    longer = max(height, width)
    # Whole pixels a cell: OpenCV averages those eight times as fast as broken ones.
    cell = min(-(-longer // SMALL_SIDE), height, width)
    size = (width // cell, height // cell)
    whole = luma[: size[1] * cell, : size[0] * cell]
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    step = max(1, longer // POINT_STEP_SHARE)
    margin = int(height * OWN_TEXT_SHARE)
    rows = np.ascontiguousarray(luma[margin : max(margin + 1, height - margin) : step])
    points = np.ascontiguousarray(rows[:, ::step])
    return Sample(
        frozen(small.astype(np.uint8, copy=False)),
        cell,
        frozen(points),
        _measure_sharpness(rows, max(1, longer // SLOPE_SHARE)),
    )


def measure(sample: Sample, before: Sample | None, *, sign: bool) -> Measures:
    """Return the numbers of a sample.

    Args:
        sample: The frame.
        before: The sample before it, of the same camera and size; None: there was none.
        sign: Whether to make the signature, too.
    """
    mean, deviation = cv2.meanStdDev(sample.small)
    stillness = None
    if before is not None and before.points.shape == sample.points.shape:
        stillness = round(float(cv2.mean(cv2.absdiff(sample.points, before.points))[0]), 4)
    return Measures(
        brightness=round(float(mean[0, 0]), 2),
        contrast=round(float(deviation[0, 0]), 2),
        sharpness=round(sample.sharpness, 4),
        stillness=stillness,
        signature=make_signature(sample.small) if sign else None,
    )


def judge_condition(sample: Sample, measures: Measures) -> Condition:
    """Return whether a frame shows its scene: clear, dark or blank.

    Whether it is blurred only its camera's past can tell; see `health`.
    """
    if measures.contrast < BLANK_CONTRAST:
        return "blank"
    # Most frames are far from dark: sorting waits for those that may be.
    if measures.brightness < DARK_LEVEL and np.percentile(sample.small, 95) < DARK_LEVEL:
        return "dark"
    return "clear"


def make_signature(small: LumaArray) -> bytes:
    """Return where a scene has upright and level edges, on a coarse grid.

    Args:
        small: uint8 (H, W).

    Returns:
        A byte a cell and direction, in few steps; compare two with `compare_signatures`.
    """
    # Ratios of brightness, so that half the light leaves edges as they are.
    logs = np.log(small.astype(np.float32) + LOG_LEVELS)
    planes: list[npt.NDArray[np.float32]] = []
    for dx, dy in ((1, 0), (0, 1)):
        edges = np.abs(cv2.Scharr(logs, cv2.CV_32F, dx, dy))
        pooled = cv2.resize(edges, SIGNATURE_WH, interpolation=cv2.INTER_AREA)
        # Roots: one bright lamp must not outweigh a row of houses.
        planes.append(np.sqrt(pooled))
    stacked = np.stack(planes)
    scale = max(float(stacked.max()), 1e-6)
    return np.round(stacked / scale * SIGNATURE_STEPS).astype(np.uint8).tobytes()


def compare_signatures(then: bytes, now: bytes) -> float:
    """Return how well two signatures agree: their correlation, -1..1; 1: the same scene.

    Two without any edges agree wholly; one without agrees not at all with one that has some (0).
    Measured on 16 street photos: the same view in half the light, with noise or a car before it
    0.66 to 1, at night under one lamp 0.47 to 0.84; turned by a tenth of the frame 0.13 to 0.65,
    in the middle 0.39; by a fifth 0.21; another street at most 0.31.
    """
    a, b = (np.frombuffer(one, np.uint8).astype(np.float64) for one in (then, now))
    if a.shape != b.shape:
        return 0.0
    a, b = (one.reshape(2, -1) - one.reshape(2, -1).mean(1, keepdims=True) for one in (a, b))
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if size == 0:
        return 1.0 if not a.any() and not b.any() else 0.0
    return float((a * b).sum() / size)


def _measure_sharpness(rows: LumaArray, reach: int) -> float:
    """Return the mean slope beyond noise along some rows of a frame, in levels."""
    if rows.shape[1] <= reach:
        return 0.0
    slopes = cv2.absdiff(rows[:, reach:], rows[:, :-reach])
    return float(cv2.mean(cv2.subtract(slopes, np.full_like(slopes, NOISE_SLOPE)))[0])
