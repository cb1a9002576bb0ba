"""Every kind of file becomes the right pixels, or an error with the right code."""

import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.Image import Transpose

from detector import arrays
from detector.decode import DecodeLimits, Photo, decode_photo, hash_photo
from detector.errors import PHOTO_ERROR_CODES, PhotoError

RED, GREEN, BLUE, YELLOW = (0, 0, 255), (0, 255, 0), (255, 0, 0), (0, 255, 255)
KINDS: Final = ("JPEG", "PNG", "WEBP", "HEIC")
CORNERS: Final = (RED, GREEN, BLUE, YELLOW)
"""BGR of the upright scene: top left, top right, bottom left, bottom right."""
# What turns an upright picture into the stored one that the orientation turns back.
STORED: Final = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def make_scene(width: int = 96, height: int = 64) -> PillowImage.Image:
    """Four quarters, each of one colour, so that no turn looks like another."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for corner, (blue, green, red) in enumerate(CORNERS):
        rows = slice(height // 2, None) if corner >= 2 else slice(height // 2)
        columns = slice(width // 2, None) if corner % 2 else slice(width // 2)
        pixels[rows, columns] = (red, green, blue)
    return PillowImage.fromarray(pixels)


def make_noise(width: int, height: int) -> PillowImage.Image:
    coarse = np.random.default_rng(3).integers(0, 256, (12, 16, 3), np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return PillowImage.fromarray(np.asarray(smooth, np.uint8))


def encode(picture: PillowImage.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = BytesIO()
    if kind == "HEIC":
        from pillow_heif import from_pillow

        from_pillow(picture).save(stream, **options)
    else:
        picture.save(stream, kind, **options)
    return stream.getvalue()


def encode_cv(array: Any, ending: str = ".png") -> bytes:
    encoded, data = cv2.imencode(ending, array)
    assert encoded
    return data.tobytes()


def oriented_exif(orientation: int) -> PillowImage.Exif:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    return exif


def store(upright: PillowImage.Image, orientation: int) -> PillowImage.Image:
    turn = STORED[orientation]
    return upright if turn is None else upright.transpose(turn)


def corners(image: arrays.Image) -> list[tuple[int, ...]]:
    height, width = image.shape[:2]
    places = [(y, x) for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]
    return [tuple(int(value) for value in image[place]) for place in places]


def assert_scene(image: arrays.Image, tolerance: int = 12) -> None:
    difference = np.abs(np.subtract(corners(image), CORNERS))
    assert difference.max() <= tolerance, corners(image)


def codes(photo: Photo) -> list[str]:
    assert all(one.message.endswith(".") for one in photo.warnings)
    return [one.code for one in photo.warnings]


def refuse(data: bytes, *allowed: str, limits: DecodeLimits | None = None) -> PhotoError:
    """Decode what must be refused, in full and scaled; return the error."""
    for sees_wh in ((32, 32), None):
        with pytest.raises(PhotoError) as caught:
            decode_photo(data, sees_wh=sees_wh, limits=limits)
        error = caught.value
        assert error.code in allowed
        assert error.code in PHOTO_ERROR_CODES
        assert error.message.endswith(".")
        assert error.hint.endswith(".")
        assert str(error) == f"{error.message} {error.hint}"
    return error


def png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def make_png(ihdr: tuple[int, ...], idat: bytes, before: Sequence[bytes] = ()) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n", png_chunk(b"IHDR", struct.pack(">2I5B", *ihdr)), *before]
    return b"".join([*parts, png_chunk(b"IDAT", idat), png_chunk(b"IEND", b"")])


def resize_jpeg_header(data: bytes, width: int, height: int) -> bytes:
    """Let a JPEG claim another size."""
    at = next(data.index(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    return data[: at + 5] + struct.pack(">2H", height, width) + data[at + 9 :]


def resize_heic_header(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">2L", width, height) + data[at + 8 :]


# JPEG


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


# What is refused


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"", "empty", "empty"),
        ("照片.jpg 其实是文字".encode(), "not_a_picture", "not a picture"),
        (b"<html><body>404</body></html>", "not_a_picture", "not a picture"),
        (b"\xff\xd8", "not_a_picture", "not a picture"),
        (b"\x00" * 100, "not_a_picture", "not a picture"),
        (encode(make_scene(), "GIF"), "unsupported_type", "a GIF"),
        (encode(make_scene(), "BMP"), "unsupported_type", "a BMP"),
        (encode(make_scene(), "TIFF"), "unsupported_type", "a TIFF"),
        (b"MM\x00*" + bytes(100), "unsupported_type", "a TIFF"),
        (b"%PDF-1.7\n" + bytes(100), "unsupported_type", "a PDF"),
        (b"PK\x03\x04" + bytes(100), "unsupported_type", "a ZIP"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(100), "unsupported_type", "an MP4"),
        (b"\x00\x00\x00\x14ftypqt  " + bytes(100), "unsupported_type", "an MP4"),
        (b"\x00\x00\x00\x1cftypavif" + bytes(100), "unsupported_type", "an AVIF"),
        (b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(100), "unsupported_type", "an AVI"),
    ],
)
def test_what_is_no_photo_is_named(data: bytes, code: str, word: str) -> None:
    assert word in refuse(data, code).message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_truncated(kind: str, share: float) -> None:
    data = encode(make_noise(320, 240), kind)
    refuse(data[: int(len(data) * share)], "truncated")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_its_last_two_bytes_is_truncated(kind: str) -> None:
    refuse(encode(make_noise(320, 240), kind)[:-2], "truncated")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 4}])
def test_other_jpegs_cut_are_truncated(options: dict[str, Any], share: float) -> None:
    data = encode(make_noise(320, 240), **options)
    refuse(data[: int(len(data) * share)], "truncated", "corrupt")


@pytest.mark.parametrize("n_bytes", [200, 1000, 4000])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_a_jpeg_with_a_gap_is_never_scored(options: dict[str, Any], n_bytes: int) -> None:
    data = encode(make_noise(640, 480), quality=90, **options)
    middle = len(data) // 2
    refuse(data[:middle] + data[middle + n_bytes :], "truncated", "corrupt")


@pytest.mark.parametrize("n_bytes", [100, 1000, 4000])
def test_a_jpeg_with_a_part_twice_is_never_scored(n_bytes: int) -> None:
    # The scan has pixels to spare, which libjpeg calls stray bytes, as it does a camera's padding.
    data = encode(make_noise(640, 480), quality=90)
    middle = len(data) // 2
    refuse(data[:middle] + data[middle - n_bytes :], "corrupt")


def test_a_png_with_a_wrong_checksum_is_corrupt() -> None:
    # A flipped bit in stored (not compressed) pixels inflates without complaint.
    pixels = b"\x00" + bytes(96)
    data = bytearray(make_png((32, 32, 8, 2, 0, 0, 0), zlib.compress(pixels * 32, 0)))
    assert decode_photo(bytes(data)).image.max() == 0
    data[len(data) // 2] ^= 0x40
    assert "checksum" in refuse(bytes(data), "corrupt").message


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_png_that_lost_a_chunk_of_pixels_is_refused(lost: int) -> None:
    pixels = np.asarray(make_noise(64, 64))
    idat = zlib.compress(b"".join(b"\x00" + row.tobytes() for row in pixels))
    quarter = -(-len(idat) // 4)
    parts = [idat[at : at + quarter] for at in range(0, len(idat), quarter)]
    good = make_png((64, 64, 8, 2, 0, 0, 0), parts[3], [png_chunk(b"IDAT", p) for p in parts[:3]])
    assert (decode_photo(good).image == pixels[..., ::-1]).all()
    chunk = png_chunk(b"IDAT", parts[lost])
    assert good.count(chunk) == 1
    refuse(good.replace(chunk, b""), "truncated", "corrupt")


def test_a_webp_whose_canvas_is_not_its_frame_is_corrupt() -> None:
    data = bytearray(encode(make_scene(), "WEBP", exif=oriented_exif(1)))
    assert data[12:16] == b"VP8X"
    data[24:27] = (300 - 1).to_bytes(3, "little")
    refuse(bytes(data), "corrupt")


@pytest.mark.parametrize("wh", [(32, 32), (95, 64), (200, 100)])
def test_a_heic_whose_pixels_do_not_fit_its_header_is_corrupt(wh: tuple[int, int]) -> None:
    refuse(resize_heic_header(encode(make_scene(), "HEIC"), *wh), "corrupt")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("wh", [(1, 1), (15, 15), (15, 1)])
def test_a_picture_of_a_few_pixels_is_too_small(kind: str, wh: tuple[int, int]) -> None:
    refuse(encode(PillowImage.new("RGB", wh), kind), "too_small")


@pytest.mark.parametrize("wh", [(16, 16), (16, 1), (1, 16)])
def test_a_picture_of_sixteen_pixels_is_not_too_small(wh: tuple[int, int]) -> None:
    assert decode_photo(encode(PillowImage.new("RGB", wh))).full_wh == wh


def test_limits_can_be_set() -> None:
    jpeg, png = encode(make_scene(), quality=95), encode(make_noise(96, 64), "PNG")
    pixels = 96 * 64
    decode_photo(jpeg, limits=DecodeLimits(max_file_bytes=len(jpeg), max_scaled_pixels=pixels))
    decode_photo(png, limits=DecodeLimits(max_decoded_bytes=pixels * 4))
    refuse(jpeg, "file_too_large", limits=DecodeLimits(max_file_bytes=len(jpeg) - 1))
    refuse(jpeg, "too_many_pixels", limits=DecodeLimits(max_scaled_pixels=pixels - 1))
    refuse(png, "too_many_pixels", limits=DecodeLimits(max_decoded_bytes=pixels * 4 - 1))


def test_a_progressive_jpeg_is_bounded_by_its_coefficients() -> None:
    # Two bytes for each of 96 x 64 brightnesses and twice a quarter of that for the colours.
    data = encode(make_scene(), progressive=True, subsampling="4:2:0")
    needed = 96 * 64 * 2 * 3 // 2
    decode_photo(data, limits=DecodeLimits(max_decoded_bytes=needed))
    refuse(data, "too_many_pixels", limits=DecodeLimits(max_decoded_bytes=needed - 1))
    # Decoded as it comes, a baseline JPEG needs no such room.
    decode_photo(encode(make_scene()), limits=DecodeLimits(max_decoded_bytes=1))


def huge_headers() -> dict[str, bytes]:
    baseline, progressive = encode(make_scene()), encode(make_scene(), progressive=True)
    scan = baseline.index(b"\xff\xda")
    one_component = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    zeros = zlib.compress(bytes(1000))
    webp = bytearray(encode(make_scene(), "WEBP", lossless=True))
    webp[21:25] = (0x2F000000 | 0x0FFFFFFF).to_bytes(4, "little")
    return {
        "jpeg": resize_jpeg_header(baseline, 30_000, 30_000),
        "progressive": resize_jpeg_header(progressive, 12_000, 12_000),
        "several_scans": resize_jpeg_header(
            baseline[:scan] + one_component + baseline[scan + 14 :], 12_000, 12_000
        ),
        "png": make_png((30_000, 30_000, 8, 2, 0, 0, 0), zeros),
        "png_interlaced": make_png((30_000, 30_000, 16, 6, 0, 0, 1), zeros),
        "webp": bytes(webp),
        "heic": resize_heic_header(encode(make_scene(), "HEIC"), 30_000, 30_000),
    }


@pytest.mark.parametrize("name", sorted(huge_headers()))
def test_a_huge_claim_is_refused_by_the_header(name: str) -> None:
    assert "MP" in refuse(huge_headers()[name], "too_many_pixels").message


def test_a_jpeg_with_a_huge_claim_within_the_limit_is_truncated() -> None:
    refuse(resize_jpeg_header(encode(make_scene()), 12_000, 12_000), "truncated")


def test_over_a_hundred_scans_are_corrupt() -> None:
    data = encode(make_scene(), progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    assert "100 scans" in refuse(data[:-2] + last_scan * 100 + data[-2:], "corrupt").message


def bombs() -> dict[str, bytes]:
    """Small files whose parts inflate to 64 MiB."""
    zeros = zlib.compress(bytes(64 * 1024 * 1024), 9)
    good = zlib.compress((b"\x00" + bytes(300)) * 100)
    ihdr = (100, 100, 8, 2, 0, 0, 0)
    return {
        "idat": make_png(ihdr, zeros),
        "ztxt": make_png(ihdr, good, [png_chunk(b"zTXt", b"Comment\x00\x00" + zeros)] * 20),
        "itxt": make_png(ihdr, good, [png_chunk(b"iTXt", b"C\x00\x01\x00\x00\x00" + zeros)] * 20),
        "iccp": make_png(ihdr, good, [png_chunk(b"iCCP", b"sRGB\x00\x00" + zeros)]),
    }


@pytest.mark.parametrize("name", ["ztxt", "itxt", "iccp"])
def test_a_bomb_beside_the_pixels_is_not_touched(name: str) -> None:
    photo = decode_photo(bombs()[name])
    assert photo.full_wh == (100, 100)
    assert photo.image.max() == 0


MEASURE = """
import resource, sys
from pathlib import Path
from detector.decode import decode_photo
from detector.errors import PhotoError

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

paths = [Path(path) for path in sys.argv[1:]]
for path in paths:
    data = path.read_bytes()
    before = peak_kib()
    try:
        decode_photo(data)
        outcome = "photo"
    except PhotoError as error:
        outcome = error.code
    print(path.stem, outcome, peak_kib() - before)
"""


def test_bombs_and_huge_claims_take_little_memory(tmp_path: Path) -> None:
    # A picture of each type first, so that what is loaded once does not count.
    files = {f"warm_{kind}": encode(make_noise(400, 300), kind) for kind in KINDS}
    for name, data in {**files, **huge_headers(), **bombs()}.items():
        (tmp_path / name).write_bytes(data)
        files[name] = data
    paths = [str(tmp_path / name) for name in files]
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in run.stdout.splitlines()]
    assert [name for name, _, _ in lines] == list(files)
    grown_mib = {name: int(kib) / 1024 for name, _, kib in lines if not name.startswith("warm")}
    assert len(grown_mib) == len(huge_headers()) + len(bombs())
    assert max(grown_mib.values()) < 24, grown_mib


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
