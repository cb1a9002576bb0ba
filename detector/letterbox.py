"""Fit a picture into the model's input, and bring boxes back exactly."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detector.arrays import BoxArray, Image
from detector.errors import GeometryError
from detector.geometry import clip_boxes, scale_boxes


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture was fitted: the whole numbers that were really applied."""

    source_wh: tuple[int, int]
    """Size of the picture."""
    input_wh: tuple[int, int]
    """Size of the model's input."""
    resized_wh: tuple[int, int]
    """Size of the picture inside the input. Rounding makes the two axes' scales differ a little,
    so the inverse divides by these and not by one scale."""
    pad_left_px: int
    pad_top_px: int

    @property
    def scale_xy(self) -> tuple[float, float]:
        """Input pixels per source pixel on each axis."""
        return (
            self.resized_wh[0] / self.source_wh[0],
            self.resized_wh[1] / self.source_wh[1],
        )


def choose_input_wh(
    source_wh: tuple[int, int], sizes_wh: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """Choose the input that shows a picture largest, and of equal ones the smallest.

    A photo of 4 : 3 fills 640 × 480 as largely as 640 × 640, at three quarters of the work.

    Args:
        source_wh: Size of the picture in pixels.
        sizes_wh: Sizes that the network may run at.

    Returns:
        One of the sizes.
    """

    def rank(size_wh: tuple[int, int]) -> tuple[float, int]:
        scale = min(size_wh[0] / source_wh[0], size_wh[1] / source_wh[1])
        # Half a pixel of the result is no gain: 1001 × 750 shall not take the square.
        shown_px = round(max(source_wh) * scale)
        return -shown_px, size_wh[0] * size_wh[1]

    return min(sizes_wh, key=rank)


def fit_letterbox(source_wh: tuple[int, int], input_wh: tuple[int, int]) -> Letterbox:
    """Plan the largest centred fit that keeps the aspect ratio.

    Args:
        source_wh: Size of the picture in pixels.
        input_wh: Size of the model's input in pixels.

    Returns:
        The plan; a side that would vanish keeps one pixel.

    Raises:
        GeometryError: A size is not positive.
    """
    if min(*source_wh, *input_wh) < 1:
        raise GeometryError(f"Cannot fit {source_wh} into {input_wh}: a side is not positive.")
    scale = min(input_wh[0] / source_wh[0], input_wh[1] / source_wh[1])
    resized_wh = (
        min(input_wh[0], max(1, round(source_wh[0] * scale))),
        min(input_wh[1], max(1, round(source_wh[1] * scale))),
    )
    return Letterbox(
        source_wh,
        input_wh,
        resized_wh,
        (input_wh[0] - resized_wh[0]) // 2,
        (input_wh[1] - resized_wh[1]) // 2,
    )


def apply_letterbox(image: Image, letterbox: Letterbox, pad_value: int) -> Image:
    """Resize and pad a picture as planned.

    Args:
        image: uint8 (H, W, 3) of `source_wh`.
        letterbox: The plan.
        pad_value: Grey level of the border, 0-255.

    Returns:
        uint8 (input H, input W, 3); a new array.
    """
    width, height = letterbox.resized_wh
    left, top = letterbox.pad_left_px, letterbox.pad_top_px
    canvas = np.full((letterbox.input_wh[1], letterbox.input_wh[0], 3), pad_value, np.uint8)
    if letterbox.resized_wh == letterbox.source_wh:
        canvas[top : top + height, left : left + width] = image
        return canvas
    # Bilinear looks at 2 × 2 pixels, so from half size on it would skip some and shimmer on fine
    # print; area averaging skips none, and costs four times as much.
    skips = 2 * width <= letterbox.source_wh[0] and 2 * height <= letterbox.source_wh[1]
    method = cv2.INTER_AREA if skips else cv2.INTER_LINEAR
    canvas[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=method
    )
    return canvas


def undo_letterbox(boxes_xyxy: BoxArray, letterbox: Letterbox) -> BoxArray:
    """Map boxes from model-input pixels back to source-image pixels.

    Args:
        boxes_xyxy: float32 (N, 4), model-input px.
        letterbox: The transform that produced the model input.

    Returns:
        float32 (N, 4), source-image px, clipped; a new array.

    Raises:
        GeometryError: An edge is not finite.
    """
    if not np.isfinite(boxes_xyxy).all():
        raise GeometryError("A box edge is not finite.")
    pad = np.array([letterbox.pad_left_px, letterbox.pad_top_px] * 2, np.float64)
    scale_x, scale_y = letterbox.scale_xy
    back = scale_boxes((boxes_xyxy - pad).astype(np.float64), (1 / scale_x, 1 / scale_y))
    return clip_boxes(back, letterbox.source_wh)
