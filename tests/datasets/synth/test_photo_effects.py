"""Effects are pure, the same from the same random state, and measure what they do."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from datasets.synth.photo_effects import (
    add_noise,
    add_speckle,
    blur,
    blur_by_motion,
    cast_shadow,
    estimate_blur_px,
    estimate_noise,
    estimate_speckle,
    expose,
    jpeg_round_trip,
    lift_local_contrast,
    light_at_night,
    luminance,
    rough_field,
    smooth_field,
)
from detector.arrays import Image

Effect = Callable[[Image, np.random.Generator], Image]

EFFECTS: dict[str, Effect] = {
    "blur": lambda image, _: blur(image, 1.5),
    "motion": lambda image, _: blur_by_motion(image, 7, 30),
    "noise": lambda image, rng: add_noise(image, 5, rng),
    "speckle": lambda image, rng: add_speckle(image, 0.02, rng),
    "jpeg": lambda image, _: jpeg_round_trip(image, 50),
    "expose": lambda image, _: expose(image, 0.8, 1.2, (1, 0.9, 1.1)),
    "contrast": lambda image, _: lift_local_contrast(image, 0.5),
    "night": light_at_night,
    "shadow": lambda image, _: cast_shadow(
        image, np.full(image.shape[:2], 255, np.uint8), (2, 2), 1, 0.4
    ),
}


def stripes() -> Image:
    columns = np.where(np.arange(160) // 20 % 2, 200, 60).astype(np.uint8)
    return np.repeat(np.tile(columns, (120, 1))[..., None], 3, axis=2)


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_makes_a_new_picture_the_same_from_the_same_state(effect: Effect) -> None:
    image = stripes()
    once = effect(image, np.random.default_rng(3))
    again = effect(image, np.random.default_rng(3))
    np.testing.assert_array_equal(image, stripes())
    np.testing.assert_array_equal(once, again)
    assert once.shape == image.shape
    assert once.dtype == np.uint8
    assert (once != image).any()


def test_weak_effects_return_copies() -> None:
    image = stripes()
    for weak in (
        blur(image, 0.1),
        blur_by_motion(image, 1, 0),
        add_noise(image, 0, np.random.default_rng(0)),
    ):
        np.testing.assert_array_equal(weak, image)
        assert weak is not image


def test_measured_blur_grows_with_the_blur() -> None:
    soft = [estimate_blur_px(luminance(blur(stripes(), sigma))) for sigma in (0, 1, 2)]
    assert soft[0] < soft[1] < soft[2]
    assert soft[1] == pytest.approx(1.0, abs=0.5)
    assert soft[2] == pytest.approx(2.0, abs=0.5)


def test_measured_noise_grows_with_the_noise() -> None:
    flat = np.full((200, 200, 3), 120, np.uint8)
    levels = [
        estimate_noise(luminance(add_noise(flat, sigma, np.random.default_rng(1))))
        for sigma in (0, 3, 8)
    ]
    assert levels[0] == 0
    assert 1.5 < levels[1] < 4
    assert levels[1] < levels[2]


def test_measured_speckle() -> None:
    flat = np.full((200, 200, 3), 128, np.uint8)
    speckled = add_speckle(flat, 0.03, np.random.default_rng(1))
    assert estimate_speckle(luminance(flat)) == 0
    assert estimate_speckle(luminance(speckled)) == pytest.approx(0.03, abs=0.006)


def test_shadow_falls_to_its_side() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 10:20] = 255
    shaded = cast_shadow(image, mask, (5, 5), 0, 0.5)
    assert (shaded[15:25, 15:25] == 100).all()
    assert cv2.countNonZero((shaded[..., 0] != 200).astype(np.uint8)) == 100


@pytest.mark.parametrize("field", [smooth_field, rough_field])
@pytest.mark.parametrize("size", [(1, 30), (30, 1), (57, 90)])
def test_fields_fill_any_size(
    field: Callable[[int, int, int, np.random.Generator], np.ndarray], size: tuple[int, int]
) -> None:
    drawn = field(*size, 4, np.random.default_rng(0))
    assert drawn.shape == size
    assert drawn.dtype == np.float32
    assert np.abs(drawn).max() < 2
