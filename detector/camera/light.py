"""What differs between two frames of a fixed camera when the light does not count. Pure."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from detector.arrays import BoolArray
from detector.camera.frames import LumaArray

LevelArray = npt.NDArray[np.float32]
"""float32 (H, W): differences in levels of brightness, 0..255."""

BLACK_LEVEL: Final = 16
"""Video's black: light multiplies what lies above it."""
LEAST_LEVELS: Final = 8
"""Added to what lies above black before it is compared by ratio: lower, light leaves less behind,
but a camera's black is seldom exactly 16."""
LIGHT_CELLS: Final = 15
"""Side of the window whose mean ratio counts as its light, in cells of a small frame: a tenth of
the frame's width. With 21 clouds leave a third more and small objects show no better."""
WHITE_LEVEL: Final = 225
"""From here on cameras clip or bend their curve: what light alone brings here tells nothing."""
WHITE_MARGIN: Final = 10
"""Levels below it that light is still expected to bring to white: cells are means of pixels."""
SWAY_CELLS: Final = 0.25
"""Share of a cell by which a camera on a pole sways: 1 to 3 pixels. In ../shared/video/intel_sample
an empty road leaves up to 4 without it and 0.6 with it, and the faintest of 64 pasted objects falls
from 2.0 to 1.8; with 0.35 to 1.5. It takes most of a cloud's shadow away as well."""
NEIGHBOURS: Final = np.ones((3, 3), np.uint8)
LEVEL_SHARE: Final = 0.03
"""Light leaves behind what grows with brightness: soft edges of shadows, the camera's curve.
Without it clouds leave more than small objects do (`benchmarks/gate.py`)."""
CLUSTER_CELLS: Final = 5
"""Side of the window whose mean change is judged: a poster of a sixteenth of the frame's height.
Noise and compression leave single cells; an object leaves all of them."""

_LOGS: Final = np.log(
    np.maximum(np.arange(256, dtype=np.float32) - BLACK_LEVEL, 0) + LEAST_LEVELS
).astype(np.float32)


def difference_beside_light(
    then: LumaArray, now: LumaArray, ignored: BoolArray | None = None
) -> LevelArray:
    """Return how much each cell's brightness changed against its neighbourhood's.

    Light multiplies: sun, cloud, dusk and a camera's exposure change the ratio of two frames
    smoothly over the picture. The ratio's mean round each cell is taken for light; what is left
    is the scene. An object larger than the window shows by its rim and its texture.

    Args:
        then: uint8 (H, W), small.
        now: uint8 of the same shape.
        ignored: bool of the same shape: cells that count as unchanged, and not for the light
            round them either.

    Returns:
        float32 (H, W), in levels, with sign.
    """
    ratios: LevelArray = np.asarray(cv2.LUT(now, _LOGS) - cv2.LUT(then, _LOGS), np.float32)
    untold = _clipped(then, now, ratios)
    if ignored is not None:
        untold = ignored if untold is None else untold | ignored
    if untold is None:
        light = mean_cells(ratios, LIGHT_CELLS)
    else:
        told = (~untold).astype(np.float32)
        share_told = np.maximum(mean_cells(told, LIGHT_CELLS), np.float32(1e-6))
        light = np.asarray(mean_cells(ratios * told, LIGHT_CELLS) / share_told, np.float32)
        ratios = np.where(untold, light, ratios)
    levels = cv2.addWeighted(then, 0.5, now, 0.5, LEAST_LEVELS - BLACK_LEVEL, dtype=cv2.CV_32F)
    change: LevelArray = (ratios - light) * np.maximum(levels, LEAST_LEVELS)
    return change


def change_strengths(
    then: LumaArray, now: LumaArray, ignored: BoolArray | None = None
) -> LevelArray:
    """Return how strongly the scene changed round each cell, light apart.

    Args:
        then: uint8 (H, W), small.
        now: uint8 of the same shape.
        ignored: bool of the same shape: cells that count as unchanged.

    Returns:
        float32 (H, W): mean change of a cluster, by what light may leave behind; see `GateSettings`
        for what counts as a change.
    """
    change = np.abs(difference_beside_light(then, now, ignored))
    # What stood there before and stands there now may only have swayed: both have the edge.
    edges = cv2.min(*(cv2.morphologyEx(one, cv2.MORPH_GRADIENT, NEIGHBOURS) for one in (then, now)))
    change = mean_cells(np.maximum(change - SWAY_CELLS * edges, 0), CLUSTER_CELLS)
    # Of a blurred mean brightness: the change itself must not make its own excuse.
    levels = mean_cells(cv2.addWeighted(then, 0.5, now, 0.5, 0, dtype=cv2.CV_32F), CLUSTER_CELLS)
    strengths: LevelArray = change / (1 + LEVEL_SHARE * levels)
    return strengths


def light_gain(then: LumaArray, now: LumaArray) -> float:
    """Return by what factor the light of the whole frame changed: the median cell's."""
    return float(np.exp(np.median(cv2.LUT(now, _LOGS) - cv2.LUT(then, _LOGS))))


def _clipped(then: LumaArray, now: LumaArray, ratios: LevelArray) -> BoolArray | None:
    """Return True where white on one side is what light alone would bring there; None: nowhere."""
    white = cv2.max(then, now) >= WHITE_LEVEL
    if not white.any():
        return None
    gain = float(np.exp(np.median(ratios)))
    darker, factor = (then, gain) if gain >= 1 else (now, 1 / gain)
    expected = BLACK_LEVEL + (darker.astype(np.float32) - BLACK_LEVEL) * factor
    clipped: BoolArray = white & (expected >= WHITE_LEVEL - WHITE_MARGIN)
    return clipped


def mean_cells(cells: npt.NDArray[Any], side: int) -> LevelArray:
    """Return the mean of a square window round each cell, float32."""
    blurred = cv2.blur(cells, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)
