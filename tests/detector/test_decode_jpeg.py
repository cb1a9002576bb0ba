"""JPEGs of every kind become the right pixels; photos of all kinds end upright and scaled."""

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from detector.decode import decode_photo
from tests.detector.encoded_pictures import (
    assert_scene,
    codes,
    encode,
    make_noise,
    make_scene,
    oriented_exif,
    store,
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_end_upright(kind: str, orientation: int) -> None:
    stored = store(make_scene(), orientation)
    photo = decode_photo(encode(stored, kind, exif=oriented_exif(orientation)))
    assert photo.full_wh == (96, 64)
    assert photo.image.shape == (64, 96, 3)
    assert_scene(photo.image, 40 if kind == "WEBP" else 12)
    assert codes(photo) == []


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_scaled_pictures_end_upright(orientation: int) -> None:
    stored = store(make_scene(960, 640), orientation)
    data = encode(stored, exif=oriented_exif(orientation))
    photo = decode_photo(data, sees_wh=(240, 240))
    assert photo.full_wh == (960, 640)
    assert photo.image.shape == (160, 240, 3)
    assert_scene(photo.image)


@pytest.mark.parametrize(
    "options",
    [
        {"subsampling": "4:4:4"},
        {"subsampling": "4:2:2"},
        {"subsampling": "4:2:0"},
        {"progressive": True},
        {"restart_marker_blocks": 1},
        {"optimize": True},
        {"keep_rgb": True},
    ],
)
def test_ways_to_write_a_jpeg(options: dict[str, Any]) -> None:
    data = encode(make_scene(), **options)
    assert_scene(decode_photo(data).image)
    assert_scene(decode_photo(data, sees_wh=(24, 24)).image, 40)


def test_a_grey_jpeg() -> None:
    grey = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (40, 1))
    image = decode_photo(encode(PillowImage.fromarray(grey), quality=95)).image
    assert image.shape == (40, 120, 3)
    assert (image[..., 0] == image[..., 1]).all()
    assert (image[..., 1] == image[..., 2]).all()
    assert np.abs(image[..., 0].astype(int) - grey).max() <= 4


def cut_adobe_marker(data: bytes) -> bytes:
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def test_a_cmyk_jpeg_with_inverted_inks() -> None:
    data = encode(make_scene().convert("CMYK"), quality=95)
    assert b"Adobe" in data
    assert_scene(decode_photo(data).image)
    assert_scene(decode_photo(data, sees_wh=(24, 24)).image, 40)


def test_a_cmyk_jpeg_without_adobe_marker_has_plain_inks() -> None:
    inks = np.asarray(make_scene().convert("CMYK"))
    inverted = PillowImage.frombytes("CMYK", (96, 64), (255 - inks).tobytes())
    data = cut_adobe_marker(encode(inverted, quality=95))
    assert b"Adobe" not in data
    assert_scene(decode_photo(data).image)


def test_black_ink_darkens() -> None:
    inks = np.zeros((32, 32, 4), np.uint8)
    inks[..., 0], inks[..., 3] = 255, 128  # Cyan at half light.
    data = encode(PillowImage.frombytes("CMYK", (32, 32), inks.tobytes()), quality=95)
    image = decode_photo(data).image
    assert np.abs(image[16, 16].astype(int) - (127, 127, 0)).max() <= 3


def test_a_ycck_jpeg() -> None:
    # Stored are the colours of the inverse picture as YCbCr, and the light that black leaves.
    inverse = PillowImage.fromarray(255 - np.asarray(make_scene()))
    light = np.full((64, 96, 1), 255, np.uint8)
    stored = np.concatenate([np.asarray(inverse.convert("YCbCr")), light], axis=2)
    picture = PillowImage.frombytes("CMYK", (96, 64), (255 - stored).tobytes())
    data = bytearray(encode(picture, quality=95))
    data[data.index(b"Adobe") + 11] = 2  # The transform: YCCK.
    assert_scene(decode_photo(bytes(data)).image)


@pytest.mark.parametrize(
    ("wh", "sees_wh", "shrink"),
    [
        ((1280, 960), None, 1),
        ((1280, 960), (2000, 2000), 1),
        ((1280, 960), (1280, 960), 1),
        ((1280, 960), (641, 640), 1),
        ((1280, 960), (640, 640), 2),
        ((1279, 959), (640, 640), 1),
        ((1281, 961), (640, 640), 2),
        ((1280, 960), (321, 320), 2),
        ((1280, 960), (320, 320), 4),
        ((1280, 960), (161, 160), 4),
        ((1280, 960), (160, 160), 8),
        ((1280, 960), (16, 16), 8),
        # The fit is bounded by the tighter side alone.
        ((1280, 960), (160, 9999), 8),
        ((1280, 960), (9999, 120), 8),
        ((1285, 963), (160, 160), 8),
        ((1, 20000), (640, 640), 8),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_picture_shrinks_as_long_as_it_fills_the_frame(
    kind: str, wh: tuple[int, int], sees_wh: tuple[int, int] | None, shrink: int
) -> None:
    data = encode(PillowImage.new("RGB", wh, "gray"), kind)
    photo = decode_photo(data, sees_wh=sees_wh)
    width, height = -(-wh[0] // shrink), -(-wh[1] // shrink)
    assert photo.image.shape == (height, width, 3)
    assert photo.full_wh == wh
    assert photo.scale_xy == (wh[0] / width, wh[1] / height)


def test_the_frame_is_filled_by_the_upright_picture() -> None:
    # Upright 640 wide: at 1/8 it still fills 80; as stored, 480 wide, it would only be 1/4.
    data = encode(PillowImage.new("RGB", (480, 640)), exif=oriented_exif(6))
    photo = decode_photo(data, sees_wh=(80, 640))
    assert photo.full_wh == (640, 480)
    assert photo.image.shape == (60, 80, 3)


def test_scale_of_an_odd_size_on_its_side() -> None:
    data = encode(PillowImage.new("RGB", (1001, 667)), exif=oriented_exif(8))
    photo = decode_photo(data, sees_wh=(160, 160))
    assert photo.full_wh == (667, 1001)
    assert photo.image.shape == (251, 167, 3)
    assert photo.scale_xy == (667 / 167, 1001 / 251)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_a_scaled_picture_is_the_average_of_the_full_one(kind: str, shrink: int) -> None:
    data = encode(make_noise(640, 480), kind, quality=92)
    full = decode_photo(data).image
    small = decode_photo(data, sees_wh=(640 // shrink, 480 // shrink)).image
    wh = (640 // shrink, 480 // shrink)
    average = cv2.resize(full, wh, interpolation=cv2.INTER_AREA)
    assert small.shape == average.shape
    assert np.abs(small.astype(int) - average).mean() < 1.0
