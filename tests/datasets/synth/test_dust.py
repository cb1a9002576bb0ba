from pathlib import Path

import numpy as np
import pytest

from datasets.records import ImageRecord, LabelledBox
from datasets.synth.dust import LABEL, DustComposer, find_extent, merge_touching
from datasets.synth.dust_light import find_foreground, stands_in_sky
from datasets.synth.dust_plumes import SHAPES, Place
from datasets.synth.puffs import Stirring, draw_cloud
from datasets.synth.scene import Background, Scene
from detector.arrays import Image


def street() -> Image:
    """A grey road under a pale sky, with some texture."""
    rng = np.random.default_rng(1)
    image = np.full((180, 240, 3), (200, 190, 185), np.float32)
    image[70:] = (70, 72, 75)
    image[40:100, 150:200] = (60, 50, 110)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def background(*boxes: LabelledBox) -> Background:
    record = ImageRecord(Path("street.jpg"), "streets", frozenset({"bin", LABEL}), boxes)
    return Background(street(), record)


def compose(seed: int, *boxes: LabelledBox) -> Scene:
    for more in range(10):
        scene = DustComposer().compose(background(*boxes), np.random.default_rng([seed, more]))
        if scene is not None:
            return scene
    raise AssertionError("no plume could be seen in ten tries")


def test_same_seed_same_scene() -> None:
    first, second = compose(3), compose(3)
    assert first.image.tobytes() == second.image.tobytes()
    assert first.boxes == second.boxes
    assert first.image.tobytes() != compose(4).image.tobytes()


def test_background_is_not_changed() -> None:
    one = background()
    before = one.image.copy()
    one.image.flags.writeable = False
    DustComposer().compose(one, np.random.default_rng(0))
    assert np.array_equal(one.image, before)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_lie_inside_and_hold_most_of_the_change(seed: int) -> None:
    scene = compose(seed)
    change = np.abs(scene.image.astype(float) - street()).mean(axis=2)
    # What is left of the camera's noise and of invisible wisps says nothing.
    change[change < 12] = 0
    inside = np.zeros(change.shape, bool)
    assert scene.boxes
    for box in scene.boxes:
        x1, y1, x2, y2 = box.box_xyxy
        assert box.label == LABEL
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
        inside[round(y1 * 180) : round(y2 * 180), round(x1 * 240) : round(x2 * 240)] = True
    assert change[inside].sum() > 0.9 * change.sum()
    assert change[inside].mean() > 5


def test_boxes_of_the_background_stay() -> None:
    far = LabelledBox("bin", (0.0, 0.0, 0.05, 0.05))
    assert far in compose(2, far).boxes


def test_small_background_does_not_suit() -> None:
    record = ImageRecord(Path("a.jpg"), "a", frozenset(), ())
    tiny = Background(np.zeros((60, 300, 3), np.uint8), record)
    assert DustComposer().compose(tiny, np.random.default_rng(0)) is None


def test_invisible_plume_has_no_extent() -> None:
    image = street()
    opacity = np.zeros((180, 240), np.float32)
    opacity[90:150, 40:200] = 0.5
    assert find_extent(image, image, opacity) is None
    changed = image.copy()
    changed[90:150, 40:200] += 60
    assert find_extent(image, changed, opacity) == pytest.approx((40, 90, 200, 150), abs=4)


def test_touching_boxes_become_one_and_others_stay() -> None:
    boxes = [
        LabelledBox(LABEL, (0.0, 0.0, 0.3, 0.3)),
        LabelledBox(LABEL, (0.7, 0.7, 0.9, 0.9)),
        LabelledBox(LABEL, (0.2, 0.0, 0.5, 0.3)),
    ]
    merged = merge_touching(boxes)
    assert sorted(box.box_xyxy for box in merged) == [
        (0.0, 0.0, 0.5, 0.3),
        (0.7, 0.7, 0.9, 0.9),
    ]


@pytest.mark.parametrize("shape", [shape for shape, _ in SHAPES])
def test_every_shape_draws_a_cloud_near_its_place(shape: object) -> None:
    rng = np.random.default_rng(5)
    assert callable(shape)
    plume = shape(rng, Place((0.5, 0.5), 0.3, 0.2, 1.0))
    stirring = Stirring(thickest=1.0, floor_y=plume.floor_y)
    cloud = draw_cloud(rng, plume.puffs, stirring, (200, 150))
    assert cloud.opacity.shape == (150, 200)
    assert 0.4 < cloud.opacity.max() <= 1
    rows, columns = np.nonzero(cloud.opacity > 0.2)
    assert 20 < columns.mean() < 180
    assert 30 < rows.mean() < 110


def test_sky_and_ground_are_told_apart() -> None:
    assert stands_in_sky(street(), (0.2, 0.15))
    assert not stands_in_sky(street(), (0.2, 0.8))


def test_foreground_is_what_stands_on_nearer_ground() -> None:
    found = find_foreground(street(), 85.0, (20.0, 230.0))
    assert found is not None
    assert found[80, 175] > 0.9
    assert found[80, 60] < 0.1
    assert find_foreground(street(), 140.0, (20.0, 230.0)) is None
