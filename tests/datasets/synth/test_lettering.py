"""Text is written with and without fonts on the machine."""

from pathlib import Path

import numpy as np
import pytest

from datasets.synth.lettering import Lettering, find_typefaces, fit, trim


@pytest.fixture
def lettering() -> Lettering:
    return Lettering(())


def test_without_fonts_opencv_writes_chinese(lettering: Lettering) -> None:
    assert {one.path for one in lettering.typefaces} == {None}
    assert lettering.covers("han")
    assert not lettering.covers("bengali")
    face = lettering.pick("bengali", np.random.default_rng(0))
    drawn = [lettering.write(letter, face, 40) for letter in "办证刻章"]
    assert len({mask.tobytes() for mask in drawn}) == 4


def test_folders_that_hold_no_fonts_count_as_none(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert find_typefaces((tmp_path, tmp_path / "missing")) == find_typefaces(())


@pytest.mark.parametrize("height", [3, 17, 40, 90])
def test_ink_has_the_height_that_was_asked_for(lettering: Lettering, height: int) -> None:
    face = lettering.typefaces[0]
    mask = lettering.write("开锁 13812345678", face, height)
    assert mask.shape[0] == height
    assert mask.shape[1] > 4 * height
    assert mask.max() > 100


def test_a_hand_is_unsteady_but_repeatable(lettering: Lettering) -> None:
    face = lettering.typefaces[0]
    once, again, other = (
        lettering.write_by_hand("租房 1390000", face, 30, np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(once, again)
    assert once.shape[0] == other.shape[0] == 30
    assert once.tobytes() != other.tobytes()


def test_trim_and_fit() -> None:
    mask = np.zeros((30, 40), np.uint8)
    assert trim(mask).shape == (1, 1)
    mask[5:15, 10:30] = 255
    assert trim(mask).shape == (10, 20)
    assert fit(trim(mask), 40, 40).shape == (20, 40)
    assert fit(trim(mask), 7, 9, stretch=True).shape == (9, 7)
