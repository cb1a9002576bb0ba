"""PNG, WebP and HEIC files become the right pixels."""

import sys
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.Image import Transpose

from detector.decode import decode_photo
from tests.detector.encoded_pictures import (
    CORNERS,
    assert_scene,
    codes,
    corners,
    encode,
    make_noise,
    make_png,
    make_scene,
    oriented_exif,
    png_chunk,
    refuse,
    store,
)


def encode_cv(array: Any, ending: str = ".png") -> bytes:
    encoded, data = cv2.imencode(ending, array)
    assert encoded
    return data.tobytes()


# PNG


def test_an_rgb_png_is_exact() -> None:
    picture = make_noise(97, 61)
    image = decode_photo(encode(picture, "PNG")).image
    assert (image == np.asarray(picture)[..., ::-1]).all()


def test_a_grey_png_is_exact() -> None:
    picture = make_noise(97, 61).convert("L")
    image = decode_photo(encode(picture, "PNG")).image
    assert (image == np.asarray(picture)[..., None]).all()


def test_16_bits_of_colour_lose_their_lower_byte() -> None:
    wide = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), np.uint16)
    assert (decode_photo(encode_cv(wide)).image == wide >> 8).all()


def test_16_bits_of_grey_lose_their_lower_byte() -> None:
    ramp = np.linspace(0, 65535, 64 * 32).astype(np.uint16).reshape(32, 64)
    data = encode_cv(ramp)
    assert (decode_photo(data).image == (ramp >> 8)[..., None]).all()
    small = decode_photo(data, sees_wh=(16, 8)).image
    average = (ramp >> 8).reshape(8, 4, 16, 4).mean(axis=(1, 3))
    assert small.shape == (8, 16, 3)
    assert np.abs(small[..., 0] - average).max() <= 1


def test_a_palette_png() -> None:
    data = encode(make_scene().quantize(8), "PNG")
    assert_scene(decode_photo(data).image)
    assert_scene(decode_photo(data, sees_wh=(24, 24)).image)


def test_transparent_entries_of_a_palette_become_white() -> None:
    picture = make_scene().quantize(4)
    numbers = np.asarray(picture)
    alpha = bytearray(b"\xff" * 4)
    alpha[numbers[0, 0]] = 0
    photo = decode_photo(encode(picture, "PNG", transparency=bytes(alpha)))
    assert corners(photo.image) == [(255, 255, 255), *CORNERS[1:]]


@pytest.mark.parametrize("sees_wh", [None, (24, 24)])
def test_a_transparent_colour_becomes_white(sees_wh: tuple[int, int] | None) -> None:
    data = encode(make_scene(), "PNG", transparency=(255, 0, 0))
    photo = decode_photo(data, sees_wh=sees_wh)
    assert corners(photo.image) == [(255, 255, 255), *CORNERS[1:]]


def test_a_transparent_grey_becomes_white() -> None:
    grey = PillowImage.new("L", (32, 32), 90)
    assert (decode_photo(encode(grey, "PNG", transparency=90)).image == 255).all()


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0, (255, 255, 255)), (255, (0, 0, 200)), (128, (127, 127, 227))]
)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_alpha_is_flattened_on_white(kind: str, alpha: int, expected: tuple[int, int, int]) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(PillowImage.new("RGBA", (32, 32), (200, 0, 0, alpha)), kind, **options)
    for sees_wh in (None, (8, 8)):
        image = decode_photo(data, sees_wh=sees_wh).image
        assert np.abs(image.astype(int) - expected).max() <= 1


def test_grey_with_alpha_is_flattened_on_white() -> None:
    data = encode(PillowImage.new("LA", (32, 32), (100, 128)), "PNG")
    assert np.abs(decode_photo(data).image.astype(int) - 177).max() <= 1


def test_a_png_of_one_bit_shrinks_to_greys() -> None:
    board = np.indices((32, 32)).sum(axis=0) % 2 == 0
    data = encode(PillowImage.fromarray(board), "PNG")
    assert (decode_photo(data).image == (board * 255)[..., None]).all()
    small = decode_photo(data, sees_wh=(8, 8)).image
    assert np.abs(small.astype(int) - 127).max() <= 1


def test_an_interlaced_png() -> None:
    pixels = np.asarray(make_noise(37, 29))
    lines = []
    # Adam7 (PNG specification, section 8): first column and row, and the steps.
    for x, y, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        lines += [b"\x00" + row.tobytes() for row in pixels[y::dy, x::dx]]
    data = make_png((37, 29, 8, 2, 0, 0, 1), zlib.compress(b"".join(lines)))
    assert (decode_photo(data).image == pixels[..., ::-1]).all()


def test_an_animated_png_gives_its_first_frame() -> None:
    others = [make_scene().transpose(Transpose.ROTATE_180)]
    photo = decode_photo(encode(make_scene(), "PNG", save_all=True, append_images=others))
    assert_scene(photo.image)
    assert codes(photo) == ["animated"]


def test_a_png_with_an_impossible_animation_is_scored() -> None:
    # Pillow would warn of it.
    good = encode(make_scene(), "PNG")
    photo = decode_photo(good[:33] + png_chunk(b"acTL", bytes(8)) + good[33:])
    assert_scene(photo.image)


# WebP and HEIC


@pytest.mark.parametrize(("options", "tolerance"), [({"lossless": True}, 0), ({"quality": 95}, 40)])
def test_a_webp(options: dict[str, Any], tolerance: int) -> None:
    photo = decode_photo(encode(make_scene(), "WEBP", **options))
    assert photo.full_wh == (96, 64)
    assert_scene(photo.image, tolerance)
    assert codes(photo) == []


def test_an_animated_webp_gives_its_first_frame() -> None:
    others = [make_scene().transpose(Transpose.ROTATE_180)]
    data = encode(make_scene(), "WEBP", save_all=True, append_images=others, lossless=True)
    photo = decode_photo(data)
    assert_scene(photo.image)
    assert codes(photo) == ["animated"]


def test_a_heic() -> None:
    photo = decode_photo(encode(make_scene(), "HEIC", quality=90))
    assert photo.full_wh == (96, 64)
    assert_scene(photo.image, 40)
    assert codes(photo) == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_heic_ends_upright_and_is_not_turned_twice(orientation: int) -> None:
    exif = oriented_exif(orientation).tobytes()
    data = encode(store(make_scene(), orientation), "HEIC", quality=90, exif=exif)
    for sees_wh, shape in ((None, (64, 96, 3)), ((48, 48), (32, 48, 3))):
        photo = decode_photo(data, sees_wh=sees_wh)
        assert photo.full_wh == (96, 64)
        assert photo.image.shape == shape
        assert_scene(photo.image, 40)


def test_a_heic_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(make_scene(), "HEIC")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    error = refuse(data, "heic_extra_missing")
    assert "street-issue-detector[heic]" in error.hint
