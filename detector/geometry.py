"""Boxes: overlap, suppression, clipping, tiles. Pure numpy."""

import numpy as np
import numpy.typing as npt

from detector.arrays import BoolArray, BoxArray, ClassIdArray, IndexArray, ScoreArray
from detector.errors import GeometryError

TINY = np.float32(np.finfo(np.float32).tiny)
"""Keeps a division by an empty area from being one by zero."""


def box_areas(boxes_xyxy: BoxArray) -> npt.NDArray[np.float32]:
    """Return float32 (N,): areas in square pixels."""
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    areas: npt.NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return areas


def intersection_areas(a_xyxy: BoxArray, b_xyxy: BoxArray) -> npt.NDArray[np.float32]:
    """Return float32 (N, M): the area that box i of `a` shares with box j of `b`."""
    low = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    high = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared: npt.NDArray[np.float32] = (sides[..., 0] * sides[..., 1]).astype(np.float32)
    return shared


def box_iou(a_xyxy: BoxArray, b_xyxy: BoxArray) -> npt.NDArray[np.float32]:
    """Return float32 (N, M): intersection over union; 0 where both areas are 0."""
    shared = intersection_areas(a_xyxy, b_xyxy)
    union = box_areas(a_xyxy)[:, None] + box_areas(b_xyxy)[None, :] - shared
    iou: npt.NDArray[np.float32] = (shared / np.maximum(union, TINY)).astype(np.float32, copy=False)
    return iou


def contained_shares(inner_xyxy: BoxArray, outer_xyxy: BoxArray) -> npt.NDArray[np.float32]:
    """Return float32 (N, M): the share of `inner` box i that lies inside `outer` box j."""
    shared = intersection_areas(inner_xyxy, outer_xyxy)
    areas = np.maximum(box_areas(inner_xyxy)[:, None], TINY)
    return (shared / areas).astype(np.float32, copy=False)


def suppress(
    boxes_xyxy: BoxArray,
    scores: ScoreArray,
    class_ids: ClassIdArray,
    *,
    max_iou: float,
    max_containment: float,
) -> IndexArray:
    """Drop boxes that repeat, or lie inside, a better box of the same class.

    A box goes when its IoU with a kept better box exceeds `max_iou`, or when more than
    `max_containment` of its own area lies inside one. End-to-end heads leave such nested
    boxes. A larger box round a better smaller one stays: it is another statement.

    Args:
        boxes_xyxy: float32 (N, 4).
        scores: float32 (N,), any order; ties keep the order given.
        class_ids: int64 (N,).
        max_iou: In [0, 1]; 1 switches this test off.
        max_containment: In [0, 1]; 1 switches this test off.

    Returns:
        int64 (K,): positions kept, best first.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, classes = boxes_xyxy[order], class_ids[order]
    same = classes[:, None] == classes[None, :]
    repeats: BoolArray = same & (
        (box_iou(boxes, boxes) > max_iou) | (contained_shares(boxes, boxes) > max_containment)
    )
    kept: list[int] = []
    for i in range(len(order)):
        if not repeats[i, kept].any():
            kept.append(i)
    return order[np.asarray(kept, np.int64)]


def clip_boxes(boxes_xyxy: BoxArray, wh: tuple[int, int]) -> BoxArray:
    """Return boxes cut to a picture of `wh` pixels; a new array."""
    width, height = wh
    limit = np.array([width, height, width, height], np.float32)
    clipped: BoxArray = np.clip(boxes_xyxy, 0, limit)
    return clipped


def scale_boxes(boxes_xyxy: BoxArray, scale_xy: tuple[float, float]) -> BoxArray:
    """Return boxes with both axes multiplied; a new array."""
    factors = np.array([*scale_xy, *scale_xy], np.float64)
    return (boxes_xyxy * factors).astype(np.float32)


def tile_windows(
    image_wh: tuple[int, int], tile_wh: tuple[int, int], overlap: float
) -> tuple[tuple[int, int, int, int], ...]:
    """Cover a picture with windows of one size, row by row.

    Args:
        image_wh: Size of the picture in pixels.
        tile_wh: Size of a window; a picture smaller than it gives one window of its own size.
        overlap: Least share of a window that it shares with its neighbour, in [0, 0.9].

    Returns:
        Windows (x1, y1, x2, y2), in fixed order, the last ones flush with the far edges.

    Raises:
        GeometryError: A size is not positive or the overlap is out of range.
    """
    if min(*image_wh, *tile_wh) < 1 or not 0 <= overlap <= 0.9:
        raise GeometryError(f"No tiles of {tile_wh} with overlap {overlap} in {image_wh}.")
    xs, ys = (
        _tile_starts(length, tile, overlap) for length, tile in zip(image_wh, tile_wh, strict=True)
    )
    return tuple(
        (x, y, min(x + tile_wh[0], image_wh[0]), min(y + tile_wh[1], image_wh[1]))
        for y in ys
        for x in xs
    )


def _tile_starts(length: int, tile: int, overlap: float) -> tuple[int, ...]:
    if length <= tile:
        return (0,)
    step = max(1, int(tile * (1 - overlap)))
    count = -(-(length - tile) // step) + 1
    return tuple(round(i * (length - tile) / (count - 1)) for i in range(count))
