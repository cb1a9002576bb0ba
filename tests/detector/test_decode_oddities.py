"""Odd photos are scored and what is odd is told; the pixels come in one form."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image as PillowImage

from detector.decode import decode_photo, hash_photo
from tests.detector.encoded_pictures import (
    KINDS,
    assert_scene,
    codes,
    encode,
    make_noise,
    make_scene,
    oriented_exif,
    refuse,
)

# Odd but scored


def test_a_jpeg_of_two_pictures_gives_the_first() -> None:
    others = [make_noise(64, 96)]
    data = encode(make_scene(), "MPO", save_all=True, append_images=others)
    photo = decode_photo(data, name="1.jpg")
    assert_scene(photo.image)
    assert codes(photo) == []


def test_what_phones_append_does_no_harm() -> None:
    # A film of some megabytes holds the mark of a scan many times over.
    film = b"\x00\x00\x00\x18ftypmp42" + b"\x00\xff\xda\x17" * 1000
    film += np.random.default_rng(0).bytes(200_000)
    for progressive in (False, True):
        photo = decode_photo(encode(make_scene(), progressive=progressive) + film)
        assert_scene(photo.image)
        assert codes(photo) == []


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_bytes_after_the_end_do_no_harm(kind: str) -> None:
    assert_scene(decode_photo(encode(make_scene(), kind) + b"appended" * 100).image, 40)


@pytest.mark.parametrize(
    "stray", [b"\x12\x34\x56\x78" * 4, bytes(500), b"\x11" * 3000], ids=["few", "zeros", "padding"]
)
def test_stray_bytes_before_the_end_are_told(stray: bytes) -> None:
    data = encode(make_scene())
    photo = decode_photo(data[:-2] + stray + data[-2:])
    assert codes(photo) == ["stray_bytes"]
    assert (photo.image == decode_photo(data).image).all()


def test_many_stray_bytes_that_are_no_padding_are_corrupt() -> None:
    data = encode(make_scene())
    stray = bytes(range(1, 200))
    assert "extraneous bytes" in refuse(data[:-2] + stray + data[-2:], "corrupt").message


def test_damage_is_not_hidden_by_stray_bytes() -> None:
    data = encode(make_noise(320, 240), restart_marker_blocks=4)
    middle = len(data) // 2
    refuse(data[:middle] + data[middle + 500 : -2] + bytes(3) + data[-2:], "corrupt", "truncated")


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_wrong_orientation_is_taken_as_upright(orientation: int) -> None:
    photo = decode_photo(encode(make_scene(), exif=oriented_exif(orientation)))
    assert_scene(photo.image)
    assert codes(photo) == ["orientation_invalid"]


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_exif_is_told(kind: str) -> None:
    garbage = b"Exif\x00\x00" + np.random.default_rng(1).bytes(200)
    photo = decode_photo(encode(make_scene(), kind, exif=garbage))
    assert_scene(photo.image, 40)
    assert "exif_unreadable" in codes(photo)


@pytest.mark.parametrize("wh", [(1, 20_000), (20_000, 1), (1001, 100)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_strip_is_told(kind: str, wh: tuple[int, int]) -> None:
    photo = decode_photo(encode(PillowImage.new("RGB", wh), kind))
    assert photo.full_wh == wh
    assert codes(photo) == ["extreme_aspect"]


def test_ten_to_one_is_no_strip() -> None:
    assert codes(decode_photo(encode(PillowImage.new("RGB", (1000, 100))))) == []


@pytest.mark.parametrize(
    ("kind", "name", "odd"),
    [
        ("PNG", "a.jpg", True),
        ("JPEG", "folder.png/b.HEIC", True),
        ("PNG", "a.PNG", False),
        ("JPEG", "a.jpeg", False),
        ("JPEG", "a.MPO", False),
        ("JPEG", "a", False),
        ("JPEG", "", False),
        # An ending that is no photo's says nothing.
        ("JPEG", "photo.jpg.part", False),
        ("PNG", "upload.7", False),
    ],
)
def test_an_ending_that_does_not_fit_is_told(kind: str, name: str, odd: bool) -> None:
    photo = decode_photo(encode(make_scene(), kind), name=name)
    assert codes(photo) == (["extension_mismatch"] if odd else [])


# The answer's form


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_pictures_are_contiguous_and_read_only(kind: str, orientation: int) -> None:
    exif = oriented_exif(orientation).tobytes()
    image = decode_photo(encode(make_scene(), kind, exif=exif)).image
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 0


def test_the_same_bytes_give_the_same_pixels() -> None:
    data = encode(make_noise(320, 240))
    assert (decode_photo(data).image == decode_photo(data).image).all()
    # The well-known sha256 of nothing.
    assert hash_photo(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_threads_decode_odd_files_without_a_warning_or_a_changed_filter() -> None:
    exif = oriented_exif(3).tobytes()
    broken = exif[:14] + b"\xff\xff" + exif[16:]  # The directory claims 65,535 entries.
    files = [encode(make_scene(), kind, exif=broken) for kind in ("JPEG", "PNG", "WEBP")]
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inside = list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            photos = list(pool.map(decode_photo, files * 40))
        assert list(warnings.filters) == inside
    assert list(warnings.filters) == before
    assert caught == []
    assert {"exif_unreadable"} == {code for photo in photos for code in codes(photo)}
