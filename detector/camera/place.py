"""Places in a camera's view: when two boxes are of one problem.

Boxes are in shares of the frame's width and height, so that a camera that changes to another
resolution shows the same places. All that is compared here does not depend on the frame's shape.
"""

from collections.abc import Callable, Sequence
from typing import Final

from detector.camera.looks import BoxXyxy

MIN_IOU: Final = 0.3
"""Boxes of one thing overlap at least so much from look to look. SORT uses 0.3 too."""
MIN_IOU_DRIFTING: Final = 0.1
"""Of a cloud: its edge is fuzzy."""
SIMILAR_AREA: Final = 0.5
"""Small boxes jitter out of each other: where the smaller is at least this share of the other,"""
NEAR: Final = 0.75
"""and the centres are no further apart than this share of the sides, they are one place all the
same. Two things side by side are a whole side apart."""
MAX_OVERLAP: Final = 0.5
"""Two open incidents of one label never overlap more (IoU)."""
INSIDE: Final = 0.7
"""A box with so much of its area inside another is a part of it,"""
PART: Final = 0.15
"""unless it is smaller than this share of it: a sheet on a wall full of sheets is its own."""
SAME_THING: Final = 0.6
"""Boxes of two labels that overlap so much (IoU) are one thing that was named twice."""

Likeness = Callable[[BoxXyxy, BoxXyxy], float]


def to_shares(box_xyxy: BoxXyxy, image_wh: tuple[int, int]) -> BoxXyxy:
    """Return a box in shares of the frame."""
    w, h = image_wh
    return box_xyxy[0] / w, box_xyxy[1] / h, box_xyxy[2] / w, box_xyxy[3] / h


def to_pixels(box: BoxXyxy, image_wh: tuple[int, int]) -> BoxXyxy:
    """Return a box in pixels."""
    w, h = image_wh
    return box[0] * w, box[1] * h, box[2] * w, box[3] * h


def area_of(box: BoxXyxy) -> float:
    """Return the share of the frame that a box covers."""
    return (box[2] - box[0]) * (box[3] - box[1])


def shared_area(a: BoxXyxy, b: BoxXyxy) -> float:
    """Return the area that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def overlap(a: BoxXyxy, b: BoxXyxy) -> float:
    """Return intersection over union; 0 for boxes without area."""
    shared = shared_area(a, b)
    return shared / (area_of(a) + area_of(b) - shared) if shared > 0 else 0.0


def is_part(inner: BoxXyxy, outer: BoxXyxy) -> bool:
    """Tell whether a box is a part of another, or nearly the other itself."""
    area, whole = area_of(inner), area_of(outer)
    if PART * whole <= area <= whole and shared_area(inner, outer) >= INSIDE * area:
        return True
    return overlap(inner, outer) > MAX_OVERLAP


def likeness(a: BoxXyxy, b: BoxXyxy) -> float:
    """Return how well two boxes fit one thing that stands still; 0: they do not."""
    iou = overlap(a, b)
    if iou >= MIN_IOU:
        return iou
    areas = sorted((area_of(a), area_of(b)))
    similar = areas[0] >= SIMILAR_AREA * areas[1]
    return iou if similar and _are_near(a, b) else 0.0


def likeness_of_clouds(a: BoxXyxy, b: BoxXyxy) -> float:
    """Return how well two boxes fit one cloud; 0: they do not."""
    iou = overlap(a, b)
    return iou if iou >= MIN_IOU_DRIFTING or _holds_centre(a, b) or _holds_centre(b, a) else 0.0


def blend(old: BoxXyxy, new: BoxXyxy, weight: float) -> BoxXyxy:
    """Return a box between two, `weight` of the way to the new one."""
    return (
        old[0] + weight * (new[0] - old[0]),
        old[1] + weight * (new[1] - old[1]),
        old[2] + weight * (new[2] - old[2]),
        old[3] + weight * (new[3] - old[3]),
    )


def around(boxes: Sequence[BoxXyxy]) -> BoxXyxy:
    """Return the smallest box that holds some boxes."""
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def _are_near(a: BoxXyxy, b: BoxXyxy) -> bool:
    """Compare the distance of the centres with the mean sides; doubled all, it is sums alone."""
    across = abs(a[0] + a[2] - b[0] - b[2]) <= NEAR * (a[2] - a[0] + b[2] - b[0])
    down = abs(a[1] + a[3] - b[1] - b[3]) <= NEAR * (a[3] - a[1] + b[3] - b[1])
    return across and down


def _holds_centre(outer: BoxXyxy, inner: BoxXyxy) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]
