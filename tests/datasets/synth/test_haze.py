from pathlib import Path

import numpy as np
import pytest

from datasets.records import ImageRecord, LabelledBox
from datasets.synth.haze import EFFECTS, SmokeComposer
from datasets.synth.scene import Background

KEPT = LabelledBox("bin", (0.0, 0.9, 0.06, 0.99))


def background() -> Background:
    rng = np.random.default_rng(2)
    image = np.full((170, 220, 3), (205, 200, 190), np.float32)
    image[80:] = (95, 92, 90)
    noisy = np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
    record = ImageRecord(Path("street.jpg"), "streets", frozenset({"bin", "site_dust"}), (KEPT,))
    return Background(noisy, record)


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_effect_changes_the_picture_and_boxes_nothing(name: str) -> None:
    given = background()
    before = given.image.copy()
    given.image.flags.writeable = False
    composer = SmokeComposer(effects=(name,))
    scenes = [composer.compose(given, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    first, again, other = scenes
    assert first is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(given.image, before)
    assert set(first.boxes) <= {KEPT}
    assert first.image.tobytes() == again.image.tobytes()
    assert first.image.tobytes() != other.image.tobytes()
    assert first.image.dtype == np.uint8
    assert not np.array_equal(first.image, before)


def test_draws_nothing_by_its_own_word() -> None:
    assert SmokeComposer().draws == frozenset()


def test_small_background_does_not_suit() -> None:
    small = Background(np.zeros((90, 400, 3), np.uint8), background().record)
    assert SmokeComposer().compose(small, np.random.default_rng(0)) is None
