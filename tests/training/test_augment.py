"""Framing keeps boxes on their objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.arrays import BoxArray, Image
from training.augment import (
    BORDER,
    MIN_SIDE_PX,
    Sample,
    frame_sample,
    join_mosaic,
    vary_light,
)

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(64, 200)


def bright_object(width: int, height: int, box: tuple[int, int, int, int]) -> Sample:
    image = np.full((height, width, 3), 20, np.uint8)
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2] = 250
    return Sample(image, np.array([box], np.float32), np.array([3]))


def extent(image: Image) -> BoxArray | None:
    rows, columns = np.nonzero(image[..., 0] > 180)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)


@given(seeds, sides, sides, sides, sides)
def test_boxes_follow_their_objects(seed: int, width: int, height: int, w: int, h: int) -> None:
    sample = bright_object(width, height, (20, 16, 52, 40))
    framed = frame_sample(sample, (w, h), np.random.default_rng(seed))
    assert framed.image.shape == (h, w, 3)
    seen = extent(framed.image)
    for box in framed.boxes_xyxy:
        assert seen is not None
        slack = 3 + 0.13 * (seen[2:] - seen[:2]).max()  # turned: between the hull and the inside
        assert np.abs(box - seen).max() <= slack
        assert box.min() >= 0
        assert box[2] <= w
        assert box[3] <= h
        assert (box[2:] - box[:2]).min() >= MIN_SIDE_PX


@given(seeds)
def test_ids_go_with_boxes(seed: int) -> None:
    image = np.zeros((90, 120, 3), np.uint8)
    boxes = np.array([[0, 0, 30, 30], [60, 40, 110, 80], [5, 50, 9, 54]], np.float32)
    framed = frame_sample(Sample(image, boxes, np.arange(3)), (96, 96), np.random.default_rng(seed))
    assert len(framed.boxes_xyxy) == len(framed.class_ids) == len(set(framed.class_ids.tolist()))


@given(seeds)
def test_a_picture_without_boxes_stays_so(seed: int) -> None:
    empty = Sample(np.zeros((50, 70, 3), np.uint8), np.zeros((0, 4), np.float32), np.zeros(0, int))
    framed = frame_sample(empty, (64, 64), np.random.default_rng(seed))
    assert framed.boxes_xyxy.shape == (0, 4)


@given(seeds)
def test_mosaic_boxes_stand_on_their_objects(seed: int) -> None:
    samples = tuple(bright_object(100, 80, (20, 16, 80, 60)) for _ in range(4))
    first, second, third, fourth = samples
    joined = join_mosaic((first, second, third, fourth), (128, 96), np.random.default_rng(seed))
    assert joined.image.shape == (96, 128, 3)
    for x1, y1, x2, y2 in joined.boxes_xyxy.round().astype(int):
        part = joined.image[y1:y2, x1:x2, 0]
        assert (part > 180).mean() > 0.5


def test_the_border_is_the_letterbox_grey() -> None:
    sample = Sample(
        np.zeros((10, 200, 3), np.uint8), np.zeros((0, 4), np.float32), np.zeros(0, int)
    )
    framed = frame_sample(sample, (128, 128), np.random.default_rng(0))
    assert (framed.image == BORDER).all(axis=-1).any()


@given(seeds)
def test_light_keeps_shape_and_type(seed: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    before = image.copy()
    varied = vary_light(image, np.random.default_rng(seed))
    assert varied.shape == image.shape
    assert varied.dtype == np.uint8
    assert np.array_equal(image, before)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_picture(seed: int) -> None:
    sample = bright_object(100, 80, (20, 16, 80, 60))
    first, second = (
        vary_light(frame_sample(sample, (96, 96), rng).image, rng)
        for rng in (np.random.default_rng(seed), np.random.default_rng(seed))
    )
    assert np.array_equal(first, second)
