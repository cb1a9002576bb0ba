from collections.abc import Callable

import numpy as np
import pytest

from detector.arrays import Image
from detector.detections import Detections
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest, TileSettings
from detector.tiling import detect_in_tiles, sees_wh

MakeManifest = Callable[..., ModelManifest]


def white_box(manifest: ModelManifest, largest_px: int) -> FakeDetector:
    """A detector that boxes the white pixels, blind to whatever exceeds `largest_px`."""

    def answer(image: Image) -> Detections:
        rows, columns = np.nonzero(image[..., 0] == 255)
        if not len(rows) or max(image.shape[:2]) > largest_px:
            return Detections.empty(manifest.classes)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return Detections(
            np.array([box], np.float32),
            np.array([0.9], np.float32),
            np.array([1], np.int64),
            manifest.classes,
        )

    return FakeDetector(manifest, answer)


def test_the_frame_grows_with_the_zoom() -> None:
    assert sees_wh((640, 480), None) == (640, 480)
    assert sees_wh((640, 480), TileSettings(2.5, 0.1)) == (1600, 1200)


@pytest.mark.parametrize("place", [(3, 5), (60, 60), (170, 100), (95, 118)])
def test_what_only_the_parts_show_is_found_once_and_in_place(
    make_manifest: MakeManifest, place: tuple[int, int]
) -> None:
    x, y = place
    image: Image = np.zeros((128, 192, 3), np.uint8)
    image[y : y + 8, x : x + 10] = 255
    detector = white_box(make_manifest(), largest_px=100)
    found = detect_in_tiles(detector, image, TileSettings(2.0, 0.3))
    assert found.boxes_xyxy.tolist() == [[x, y, x + 10, y + 8]]


def test_the_whole_and_its_parts_give_one_box(make_manifest: MakeManifest) -> None:
    image: Image = np.zeros((128, 192, 3), np.uint8)
    image[20:40, 20:40] = 255
    found = detect_in_tiles(white_box(make_manifest(), 10_000), image, TileSettings(2.0, 0.3))
    assert found.boxes_xyxy.tolist() == [[20, 20, 40, 40]]


def test_a_box_cut_by_a_tile_is_left_to_the_whole(make_manifest: MakeManifest) -> None:
    image: Image = np.zeros((128, 192, 3), np.uint8)
    image[60:70, :] = 255  # as wide as the picture: every tile cuts it
    found = detect_in_tiles(white_box(make_manifest(), 10_000), image, TileSettings(2.0, 0.3))
    assert found.boxes_xyxy.tolist() == [[0, 60, 192, 70]]


def test_a_picture_without_the_pixels_gets_one_look(make_manifest: MakeManifest) -> None:
    looks: list[tuple[int, ...]] = []
    manifest = make_manifest()

    def answer(image: Image) -> Detections:
        looks.append(image.shape)
        return Detections.empty(manifest.classes)

    image: Image = np.zeros((100, 100, 3), np.uint8)
    detect_in_tiles(FakeDetector(manifest, answer), image, TileSettings(2.0, 0.3))
    assert looks == [(100, 100, 3)]
