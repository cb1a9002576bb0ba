"""Boxes are exact: they hold the px that were painted, and no more."""

import cv2
import numpy as np
import pytest

from datasets.records import LabelledBox
from datasets.synth.poster_board import Board, Quad, bend_round
from datasets.synth.poster_canvas import Sheet
from detector.arrays import Image

SIZE = (240, 320)


def grey_wall() -> Image:
    """Return a wall with a sunlit strip below, by which the light can be told."""
    wall = np.full((*SIZE, 3), 110, np.uint8)
    wall[210:] = 240
    return wall


def board() -> Board:
    return Board(grey_wall(), np.random.default_rng(0))


def paper(lift: float = 0.0) -> Sheet:
    return Sheet(np.full((60, 40, 3), 245, np.uint8), np.full((60, 40), 255, np.uint8), 0.0, lift)


def upright(x0: float, y0: float, x1: float, y1: float) -> Quad:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def boxes_px(of: Board) -> list[tuple[float, ...]]:
    scale = np.array((SIZE[1], SIZE[0]) * 2)
    return [tuple((np.array(box.box_xyxy) * scale).round(6)) for box in of.boxes()]


def test_a_box_is_where_the_sheet_was_put() -> None:
    scene = board()
    assert scene.paste(paper(), upright(50, 60, 90, 120), "illegal_poster", 0)
    assert boxes_px(scene) == [pytest.approx((50, 60, 90, 120), abs=1)]


def test_a_box_holds_what_changed_and_touches_it_on_each_side() -> None:
    scene = board()
    quad = np.array([(70, 40), (160, 60), (150, 170), (60, 130)], np.float32)
    assert scene.paste(paper(), quad, "illegal_poster", 0)
    changed = (np.abs(scene.image.astype(int) - grey_wall()).max(axis=2) > 60).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(changed)
    assert boxes_px(scene) == [pytest.approx((left, top, left + width, top + height), abs=1.01)]


def test_a_torn_sheet_is_boxed_where_paper_is_left() -> None:
    scene = board()
    torn = paper()
    torn.alpha[:, 20:] = 0
    assert scene.paste(torn, upright(50, 60, 130, 120), "illegal_poster", 0)
    assert boxes_px(scene) == [pytest.approx((50, 60, 90, 120), abs=2)]


def test_boxes_are_cut_at_the_picture_and_strangers_left_out() -> None:
    scene = board()
    assert scene.paste(paper(), upright(-20, 60, 40, 120), "illegal_poster", 0)
    assert boxes_px(scene) == [pytest.approx((0, 60, 40, 120), abs=1)]
    assert not scene.paste(paper(), upright(-50, 60, 20, 120), "illegal_poster", 0)
    assert not scene.paste(paper(), upright(400, 60, 450, 120), "illegal_poster", 0)


def test_specks_and_what_cannot_be_told_from_the_wall_are_not_drawn() -> None:
    scene = board()
    assert not scene.paste(paper(), upright(50, 60, 53, 120), "illegal_poster", 0)
    grey = Sheet(np.full((60, 40, 3), 130, np.uint8), paper().alpha, 0.0, 0.0)
    assert not scene.paste(grey, upright(50, 60, 90, 120), "illegal_poster", 0)
    np.testing.assert_array_equal(scene.image, grey_wall())
    assert scene.boxes() == ()


@pytest.mark.parametrize(("shift", "expected"), [(35, 2), (20, 1)])
def test_sheets_that_hide_each_other_share_a_box(shift: int, expected: int) -> None:
    scene = board()
    assert scene.paste(paper(), upright(50, 60, 90, 120), "illegal_poster", 1)
    moved = upright(50 + shift, 60, 90 + shift, 120)
    assert scene.paste(paper(), moved, "illegal_poster", 1)
    assert len(scene.boxes()) == expected
    assert max(box[2] for box in boxes_px(scene)) == pytest.approx(90 + shift, abs=1)


def test_joined_things_have_one_box() -> None:
    scene = board()
    for left in (50, 120, 190):
        assert scene.paste(paper(), upright(left, 60, left + 40, 120), "illegal_poster", 0)
    scene.join(1, 3)
    assert boxes_px(scene) == [pytest.approx((50, 60, 230, 120), abs=1)]


def test_nothing_covers_more_than_it_may() -> None:
    scene = board()
    assert scene.paste(paper(), upright(50, 60, 90, 120), "illegal_poster", 0)
    assert not scene.paste(paper(), upright(60, 60, 100, 120), None, 0.1)
    assert scene.paste(paper(), upright(88, 60, 128, 120), None, 0.1)
    assert len(scene.boxes()) == 1


def test_an_occluder_cuts_boxes_but_hides_no_sheet() -> None:
    scene = board()
    assert scene.paste(paper(), upright(50, 60, 90, 120), "illegal_poster", 0)
    patch, mask = np.zeros((240, 60, 3), np.uint8), np.full((240, 60), 255, np.uint8)
    assert not scene.occlude(patch, mask, 40, 0)
    assert scene.occlude(patch, mask, 80, 0)
    assert boxes_px(scene) == [pytest.approx((50, 60, 80, 120), abs=1)]


def test_background_boxes_stay_unless_mostly_covered() -> None:
    scene = board()
    scene.paste(paper(), upright(50, 60, 90, 120), None, 0)
    hidden = LabelledBox("bin", (55 / 320, 65 / 240, 90 / 320, 120 / 240))
    seen = LabelledBox("bin", (55 / 320, 65 / 240, 180 / 320, 200 / 240))
    assert scene.still_seen((hidden, seen)) == (seen,)


def test_bending_darkens_the_sides() -> None:
    bent = bend_round(paper(), 1.2, 0.1)
    assert bent.alpha.shape[0] > 60
    middle = bent.alpha.shape[0] // 2
    sides = (bent.colour[middle, 0].mean(), bent.colour[middle, -1].mean())
    assert min(sides) < 0.7 * bent.colour[middle, 18].mean()
