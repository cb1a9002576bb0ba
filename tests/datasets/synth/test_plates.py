from pathlib import Path

import numpy as np
import pytest

from datasets.records import ImageRecord, LabelledBox
from datasets.synth.lettering import Lettering
from datasets.synth.plates import LABEL, PlateComposer
from datasets.synth.plates_faces import DIGITS, KINDS, LETTERS, PROVINCES, draw_face, wear_face
from datasets.synth.plates_vehicles import CARRIERS
from datasets.synth.scene import Background, Scene

COMPOSER = PlateComposer(())
KEPT = LabelledBox("bin", (0.0, 0.0, 0.04, 0.04))


def background() -> Background:
    image = np.full((200, 260, 3), (128, 120, 118), np.uint8)
    image[::2] += 6
    record = ImageRecord(Path("street.jpg"), "streets", frozenset({"bin"}), (KEPT,))
    return Background(image, record)


def compose(seed: int) -> Scene:
    for more in range(10):
        scene = COMPOSER.compose(background(), np.random.default_rng([seed, more]))
        if scene is not None:
            return scene
    raise AssertionError("no place in ten tries")


def test_same_seed_same_scene_and_background_unchanged() -> None:
    given = background()
    given.image.flags.writeable = False
    first = COMPOSER.compose(given, np.random.default_rng(2))
    again = PlateComposer(()).compose(background(), np.random.default_rng(2))
    assert first is not None
    assert again is not None
    assert first.image.tobytes() == again.image.tobytes()
    assert first.boxes == again.boxes
    assert np.array_equal(given.image, background().image)


@pytest.mark.parametrize("seed", range(8))
def test_plates_lie_inside_and_have_a_plates_shape(seed: int) -> None:
    scene = compose(seed)
    plates = [box for box in scene.boxes if box.label == LABEL]
    assert plates
    for plate in plates:
        x1, y1, x2, y2 = plate.box_xyxy
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
        assert 0.4 < (x2 - x1) * 260 / ((y2 - y1) * 200) < 6
        inside = slice(round(y1 * 200), round(y2 * 200)), slice(round(x1 * 260), round(x2 * 260))
        change = np.abs(scene.image[inside].astype(float) - background().image[inside])
        assert change.mean() > 4


def test_uncovered_boxes_of_the_background_stay() -> None:
    assert all(KEPT in compose(seed).boxes for seed in range(3))


def test_small_background_does_not_suit() -> None:
    small = Background(np.zeros((80, 300, 3), np.uint8), background().record)
    assert COMPOSER.compose(small, np.random.default_rng(0)) is None


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=lambda kind: kind.name)
def test_faces_have_the_size_of_the_standard_and_keep_their_colour(kind: object) -> None:
    chosen = next(one for one, _ in KINDS if one == kind)
    rng = np.random.default_rng(3)
    face = draw_face(Lettering(()), chosen, rng)
    assert face.shape == (chosen.size_mm[1], chosen.size_mm[0], 3)
    kept = face.copy()
    worn = wear_face(face, rng)
    assert worn.shape == face.shape
    assert np.array_equal(face, kept)
    assert face.std() > 20


def test_blue_is_blue_and_yellow_is_yellow() -> None:
    kinds = {kind.name: kind for kind, _ in KINDS}
    blue = draw_face(Lettering(()), kinds["blue"], np.random.default_rng(0)).mean(axis=(0, 1))
    yellow = draw_face(Lettering(()), kinds["yellow_rows"], np.random.default_rng(0))
    assert blue[0] > blue[2] + 30
    assert np.median(yellow[..., 2]) > np.median(yellow[..., 0]) + 100


def test_alphabet_has_no_i_and_no_o() -> None:
    assert len(PROVINCES) == len(set(PROVINCES)) == 31
    assert set(LETTERS) | set(DIGITS) == set("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789")


@pytest.mark.parametrize("carrier", [drawing for drawing, _ in CARRIERS])
def test_carriers_have_room_for_the_plate(carrier: object) -> None:
    drawing = next(one for one, _ in CARRIERS if one is carrier)
    for seed in range(5):
        drawn = drawing(0.1, np.random.default_rng(seed))
        x, y = drawn.plate_xy
        height, width = drawn.opacity.shape
        assert 24 <= x <= width - 24
        assert 11 <= y <= height - 11
