import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.arrays import Image
from detector.errors import GeometryError
from detector.letterbox import (
    apply_letterbox,
    choose_input_wh,
    fit_letterbox,
    undo_letterbox,
)

sides = st.integers(1, 20_000)
inputs = st.sampled_from([(640, 640), (480, 480), (640, 384), (33, 64)])


@given(source_wh=st.tuples(sides, sides), input_wh=inputs)
def test_fit_fills_one_side_and_never_overflows(
    source_wh: tuple[int, int], input_wh: tuple[int, int]
) -> None:
    box = fit_letterbox(source_wh, input_wh)
    assert 1 <= box.resized_wh[0] <= input_wh[0] and 1 <= box.resized_wh[1] <= input_wh[1]
    assert box.resized_wh[0] == input_wh[0] or box.resized_wh[1] == input_wh[1]
    assert 2 * box.pad_left_px + box.resized_wh[0] in (input_wh[0], input_wh[0] - 1)
    assert 2 * box.pad_top_px + box.resized_wh[1] in (input_wh[1], input_wh[1] - 1)


@given(source_wh=st.tuples(sides, sides), input_wh=inputs, data=st.data())
def test_undo_is_the_exact_inverse_for_every_aspect_ratio(
    source_wh: tuple[int, int], input_wh: tuple[int, int], data: st.DataObject
) -> None:
    box = fit_letterbox(source_wh, input_wh)
    xs = sorted(data.draw(st.tuples(*[st.floats(0, source_wh[0])] * 2)))
    ys = sorted(data.draw(st.tuples(*[st.floats(0, source_wh[1])] * 2)))
    source = np.array([[xs[0], ys[0], xs[1], ys[1]]])
    scale = np.array([*box.scale_xy, *box.scale_xy])
    pad = np.array([box.pad_left_px, box.pad_top_px] * 2)
    fitted = (source * scale + pad).astype(np.float32)
    # float32 holds an input pixel to about 6e-5; one of them may span thousands of source pixels.
    tolerance = 1e-3 + 1e-4 / min(box.scale_xy)
    np.testing.assert_allclose(undo_letterbox(fitted, box), source, atol=tolerance)


def test_the_whole_input_comes_back_as_the_whole_picture() -> None:
    box = fit_letterbox((1001, 333), (640, 640))
    whole = undo_letterbox(np.array([[0, 0, 640, 640]], np.float32), box)
    assert whole.tolist() == [[0, 0, 1001, 333]]


def test_pixels_land_where_the_plan_says() -> None:
    image: Image = np.full((30, 100, 3), 200, np.uint8)
    image[:, :50] = 10
    box = fit_letterbox((100, 30), (64, 64))
    fitted = apply_letterbox(image, box, 114)
    assert fitted.shape == (64, 64, 3)
    top, bottom = box.pad_top_px, box.pad_top_px + box.resized_wh[1]
    assert (fitted[:top] == 114).all() and (fitted[bottom:] == 114).all()
    assert (fitted[top:bottom, :31] == 10).all() and (fitted[top:bottom, 33:] == 200).all()
    assert (image[:, :50] == 10).all()


def test_a_picture_of_the_input_size_is_not_resampled() -> None:
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    assert (apply_letterbox(image, fit_letterbox((64, 64), (64, 64)), 0) == image).all()


def test_what_is_not_finite_or_positive_is_refused() -> None:
    box = fit_letterbox((10, 10), (64, 64))
    with pytest.raises(GeometryError):
        undo_letterbox(np.array([[0, 0, np.nan, 1]], np.float32), box)
    with pytest.raises(GeometryError):
        fit_letterbox((0, 10), (64, 64))


SIZES_WH = ((640, 480), (480, 640), (640, 640), (640, 384), (384, 640))


@pytest.mark.parametrize(
    ("source_wh", "expected_wh"),
    [
        ((4000, 3000), (640, 480)),
        ((3000, 4000), (480, 640)),
        ((1001, 750), (640, 480)),
        ((1920, 1080), (640, 384)),
        ((1080, 1920), (384, 640)),
        ((500, 500), (640, 640)),
        ((20_000, 1), (640, 384)),
    ],
)
def test_a_picture_takes_the_input_that_shows_it_largest_with_least_border(
    source_wh: tuple[int, int], expected_wh: tuple[int, int]
) -> None:
    assert choose_input_wh(source_wh, SIZES_WH) == expected_wh


@given(source_wh=st.tuples(sides, sides))
def test_no_size_shows_a_picture_larger_than_the_chosen(source_wh: tuple[int, int]) -> None:
    chosen = fit_letterbox(source_wh, choose_input_wh(source_wh, SIZES_WH)).resized_wh
    square = fit_letterbox(source_wh, (640, 640)).resized_wh
    assert abs(max(chosen) - max(square)) <= 1
