"""A second look at a large picture in parts, merged with the look at the whole."""

import numpy as np

from detector.arrays import BoolArray, BoxArray, Image
from detector.detections import Detections
from detector.geometry import suppress, tile_windows
from detector.models.base import Detector
from detector.models.manifest import TileSettings

EDGE_PX = 2.0
"""A box so near to a tile's inner edge is cut by it; the whole picture or a neighbour has it."""


def sees_wh(input_wh: tuple[int, int], tiles: TileSettings | None) -> tuple[int, int]:
    """Return the frame that a decoded picture must fill for the model to see all it can."""
    zoom = 1.0 if tiles is None else tiles.zoom
    return round(input_wh[0] * zoom), round(input_wh[1] * zoom)


def detect_in_tiles(detector: Detector, image: Image, tiles: TileSettings) -> Detections:
    """Look at the whole, then at tiles in row order; drop what is seen twice.

    Args:
        detector: The model.
        image: uint8 (H, W, 3).
        tiles: Zoom and overlap.

    Returns:
        Detections in the picture's pixels. A picture too small for the zoom gets one look.
    """
    manifest = detector.manifest
    height, width = image.shape[:2]
    input_wh = manifest.network.largest_wh
    fit = min(input_wh[0] / width, input_wh[1] / height)
    if fit * tiles.zoom > 1:
        return detector.detect([image])[0]
    tile_wh = (
        max(1, round(input_wh[0] / (fit * tiles.zoom))),
        max(1, round(input_wh[1] / (fit * tiles.zoom))),
    )
    windows = tile_windows((width, height), tile_wh, tiles.overlap)
    whole, *parts = detector.detect([image, *(image[y1:y2, x1:x2] for x1, y1, x2, y2 in windows)])
    boxes, scores, class_ids = [whole.boxes_xyxy], [whole.scores], [whole.class_ids]
    for window, part in zip(windows, parts, strict=True):
        uncut = ~_is_cut(part.boxes_xyxy, window, (width, height))
        offset = np.array([window[0], window[1]] * 2, np.float32)
        boxes.append(part.boxes_xyxy[uncut] + offset)
        scores.append(part.scores[uncut])
        class_ids.append(part.class_ids[uncut])
    all_boxes, all_scores = np.concatenate(boxes), np.concatenate(scores)
    all_ids = np.concatenate(class_ids)
    limits = manifest.suppression
    kept = suppress(
        all_boxes,
        all_scores,
        all_ids,
        max_iou=limits.max_iou,
        max_containment=limits.max_containment,
    )
    return Detections(all_boxes[kept], all_scores[kept], all_ids[kept], whole.labels)


def _is_cut(
    boxes_xyxy: BoxArray, window: tuple[int, int, int, int], image_wh: tuple[int, int]
) -> BoolArray:
    """Tell which boxes (in tile pixels) touch an edge of the tile that is not the picture's."""
    x1, y1, x2, y2 = window
    cut: BoolArray = (
        ((boxes_xyxy[:, 0] < EDGE_PX) & (x1 > 0))
        | ((boxes_xyxy[:, 1] < EDGE_PX) & (y1 > 0))
        | ((boxes_xyxy[:, 2] > x2 - x1 - EDGE_PX) & (x2 < image_wh[0]))
        | ((boxes_xyxy[:, 3] > y2 - y1 - EDGE_PX) & (y2 < image_wh[1]))
    )
    return cut
