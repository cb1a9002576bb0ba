import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.errors import DatasetError
from datasets.records import ImageRecord, LabelledBox
from datasets.synth.objects import ObjectComposer, ObjectMix
from datasets.synth.objects_blending import Canvas
from datasets.synth.objects_placing import Placement, Viewpoint, find_place, map_ground
from datasets.synth.objects_sprites import Sprite, load_pixels, load_sprites
from datasets.synth.scene import Background

COLOUR = (40, 160, 220)
SPRITE_WH = (60, 50)
BOX = (10, 8, 50, 44)


def write_sprite(
    folder: Path,
    number: int,
    label: str | None,
    *,
    height_m: float = 1.5,
    kind: str = "block",
    yaw_deg: float = 0.0,
) -> None:
    """A plain block of 40 x 36 px over a faint shadow, seen from 1.5 m with its horizon above."""
    width, height = SPRITE_WH
    bgra = np.zeros((height, width, 4), np.uint8)
    bgra[38:48, 4:58, 3] = 90
    mask = np.zeros((height, width), np.uint8)
    x1, y1, x2, y2 = BOX
    mask[y1:y2, x1:x2] = 255
    bgra[mask > 0] = (*COLOUR, 255)
    stem = f"{number:05d}"
    cv2.imwrite(str(folder / f"{stem}.png"), bgra)
    cv2.imwrite(str(folder / f"{stem}.mask.png"), mask)
    facts = {
        "label": label,
        "kind": kind,
        "size_px": [width, height],
        "box_xyxy_px": list(BOX),
        "horizon_y_px": -4.0,
        "camera_height_m": height_m,
        "yaw_deg": yaw_deg,
        "time": "sun",
    }
    (folder / f"{stem}.json").write_text(json.dumps(facts), encoding="utf-8")


@pytest.fixture
def sprites(tmp_path: Path) -> Path:
    for number, label in enumerate(("overflowing_bin", "bin", "garbage", "street_vending", None)):
        write_sprite(tmp_path, number, label)
        write_sprite(tmp_path, number + 10, label, height_m=4.0)
    return tmp_path


def street(*boxes: LabelledBox, set_name: str = "street") -> Background:
    """Sky, a wall and plain grey ground."""
    image = np.full((240, 320, 3), 128, np.uint8)
    image[:60] = (230, 190, 160)
    image[60:120, ::7] = 60
    labels = frozenset(box.label for box in boxes)
    return Background(image, ImageRecord(Path("street.jpg"), set_name, labels, boxes))


def only(label: str | None, *counts: float) -> ObjectMix:
    return ObjectMix(labels=((label, 1.0),), counts=counts or (1.0,), night_share=0.0)


def placed(sprite: Sprite, left: float, top: float, *, scale: float = 1.0) -> Placement:
    return Placement(sprite, scale, left, top, mirrored=False)


def test_same_seed_same_scene(sprites: Path) -> None:
    first, again = ObjectComposer(sprites), ObjectComposer(sprites)
    for seed in range(8):
        one = first.compose(street(), np.random.default_rng(seed))
        two = again.compose(street(), np.random.default_rng(seed))
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert one.image.tobytes() == two.image.tobytes()
            assert one.boxes == two.boxes


def test_background_is_left_as_it_is(sprites: Path) -> None:
    background = street()
    before = background.image.copy()
    background.image.flags.writeable = False
    assert ObjectComposer(sprites).compose(background, np.random.default_rng(1)) is not None
    np.testing.assert_array_equal(background.image, before)


def test_boxes_surround_what_was_drawn(sprites: Path) -> None:
    composer = ObjectComposer(sprites, only("street_vending"))
    background, scenes = street(), 0
    for seed in range(12):
        scene = composer.compose(background, np.random.default_rng(seed))
        if scene is None:
            continue
        scenes += 1
        (box,) = scene.boxes
        x1, y1, x2, y2 = np.array(box.box_xyxy) * (320, 240, 320, 240)
        assert 0 <= x1 < x2 <= 320
        assert 0 <= y1 < y2 <= 240
        assert x2 - x1 > 0.04 * 320
        yellow = np.ptp(scene.image.astype(int), axis=2) > 60
        yellow[:60] = False
        rows, columns = np.flatnonzero(yellow.any(axis=1)), np.flatnonzero(yellow.any(axis=0))
        assert abs(columns[0] - x1) <= 2
        assert abs(columns[-1] + 1 - x2) <= 2
        assert abs(rows[-1] + 1 - y2) <= 2
    assert scenes > 6


def test_things_without_a_label_get_no_box(sprites: Path) -> None:
    composer = ObjectComposer(sprites, only(None))
    scenes = [composer.compose(street(), np.random.default_rng(seed)) for seed in range(6)]
    assert any(scene is not None for scene in scenes)
    for scene in scenes:
        assert scene is None or scene.boxes == ()


def test_box_is_exact_and_clipped_at_the_frame(sprites: Path) -> None:
    sprite = load_sprites(sprites)[0]
    canvas, rng = Canvas.of(street().image), np.random.default_rng(0)
    assert canvas.add(placed(sprite, 100, 150), (), rng)
    assert canvas.boxes()[0].box_xyxy == (110 / 320, 158 / 240, 150 / 320, 194 / 240)
    assert canvas.add(placed(sprite, 280, 196), (), rng)  # 30 of 40 columns, all rows inside
    assert canvas.boxes()[1].box_xyxy == (290 / 320, 204 / 240, 1.0, 1.0)


def test_mostly_outside_is_refused(sprites: Path) -> None:
    canvas = Canvas.of(street().image)
    before = canvas.image.copy()
    assert not canvas.add(placed(load_sprites(sprites)[0], 295, 150), (), np.random.default_rng(0))
    np.testing.assert_array_equal(canvas.image, before)
    assert canvas.boxes() == ()


def test_occlusion_shrinks_or_refuses(sprites: Path) -> None:
    vending = next(s for s in load_sprites(sprites) if s.label == "street_vending")
    canvas, rng = Canvas.of(street().image), np.random.default_rng(0)
    assert canvas.add(placed(vending, 100, 120), (), rng)
    assert not canvas.add(placed(vending, 105, 124), (), rng)
    assert canvas.add(placed(vending, 130, 120), (), rng)
    assert canvas.boxes()[0].box_xyxy[2] == 140 / 320


def test_rubbish_never_lies_at_a_bin_in_order(sprites: Path) -> None:
    by_label = {s.label: s for s in load_sprites(sprites)}
    canvas, rng = Canvas.of(street().image), np.random.default_rng(0)
    assert canvas.add(placed(by_label["bin"], 100, 120), (), rng)
    assert not canvas.add(placed(by_label["garbage"], 141, 122), (), rng)
    assert canvas.add(placed(by_label["garbage"], 180, 122), (), rng)
    own = (LabelledBox("bin", (0.05, 0.5, 0.2, 0.9)),)
    assert not canvas.add(placed(by_label["garbage"], 40, 180), own, rng)


def test_background_boxes_stay(sprites: Path) -> None:
    own = LabelledBox("site_dust", (0.0, 0.0, 0.3, 0.2))
    composer = ObjectComposer(sprites)
    scenes = [composer.compose(street(own), np.random.default_rng(seed)) for seed in range(6)]
    assert any(scene is not None for scene in scenes)
    assert all(scene.boxes[0] == own for scene in scenes if scene is not None)


def test_shadow_darkens_the_ground_only(sprites: Path) -> None:
    image = np.full((240, 320, 3), 128, np.uint8)
    canvas = Canvas.of(image)
    canvas.add(placed(load_sprites(sprites)[0], 100, 120), (), np.random.default_rng(0))
    assert canvas.image[165, 106].max() < 120
    assert canvas.image[125, 103].tolist() == [128, 128, 128]


def test_foot_and_horizon_fit_together(sprites: Path) -> None:
    sprite = load_sprites(sprites)[0]
    background = street()
    ground = map_ground(background.image)
    view = Viewpoint(0.45, high=False)
    for seed in range(10):
        place = find_place(sprite, view, (320, 240), ground, np.random.default_rng(seed))
        if place is not None:
            below = (place.foot_y_px - 0.45 * 240) / (place.scale * (BOX[3] + 4.0))
            assert 0.87 < below < 1.13


def test_too_small_a_background(sprites: Path) -> None:
    record = ImageRecord(Path("x.jpg"), "x", frozenset(), ())
    small = Background(np.zeros((100, 400, 3), np.uint8), record)
    assert ObjectComposer(sprites).compose(small, np.random.default_rng(0)) is None


def test_wall_close_ups_stand_at_the_lower_edge(sprites: Path) -> None:
    composer = ObjectComposer(sprites, only("bin"))
    wall = street(set_name="backgrounds_walls")
    bottoms = [
        scene.boxes[0].box_xyxy[3]
        for seed in range(10)
        if (scene := composer.compose(wall, np.random.default_rng(seed))) is not None
    ]
    assert bottoms
    assert min(bottoms) > 0.9


def test_sprites_in_order_and_read_only(sprites: Path) -> None:
    found = load_sprites(sprites)
    assert [sprite.picture.stem for sprite in found] == sorted(s.picture.stem for s in found)
    assert not load_pixels(found[0]).bgra.flags.writeable


def test_full_bins_from_behind_are_left_out(tmp_path: Path) -> None:
    write_sprite(tmp_path, 0, "overflowing_bin", kind="dual", yaw_deg=-100)
    write_sprite(tmp_path, 1, "overflowing_bin", kind="row", yaw_deg=100)
    write_sprite(tmp_path, 2, "overflowing_bin", kind="row", yaw_deg=200)
    write_sprite(tmp_path, 3, "bin", kind="dual", yaw_deg=180)
    assert [sprite.picture.stem for sprite in load_sprites(tmp_path)] == ["00001", "00003"]


def test_no_sprites(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="street-issues-data render"):
        ObjectComposer(tmp_path)


def test_damaged_sprite(sprites: Path) -> None:
    (sprites / "00000.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DatasetError, match="00000"):
        load_sprites(sprites)


def test_missing_picture(sprites: Path) -> None:
    (sprites / "00000.png").unlink()
    with pytest.raises(DatasetError, match="00000"):
        load_pixels(load_sprites(sprites)[0])
