"""Whole scenes: the same from the same state, boxes right, negatives without boxes."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.records import ImageRecord, LabelledBox
from datasets.synth.lettering import Lettering
from datasets.synth.photo_effects import rough_field
from datasets.synth.poster import LegalSignComposer, PosterComposer
from datasets.synth.poster_canvas import Brief
from datasets.synth.poster_kinds import ADS, NEGATIVES, Kind
from datasets.synth.poster_texts import SHOPS, choose_local, telephone, written_in
from datasets.synth.poster_wear import CRUST, wear_out
from datasets.synth.scene import Background, Composer, Scene

KEPT = LabelledBox("bin", (0.0, 0.0, 1.0, 1.0))
"""As large as the picture: never mostly covered."""


@pytest.fixture(scope="module")
def background() -> Background:
    rng = np.random.default_rng(5)
    field = np.dstack([rough_field(240, 320, 12, rng)] * 3)
    image = (120 + 25 * field).clip(0, 255).astype(np.uint8)
    image[::12] = 90
    return Background(image, ImageRecord(Path("wall.jpg"), "walls", frozenset(("bin",)), (KEPT,)))


def scenes(composer: Composer, background: Background, count: int) -> Iterator[Scene]:
    for seed in range(count):
        scene = composer.compose(background, np.random.default_rng(seed))
        if scene is not None:
            yield scene


@pytest.mark.parametrize("composer", [PosterComposer(()), LegalSignComposer(())])
def test_same_state_same_bytes(composer: Composer, background: Background) -> None:
    before = background.image.copy()
    for seed in range(2):
        once = composer.compose(background, np.random.default_rng(seed))
        again = composer.compose(background, np.random.default_rng(seed))
        assert (once is None) == (again is None)
        if once and again:
            assert once.image.tobytes() == again.image.tobytes()
            assert once.boxes == again.boxes
    np.testing.assert_array_equal(background.image, before)


def test_poster_scenes_have_boxes_inside_the_picture(background: Background) -> None:
    made = list(scenes(PosterComposer(()), background, 8))
    assert len(made) >= 6
    for scene in made:
        assert scene.image.shape == background.image.shape
        assert scene.boxes[0] == KEPT
        assert len(scene.boxes) > 1
        for box in scene.boxes[1:]:
            x0, y0, x1, y1 = box.box_xyxy
            assert box.label == "illegal_poster"
            assert 0 <= x0 < x1 <= 1
            assert 0 <= y0 < y1 <= 1
            assert min((x1 - x0) * 320, (y1 - y0) * 240) >= 5


def test_negative_scenes_have_only_the_boxes_of_their_background(background: Background) -> None:
    made = list(scenes(LegalSignComposer(()), background, 5))
    assert len(made) >= 4
    assert all(scene.boxes == (KEPT,) for scene in made)
    assert all((scene.image != background.image).any() for scene in made)


def test_composers_say_what_they_draw() -> None:
    assert PosterComposer(()).draws == {"illegal_poster"}
    assert LegalSignComposer(()).draws == frozenset()


@pytest.mark.parametrize("composer", [PosterComposer(()), LegalSignComposer(())])
def test_small_backgrounds_do_not_suit(composer: Composer, background: Background) -> None:
    small = Background(background.image[:100, :100], background.record)
    assert composer.compose(small, np.random.default_rng(0)) is None


@pytest.mark.parametrize("script", ["han", "latin", "cyrillic", "bengali"])
def test_signs_say_what_is_read_there(script: str) -> None:
    rng = np.random.default_rng(0)
    said = {written_in(choose_local(SHOPS, script, rng)) for _ in range(60)}
    expected = {"han": {"han"}, "cyrillic": {"cyrillic", "latin"}}
    assert said == expected.get(script, {"latin"})


def test_numbers_are_mobiles() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert re.fullmatch(r"1[3-9]\d{9}", telephone("han", rng).replace("-", ""))


@pytest.mark.parametrize("script", ["han", "latin", "cyrillic", "bengali"])
def test_each_kind_draws_at_any_size(script: str) -> None:
    lettering = Lettering(())
    rng = np.random.default_rng(1)
    photo = rng.integers(0, 256, (60, 80, 3), np.uint8)
    kinds: tuple[Kind, ...] = ADS + NEGATIVES
    for kind in kinds:
        for width, height in ((28, 40), (130, 30)):
            sheet = kind.draw(Brief(width, height, lettering, script, photo), rng)
            assert sheet.colour.shape == (height, width, 3)
            assert sheet.alpha.shape == (height, width)
            assert cv2.countNonZero(sheet.alpha) > 0
            worn = wear_out(sheet, CRUST, rng)
            assert worn.colour.dtype == worn.alpha.dtype == np.uint8
            assert worn.alpha.shape == sheet.alpha.shape
