from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.records import ImageRecord, LabelledBox
from datasets.synth.pasting import PasteComposer
from datasets.synth.pasting_boxes import keep_visible, share_box
from datasets.synth.pasting_cutouts import cut_object
from datasets.synth.scene import Background, Scene
from detector.arrays import Image

KEPT = LabelledBox("bin", (0.0, 0.0, 0.05, 0.05))


def photo_of_a_bin() -> Image:
    """A green bin with a peaked lid on a grey street."""
    rng = np.random.default_rng(4)
    image = np.full((300, 400, 3), 120, np.uint8)
    outline = np.array([[150, 130], [200, 105], [250, 130], [250, 210], [150, 210]])
    cv2.fillPoly(image, [outline], (60, 140, 50))
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def record(tmp_path: Path) -> ImageRecord:
    folder = tmp_path / "train"
    folder.mkdir()
    path = folder / "bin.png"
    cv2.imwrite(str(path), photo_of_a_bin())
    box = LabelledBox("bin", (150 / 400, 105 / 300, 250 / 400, 210 / 300))
    return ImageRecord(path, "bins", frozenset({"bin"}), (box,))


def background() -> Background:
    rng = np.random.default_rng(5)
    image = np.full((240, 320, 3), 160, np.float32)
    image[100:] = 95
    noisy = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    return Background(noisy, ImageRecord(Path("b.jpg"), "streets", frozenset({"bin"}), (KEPT,)))


def compose(record: ImageRecord, seed: int) -> Scene:
    for more in range(10):
        rng = np.random.default_rng([seed, more])
        scene = PasteComposer([record]).compose(background(), rng)
        if scene is not None:
            return scene
    raise AssertionError("no place in ten tries")


def test_same_seed_same_scene_and_background_unchanged(record: ImageRecord) -> None:
    given = background()
    given.image.flags.writeable = False
    composer = PasteComposer([record])
    scenes = [composer.compose(given, np.random.default_rng(3)) for _ in range(2)]
    assert scenes[0] is not None
    assert scenes[1] is not None
    assert scenes[0].image.tobytes() == scenes[1].image.tobytes()
    assert scenes[0].boxes == scenes[1].boxes
    assert np.array_equal(given.image, background().image)


@pytest.mark.parametrize("seed", range(5))
def test_boxes_fit_what_was_pasted(record: ImageRecord, seed: int) -> None:
    scene = compose(record, seed)
    pasted = [box for box in scene.boxes if box != KEPT]
    assert KEPT in scene.boxes
    assert pasted
    image = scene.image.astype(float)
    # The bin alone is green.
    green = image[..., 1] - image[..., [0, 2]].max(axis=2) > 25
    inside = np.zeros(green.shape, bool)
    for box in pasted:
        x1, y1, x2, y2 = box.box_xyxy
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
        area = slice(round(y1 * 240), round(y2 * 240)), slice(round(x1 * 320), round(x2 * 320))
        assert green[area].mean() > 0.6
        inside[area] = True
    assert green[inside].sum() >= 0.98 * green.sum()


def test_nothing_is_pasted_from_validation_photos(record: ImageRecord) -> None:
    leaked = ImageRecord(Path("data/val/a.jpg"), "bins", record.labelled, record.boxes)
    with pytest.raises(ValueError, match="validation"):
        PasteComposer([record, leaked])


def test_without_sources_it_says_so(record: ImageRecord) -> None:
    with pytest.raises(ValueError, match="No box"):
        PasteComposer([record], frozenset({"garbage"}))


def test_photo_is_no_source_for_itself(record: ImageRecord) -> None:
    own = Background(photo_of_a_bin(), record)
    assert PasteComposer([record]).compose(own, np.random.default_rng(0)) is None


def test_cutout_keeps_the_bin_and_leaves_the_street() -> None:
    cutout = cut_object(photo_of_a_bin(), (150, 105, 250, 210), flat=False)
    image = photo_of_a_bin().astype(float)
    green = image[..., 1] - image[..., [0, 2]].max(axis=2) > 25
    left, top = 150 - 16, 105 - 16
    high, wide = cutout.mask.shape
    truth = green[top : top + high, left : left + wide]
    assert (truth == (cutout.mask > 0.5)).mean() > 0.95


def test_flat_things_are_cut_along_their_box() -> None:
    cutout = cut_object(photo_of_a_bin(), (150, 105, 250, 210), flat=True)
    rows, columns = np.nonzero(cutout.mask > 0.5)
    assert abs(int(np.ptp(columns)) - 100) <= 4
    assert abs(int(np.ptp(rows)) - 105) <= 4


def test_mostly_covered_boxes_go() -> None:
    cover = np.zeros((100, 100), np.float32)
    cover[:50, :50] = 1
    hidden = LabelledBox("bin", (0.1, 0.1, 0.4, 0.4))
    half = LabelledBox("bin", (0.25, 0.1, 0.75, 0.4))
    assert keep_visible([hidden, half], cover) == (half,)


def test_boxes_are_clipped_to_the_picture() -> None:
    assert share_box("bin", (-10, 20, 50, 120), (100, 100)).box_xyxy == (0.0, 0.2, 0.5, 1.0)
