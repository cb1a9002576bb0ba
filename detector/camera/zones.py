"""Zones of a camera: polygons in the frame, and how much of a box lies in one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import cv2
import numpy as np

from detector.arrays import BoolArray
from detector.camera.looks import BoxXyxy

Point = tuple[float, float]
ZoneKind = Literal["include", "exclude"]

MOST_ZONE_POINTS: Final = 64
"""As the service has it: a zone is drawn by hand."""
SMALLEST_ZONE_AREA: Final = 1e-4
"""Of the frame, as the service has it: 14 x 14 pixels of 1920 x 1080."""
FINE: Final = 4
"""Points a cell's side is asked at, to tell a cell that a zone's edge cuts."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon in the frame."""

    points: tuple[Point, ...]
    """Shares of width and height, 0..1, origin top left; the last point joins the first."""
    kind: ZoneKind = "include"
    """With at least one `include` zone only what lies in one counts; `exclude` always wins."""
    labels: tuple[str, ...] = ()
    """What it is for; empty: every label. For other labels it is as if it were not there."""
    name: str | None = None

    def is_for(self, label: str) -> bool:
        """Tell whether the zone speaks of a label."""
        return not self.labels or label in self.labels


def check_zone(points: Sequence[Point]) -> str | None:
    """Say what is wrong with a zone's corners, in the rules of the service; None: nothing."""
    if not 3 <= len(points) <= MOST_ZONE_POINTS:
        return f"has {len(points)} corners; a zone has 3 to {MOST_ZONE_POINTS}"
    if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points):  # False for NaN as well.
        return "has a corner outside the frame; corners are shares of its width and height, 0 to 1"
    sides = list(pairwise([*points, points[0]]))
    for i, side in enumerate(sides):
        for j in range(i + 1, len(sides)):
            if _touch(side, sides[j], next_to=j == i + 1, around=i == 0 and j == len(sides) - 1):
                return "has sides that cross or touch each other"
    if polygon_area(points) < SMALLEST_ZONE_AREA:
        return "has almost no area"
    return None


def polygon_area(points: Sequence[Point]) -> float:
    """Return the area of a polygon whose sides do not cross, whichever way round it goes."""
    around = zip(points, [*points[1:], *points[:1]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in around)) / 2


def share_inside(box_xyxy: BoxXyxy, points: Sequence[Point]) -> float:
    """Return the share of a box's area that lies in a polygon, exactly.

    Args:
        box_xyxy: A box with an area, in the polygon's units.
        points: Corners of a polygon whose sides do not cross; it may have dents.

    Returns:
        In [0, 1].
    """
    x1, y1, x2, y2 = box_xyxy
    # Sutherland-Hodgman: a dented polygon falls into parts joined by sides that run along the
    # box's edge there and back, which enclose nothing, so the area stays right.
    inside = list(points)
    for axis, limit, sign in ((0, x1, 1), (0, x2, -1), (1, y1, 1), (1, y2, -1)):
        inside = _cut(inside, axis, limit, sign)
    return min(1.0, polygon_area(inside) / ((x2 - x1) * (y2 - y1)))


def draw_zone(points: Sequence[Point], wh: tuple[int, int], *, whole: bool) -> BoolArray:
    """Return which cells of a grid over the frame a polygon covers.

    Args:
        points: Corners, shares of width and height.
        wh: Cells of the grid.
        whole: True: cells that lie in it wholly; False: cells that it touches.

    Returns:
        bool (H, W); both by a few points a cell, so what a hair's breadth cuts may go either way.
    """
    width, height = wh
    size = (width * FINE, height * FINE)
    corners = np.array([[x * size[0], y * size[1]] for x, y in points]) - 0.5
    drawn = np.zeros((size[1], size[0]), np.uint8)
    # OpenCV takes whole numbers with some bits behind the point: 8 are a 256th.
    fixed = np.round(corners * 256).astype(np.int32)
    cv2.fillPoly(drawn, [fixed], (1,), lineType=cv2.LINE_8, shift=8)
    cells = drawn.reshape(height, FINE, width, FINE)
    covered: BoolArray = np.asarray(cells.all((1, 3)) if whole else cells.any((1, 3)))
    return covered


def _cut(points: list[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """Cut a polygon at a line across an axis; sign 1 keeps what lies beyond the limit."""
    kept: list[Point] = []
    for here, there in zip(points, [*points[1:], *points[:1]], strict=True):
        a, b = sign * (here[axis] - limit), sign * (there[axis] - limit)
        if a >= 0:
            kept.append(here)
        if (a < 0 < b) or (b < 0 < a):
            at = a / (a - b)
            other = here[1 - axis] + at * (there[1 - axis] - here[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
    return kept


def _touch(
    one: tuple[Point, Point], two: tuple[Point, Point], *, next_to: bool, around: bool
) -> bool:
    """Tell whether two sides share a point that they should not."""
    if next_to:
        return _lies_on(one[0], two) or _lies_on(two[1], one)
    if around:
        return _lies_on(one[1], two) or _lies_on(two[0], one)
    if any(_lies_on(end, two) for end in one) or any(_lies_on(end, one) for end in two):
        return True
    return (
        _turn(*one, two[0]) * _turn(*one, two[1]) < 0
        and _turn(*two, one[0]) * _turn(*two, one[1]) < 0
    )


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return twice the signed area of a triangle."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _lies_on(point: Point, side: tuple[Point, Point]) -> bool:
    (x1, y1), (x2, y2) = side
    # Corners are written with few digits: a triangle this thin is a line.
    flat = abs(_turn((x1, y1), (x2, y2), point)) < 1e-12
    between_x = min(x1, x2) <= point[0] <= max(x1, x2)
    return flat and between_x and min(y1, y2) <= point[1] <= max(y1, y2)
