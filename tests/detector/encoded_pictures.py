"""Pictures of known content for the decoder's tests, written as files of every kind."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.Image import Transpose

from detector import arrays
from detector.decode import DecodeLimits, Photo, decode_photo
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
