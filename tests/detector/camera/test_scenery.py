"""Is a place as it was, light apart?"""

import cv2
import numpy as np
import pytest

from benchmarks.scenery import CHANGED, HIDDEN, SAME, Place, compare, make_places
from detector.camera.frames import LumaArray
from detector.camera.scenery import MemoryScenery, compare_places, same_appearance

PLACES = make_places(12)
BOX = (200.0, 100.0, 300.0, 200.0)


def _wall(seed: int = 0, wh: tuple[int, int] = (640, 360)) -> LumaArray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 220, (wh[1] // 8, wh[0] // 8), np.uint8)
    return cv2.resize(coarse, wh, interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def _seen(then: LumaArray, now: LumaArray) -> bool | None:
    return same_appearance(then, now, BOX)


@pytest.mark.parametrize(
    "name", [name for name in SAME if "H.264" not in name and "infrared" not in name]
)
def test_another_light_is_no_change(name: str) -> None:
    verdicts = [compare(place, SAME[name], i).verdict for i, place in enumerate(PLACES)]
    assert verdicts.count(False) == 0
    assert verdicts.count(True) >= len(PLACES) - 2


@pytest.mark.parametrize("name", ["gone (inpainted)", "another texture"])
def test_what_is_gone_is_a_change(name: str) -> None:
    verdicts = [compare(place, CHANGED[name], i).verdict for i, place in enumerate(PLACES)]
    assert verdicts == [False] * len(PLACES)


def test_what_is_gone_in_part_is_not_unchanged() -> None:
    name = "upper half another (bin emptied)"
    verdicts = [compare(place, CHANGED[name], i).verdict for i, place in enumerate(PLACES)]
    assert verdicts.count(True) == 0


def test_behind_something_large_nothing_can_be_told() -> None:
    (change,) = HIDDEN.values()
    verdicts = [compare(place, change, i).verdict for i, place in enumerate(PLACES)]
    assert verdicts == [None] * len(PLACES)


def test_the_same_picture_is_unchanged() -> None:
    assert _seen(_wall(), _wall()) is True


def test_an_even_place_tells_nothing() -> None:
    even = np.full((360, 640), 120, np.uint8)
    assert _seen(even, even) is None


def test_a_sheet_on_an_even_wall_that_is_taken_off_is_a_change() -> None:
    even = np.full((360, 640), 120, np.uint8)
    sheet = even.copy()
    sheet[100:200, 200:300] = _wall(1)[100:200, 200:300]
    assert _seen(sheet, even) is False
    assert _seen(sheet, sheet // 2) is True


def test_frames_of_two_sizes_compare() -> None:
    large = _wall(2, (1280, 720))
    small = cv2.resize(large, (640, 360), interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert same_appearance(large, small, BOX) is True
    assert same_appearance(small, large, (400.0, 200.0, 600.0, 400.0)) is True


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 60.0, 60.0),
        (580.0, 300.0, 640.0, 360.0),
        (0.0, 0.0, 640.0, 360.0),
        (10.2, 10.7, 12.9, 300.1),
        (10.0, 10.0, 10.5, 10.5),
        (0.0, 100.0, 640.0, 104.0),
    ],
)
def test_odd_boxes_are_compared_too(box: tuple[float, float, float, float]) -> None:
    wall = _wall()
    assert same_appearance(wall, wall, box) in (True, None)


def test_pictures_are_left_as_they_are() -> None:
    then, now = _wall(), _wall(1)
    then.flags.writeable = False
    now.flags.writeable = False
    compare_places(then, now, BOX)


def test_memory_answers_for_what_it_keeps() -> None:
    memory = MemoryScenery()
    full = _wall(3, (1920, 1080))
    memory.remember(("a", 1.0), full)
    memory.remember(("a", 2.0), (full // 2).astype(np.uint8))
    memory.remember(("a", 3.0), _wall(4, (1920, 1080)))
    box, wh = (600.0, 300.0, 900.0, 600.0), (1920, 1080)
    assert memory.unchanged(("a", 1.0), ("a", 2.0), box, wh) is True
    assert memory.unchanged(("a", 1.0), ("a", 3.0), box, wh) is None  # All of the view changed.
    memory.keep_only({("a", 2.0)})
    assert memory.unchanged(("a", 1.0), ("a", 2.0), box, wh) is None
    assert list(memory.kept) == [("a", 2.0)]
    assert memory.kept["a", 2.0].shape == (360, 640)


def test_memory_survives_a_restart() -> None:
    memory = MemoryScenery()
    small = _wall(3, (320, 180))
    memory.remember(("a", 1.0), small)
    small[:] = 0
    again = MemoryScenery(memory.kept)
    again.remember(("a", 2.0), _wall(3, (320, 180)))
    box = (100.0, 50.0, 160.0, 110.0)
    assert again.unchanged(("a", 1.0), ("a", 2.0), box, (320, 180)) is True


@pytest.mark.shared
def test_real_places_in_another_light_and_gone() -> None:
    from benchmarks.scenery import read_places

    places: list[Place] = read_places(6)
    assert len(places) >= 10
    for i, place in enumerate(places):
        assert compare(place, SAME["darker (gamma 2)"], i).verdict is True
    gone = [
        compare(place, CHANGED["gone (inpainted)"], i).verdict for i, place in enumerate(places)
    ]
    assert gone.count(False) >= 0.9 * len(gone)
