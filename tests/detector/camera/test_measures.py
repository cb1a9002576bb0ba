import cv2
import numpy as np
import pytest

from detector.camera.frames import LumaArray
from detector.camera.measures import (
    compare_signatures,
    judge_condition,
    make_signature,
    measure,
    take_sample,
)


def scene(wh: tuple[int, int] = (1920, 1080), seed: int = 0) -> LumaArray:
    """Houses and windows, a little grained."""
    rng = np.random.default_rng(seed)
    width, height = wh
    drawn = np.full((height, width), 120, np.uint8)
    for _ in range(80):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        w, h = (int(rng.integers(width // 60, width // 8)) for _ in range(2))
        cv2.rectangle(drawn, (x, y), (x + w, y + h), (int(rng.integers(40, 220)),), -1)
    return drawn


def lit(luma: LumaArray, gain: float) -> LumaArray:
    light = 16 + (luma.astype(np.float32) - 16) * gain
    return np.asarray(np.clip(light, 0, 255), np.uint8)


@pytest.mark.parametrize(
    ("wh", "small_wh", "cell"),
    [
        ((1920, 1080), (160, 90), 12),
        ((2688, 1520), (158, 89), 17),
        ((768, 432), (153, 86), 5),
        ((1080, 1920), (90, 160), 12),
        ((160, 120), (160, 120), 1),
        ((33, 7), (33, 7), 1),
        ((2000, 2), (1000, 1), 2),
    ],
)
def test_cells_are_whole_pixels(wh: tuple[int, int], small_wh: tuple[int, int], cell: int) -> None:
    luma = scene(wh)
    sample = take_sample(luma)
    assert (sample.small.shape[1], sample.small.shape[0]) == small_wh and sample.cell_px == cell
    assert abs(int(sample.small[0, 0]) - luma[:cell, :cell].mean()) <= 1
    assert not sample.small.flags.writeable and not sample.points.flags.writeable


def test_brightness_and_contrast() -> None:
    luma = np.full((1080, 1920), 50, np.uint8)
    luma[:, 960:] = 150
    measures = measure(take_sample(luma), None, sign=False)
    assert measures.brightness == 100 and measures.contrast == 50
    assert measures.stillness is None and measures.signature is None


def test_stillness_shows_the_noise_of_single_pixels() -> None:
    rng = np.random.default_rng(1)
    still = scene()
    noisy = np.clip(still + rng.normal(0, 2, still.shape), 0, 255).astype(np.uint8)
    before = take_sample(still)
    assert measure(take_sample(still.copy()), before, sign=False).stillness == 0
    # A mean of the absolute normal is 0.8 sigma.
    stillness = measure(take_sample(noisy), before, sign=False).stillness
    assert stillness is not None and 1.3 < stillness < 1.9


def test_a_clock_at_the_edge_does_not_make_a_frozen_picture_move() -> None:
    luma = scene()
    ticked = luma.copy()
    ticked[20:100, 1500:1800] = 235
    assert measure(take_sample(ticked), take_sample(luma), sign=False).stillness == 0


def test_stillness_is_unknown_after_the_size_changed() -> None:
    before = take_sample(scene((1280, 720)))
    assert measure(take_sample(scene((640, 480))), before, sign=False).stillness is None


def test_a_blurred_frame_is_far_less_sharp_and_noise_makes_none_sharp() -> None:
    rng = np.random.default_rng(2)
    sharp = scene()
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 8), np.uint8)
    even = np.clip(rng.normal(100, 2, sharp.shape), 0, 255).astype(np.uint8)
    values = [measure(take_sample(one), None, sign=False).sharpness for one in (sharp, blurred)]
    assert values[1] < 0.3 * values[0]
    assert measure(take_sample(even), None, sign=False).sharpness < 0.01 * values[0]


@pytest.mark.parametrize(
    ("gain", "condition"),
    [(1.0, "clear"), (0.3, "clear"), (0.15, "dark"), (0.05, "blank"), (0.0, "blank")],
)
def test_conditions(gain: float, condition: str) -> None:
    sample = take_sample(lit(scene(), gain))
    assert judge_condition(sample, measure(sample, None, sign=False)) == condition


def test_a_street_under_one_lamp_is_clear_and_an_even_grey_is_blank() -> None:
    night = lit(scene(), 0.05)
    night[600:900, 300:900] = scene()[600:900, 300:900]
    sample = take_sample(night)
    assert judge_condition(sample, measure(sample, None, sign=False)) == "clear"
    grey = take_sample(np.full((1080, 1920), 128, np.uint8))
    assert judge_condition(grey, measure(grey, None, sign=False)) == "blank"


def test_signatures_tell_a_turned_camera_from_other_light() -> None:
    luma = scene((2400, 1080))
    here, turned = luma[:, :1920], luma[:, 480:]
    signature = make_signature(take_sample(here).small)
    dimmed = make_signature(take_sample(lit(here, 0.4)).small)
    assert compare_signatures(signature, dimmed) > 0.95
    assert compare_signatures(signature, make_signature(take_sample(turned).small)) < 0.5
    assert measure(take_sample(here), None, sign=True).signature == signature


def test_signatures_without_edges() -> None:
    even = make_signature(np.full((90, 160), 80, np.uint8))
    edged = make_signature(take_sample(scene()).small)
    assert compare_signatures(even, even) == 1
    assert compare_signatures(even, edged) == 0
    assert compare_signatures(edged, edged) == pytest.approx(1)
    assert compare_signatures(edged, edged[:-1]) == 0
