"""Vary pictures as streets and phones do: framing, light, colour, sharpness. Pure numpy and OpenCV.

Boxes are float32 (N, 4) x1, y1, x2, y2 in pixels of the picture they belong to.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from datasets.records import ImageRecord
from detector.arrays import BoxArray, ClassIdArray, Image

BORDER: Final = 114
"""Grey round a picture, the value that the detector's letterbox fills with."""
MIN_VISIBLE_SHARE: Final = 0.35
"""A box that framing cuts to less is dropped: what is left can hardly be told."""
MIN_SIDE_PX: Final = 4
"""Half a cell of the finest grid (stride 8); smaller objects cannot be learned."""

RARELY: Final = 0.08
"""Share of pictures that are blurred, and so on for noise and hard compression."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture and its boxes."""

    image: Image
    boxes_xyxy: BoxArray
    class_ids: ClassIdArray


def make_sample(image: Image, record: ImageRecord, labels: tuple[str, ...]) -> Sample:
    """Join a decoded picture and its record; boxes of other labels are left out."""
    height, width = image.shape[:2]
    kept = [box for box in record.boxes if box.label in labels]
    frame = np.array([width, height, width, height], np.float32)
    boxes = np.array([box.box_xyxy for box in kept], np.float32).reshape(-1, 4) * frame
    return Sample(image, boxes, np.array([labels.index(box.label) for box in kept], np.int64))


def frame_sample(sample: Sample, canvas_wh: tuple[int, int], rng: np.random.Generator) -> Sample:
    """Show a picture larger or smaller, moved, mirrored and a little turned and stretched.

    Args:
        sample: The picture.
        canvas_wh: Size of the result.
        rng: Decides.

    Returns:
        The new picture, grey where the old one does not reach.
    """
    matrix = _draw_matrix(sample.image.shape[1::-1], canvas_wh, rng)
    image = cv2.warpAffine(
        sample.image, matrix, canvas_wh, borderMode=cv2.BORDER_CONSTANT, borderValue=(BORDER,) * 3
    )
    return _keep_visible(
        np.asarray(image, np.uint8), _move_boxes(sample.boxes_xyxy, matrix), sample.class_ids
    )


def _draw_matrix(
    source_wh: tuple[int, ...], canvas_wh: tuple[int, int], rng: np.random.Generator
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    source, canvas = np.array(source_wh[:2], float), np.array(canvas_wh, float)
    fit = (canvas / source).min()
    scale = fit if rng.random() < 0.3 else fit * np.exp(rng.uniform(np.log(0.6), np.log(1.6)))
    stretch = np.exp(rng.uniform(-0.1, 0.1))
    degrees = rng.uniform(-12, 12) if rng.random() < 0.15 else rng.uniform(-3, 3)
    turn = np.deg2rad(degrees)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = linear @ np.diag([scale * stretch * mirror, scale / stretch])
    slack = canvas - scale * source  # negative where the picture is larger than the canvas
    centre = canvas / 2 + rng.uniform(-0.5, 0.5, 2) * slack
    return np.column_stack([linear, centre - linear @ (source / 2)])


def _move_boxes(
    boxes_xyxy: BoxArray, matrix: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> BoxArray:
    """Return the boxes after the move, not clipped."""
    x1, y1, x2, y2 = boxes_xyxy.T
    corners = np.stack([[x1, x2, x2, x1], [y1, y1, y2, y2]])  # (2, 4, N)
    moved = np.einsum("ij,jkn->ikn", matrix[:, :2], corners) + matrix[:, 2, None, None]
    low, high = moved.min(axis=1), moved.max(axis=1)
    # A turned box's hull is larger than the object; the mean of hull and inscribed sides fits an
    # object that fills most of its box.
    middles = (moved + np.roll(moved, -1, axis=1)) / 2
    tight_low, tight_high = middles.min(axis=1), middles.max(axis=1)
    edges = np.concatenate([(low + tight_low) / 2, (high + tight_high) / 2])
    return np.ascontiguousarray(edges.T, dtype=np.float32)


def _keep_visible(image: Image, whole_xyxy: BoxArray, class_ids: ClassIdArray) -> Sample:
    height, width = image.shape[:2]
    clipped = whole_xyxy.clip(0, np.array([width, height, width, height], np.float32))
    sides = clipped[:, 2:] - clipped[:, :2]
    area = np.maximum(np.prod(whole_xyxy[:, 2:] - whole_xyxy[:, :2], axis=1), 1e-6)
    kept = (sides.min(axis=1, initial=np.inf) >= MIN_SIDE_PX) & (
        np.prod(sides, axis=1) >= MIN_VISIBLE_SHARE * area
    )
    return Sample(image, clipped[kept], class_ids[kept])


def join_mosaic(
    samples: tuple[Sample, Sample, Sample, Sample],
    canvas_wh: tuple[int, int],
    rng: np.random.Generator,
) -> Sample:
    """Put four pictures into the quarters of one, each framed anew.

    All four must have been looked at for the same labels: what is known of the whole is one list.
    """
    width, height = canvas_wh
    x, y = (int(side * rng.uniform(0.35, 0.65)) for side in canvas_wh)
    canvas = np.empty((height, width, 3), np.uint8)
    boxes, class_ids = [], []
    cells = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    for sample, (x1, y1, x2, y2) in zip(samples, cells, strict=True):
        framed = frame_sample(sample, (x2 - x1, y2 - y1), rng)
        canvas[y1:y2, x1:x2] = framed.image
        boxes.append(framed.boxes_xyxy + np.array([x1, y1, x1, y1], np.float32))
        class_ids.append(framed.class_ids)
    return Sample(canvas, np.concatenate(boxes), np.concatenate(class_ids))


def vary_light(image: Image, rng: np.random.Generator) -> Image:
    """Vary exposure, gamma, white balance and saturation; sometimes blur, noise, JPEG or grey."""
    ramp = np.arange(256, dtype=np.float32) / 255
    gamma, gain = np.exp(rng.uniform(-0.4, 0.4)), np.exp(rng.uniform(-0.3, 0.3))
    balance = np.exp(rng.uniform(-0.1, 0.1, 3))
    tables = np.stack([ramp**gamma * gain * channel for channel in balance], axis=-1)
    lit = cv2.LUT(image, (tables * 255).clip(0, 255).astype(np.uint8)[None])
    saturation = 0.0 if rng.random() < 0.02 else np.exp(rng.uniform(-0.7, 0.35))
    grey = cv2.cvtColor(cv2.cvtColor(lit, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    toned = cv2.addWeighted(lit, saturation, grey, 1 - saturation, 0)
    return _spoil(np.ascontiguousarray(toned, np.uint8), rng)


def _spoil(image: Image, rng: np.random.Generator) -> Image:
    """Blur, add noise or compress hard, each to a few pictures."""
    if rng.random() < RARELY:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5)), np.uint8)
    if rng.random() < RARELY:
        noise = rng.integers(-12, 13, image.shape, dtype=np.int16)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < RARELY:
        quality = int(rng.integers(25, 70))
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image
