import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from detector.camera.zones import Point, Zone, check_zone, draw_zone, polygon_area, share_inside

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
DENT = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.1), (0.0, 1.0))

shares = st.integers(0, 1000).map(lambda whole: whole / 1000)


@st.composite
def stars(draw: st.DrawFn) -> tuple[Point, ...]:
    """Polygons whose corners go round a middle, with dents: their sides never cross."""
    radii = draw(st.lists(st.floats(0.05, 0.45), min_size=3, max_size=12))
    turn = draw(st.floats(0, math.tau))
    return tuple(
        (
            0.5 + radius * math.cos(turn + math.tau * i / len(radii)),
            0.5 + radius * math.sin(turn + math.tau * i / len(radii)),
        )
        for i, radius in enumerate(radii)
    )


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x1, x2 = sorted((draw(shares), draw(shares)))
    y1, y2 = sorted((draw(shares), draw(shares)))
    assume(x1 < x2 and y1 < y2)
    return x1, y1, x2, y2


@given(points=stars(), box_xyxy=boxes())
def test_the_share_inside_agrees_with_shapely(
    points: tuple[Point, ...], box_xyxy: tuple[float, float, float, float]
) -> None:
    area = box(*box_xyxy)
    expected = Polygon(points).intersection(area).area / area.area
    assert share_inside(box_xyxy, points) == pytest.approx(expected, abs=1e-6)
    assert share_inside(box_xyxy, points[::-1]) == pytest.approx(expected, abs=1e-6)


def test_known_shares() -> None:
    assert share_inside((0.25, 0.25, 0.5, 0.5), SQUARE) == 1
    assert share_inside((0, 0, 1, 1), DENT) == pytest.approx(0.55)
    assert share_inside((0.4, 0.6, 0.6, 1), DENT) == 0
    # A zone inside a larger box: the box is not in the zone.
    assert share_inside((0, 0, 1, 1), ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.4))) == (
        pytest.approx(0.04)
    )


@given(
    points=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=7, unique=True
    )
)
def test_plain_polygons_are_those_that_shapely_takes(points: list[tuple[int, int]]) -> None:
    corners = [(x / 8, y / 8) for x, y in points]
    plain = check_zone(corners) is None
    assert plain is (bool(Polygon(corners).is_valid) and Polygon(corners).area > 0)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (SQUARE[:2], "2 corners"),
        (SQUARE * 17, "68 corners"),
        ([(0, 0), (1, 0), (1, 1.5)], "outside the frame"),
        ([(0, 0), (1, 0), (math.nan, 1)], "outside the frame"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "cross or touch"),
        ([(0, 0), (1, 0), (1, 0), (1, 1)], "cross or touch"),
        ([(0, 0), (0.009, 0), (0.009, 0.009)], "almost no area"),
    ],
)
def test_what_is_wrong_with_a_zone(points: list[Point], words: str) -> None:
    assert words in (check_zone(points) or "")


def test_area_whichever_way_round() -> None:
    assert polygon_area(DENT) == polygon_area(DENT[::-1]) == pytest.approx(0.55)


@given(points=stars())
def test_drawn_cells_lie_about_the_polygon(points: tuple[Point, ...]) -> None:
    whole, touched = (draw_zone(points, (32, 18), whole=one) for one in (True, False))
    assert whole.shape == (18, 32) and not (whole & ~touched).any()
    # What is drawn as whole must be nearly covered; what is not touched nearly free.
    for y, x in np.ndindex(18, 32):
        inside = share_inside((x / 32, y / 18, (x + 1) / 32, (y + 1) / 18), points)
        if whole[y, x]:
            assert inside > 0.5
        if not touched[y, x]:
            assert inside < 0.5


def test_a_zone_without_labels_is_for_all() -> None:
    assert Zone(SQUARE).is_for("site_dust")
    assert not Zone(SQUARE, labels=("site_dust",)).is_for("overflowing_bin")
