"""Bytes to an upright BGR picture: the one place where a file becomes pixels."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import cv2
import numpy as np
import simplejpeg
from PIL.Image import Image as PillowImage
from PIL.Image import fromarray

from detector.arrays import Image, frozen
from detector.detections import ScoreWarning
from detector.errors import PhotoError, PhotoErrorCode
from detector.photo_facts import PhotoFacts
from detector.photo_header import (
    EXTENSIONS,
    RESEND_HINT,
    PhotoHeader,
    read_header,
    sniff_format,
)

MIB: Final = 1024 * 1024
SHRINKS: Final = (8, 4, 2)
SMALLEST_LONG_SIDE_PX: Final = 16
"""Under this nothing can be told; the smallest finding the model can see is larger."""
# What a decoder holds for a pixel: nothing where it can be scaled while it decodes; libwebp's
# animation reader keeps two canvases beside the picture (measured: 8000 × 8000 took 1.16 GiB).
BYTES_PER_PIXEL: Final[dict[str, int]] = {"jpeg": 0, "png": 4, "webp": 12, "heic": 4}
EXTREME_ASPECT: Final = 10.0
MOST_SCANS: Final = 100
"""Real progressive JPEGs have about ten scans; thousands are an attack on the decoder's time."""
# libjpeg's warning of bytes between the last pixel and the end marker. A few bytes, or padding
# with one value, are a camera's habit; more are pixels that a damaged scan no longer accounts for.
STRAY_BYTES: Final = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
MOST_STRAY_BYTES: Final = 16
# Inside a scan 0xff is followed by zero, a restart number or another 0xff; all else ends it.
SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# OpenCV's names for turning pixels by an EXIF orientation (EXIF 2.32, 4.6.4 A): flip code or
# None, then turn or None.
UPRIGHT: Final[dict[int, tuple[int | None, int | None]]] = {
    1: (None, None),
    2: (1, None),
    3: (None, cv2.ROTATE_180),
    4: (0, None),
    5: (1, cv2.ROTATE_90_COUNTERCLOCKWISE),
    6: (None, cv2.ROTATE_90_CLOCKWISE),
    7: (1, cv2.ROTATE_90_CLOCKWISE),
    8: (None, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What is refused before a pixel is decoded."""

    max_file_bytes: int = 25 * MIB
    """Size of the file."""
    max_scaled_pixels: int = 200_000_000
    """Pixels of a JPEG, which can be decoded scaled."""
    max_decoded_bytes: int = 256 * MIB
    """Memory for what must be decoded whole, at 4 bytes a pixel (WebP 12), and of
    the coefficients of a progressive JPEG, or any with several scans."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo."""

    image: Image
    """uint8 (h, w, 3), BGR, upright, read-only; may be smaller than the photo."""
    full_wh: tuple[int, int]
    """Width and height of the whole photo, upright."""
    facts: PhotoFacts
    warnings: tuple[ScoreWarning, ...]

    @property
    def scale_xy(self) -> tuple[float, float]:
        """Full-size pixels per pixel of `image` on each axis."""
        height, width = self.image.shape[:2]
        return self.full_wh[0] / width, self.full_wh[1] / height


def hash_photo(data: bytes) -> str:
    """Return the sha256 of a photo's bytes, in hex: its name everywhere."""
    return hashlib.sha256(data).hexdigest()


def decode_photo(
    data: bytes,
    *,
    name: str = "",
    sees_wh: tuple[int, int] | None = None,
    limits: DecodeLimits | None = None,
) -> Photo:
    """Decode a photo, upright, no larger than it will be looked at.

    Args:
        data: The file's bytes.
        name: The file's name; only to warn when its ending does not fit the type.
        sees_wh: The frame the picture will be fitted into. It is decoded at 1/2, 1/4 or 1/8
            as long as it still fills that frame. None decodes the full size.
        limits: What to refuse; None takes the defaults.

    Returns:
        The photo, with warnings for what is odd but can be scored.

    Raises:
        PhotoError: With a code of the closed list. A damaged photo is never returned in part.
    """
    limits = limits or DecodeLimits()
    if len(data) > limits.max_file_bytes:
        raise PhotoError(
            "file_too_large",
            f"The file has {len(data) / MIB:.1f} MiB; {limits.max_file_bytes / MIB:.0f} MiB "
            "are allowed.",
            "Send a smaller photo, or raise the limit.",
        )
    header = read_header(data, sniff_format(data))
    _check_limits(header, limits)
    shrink = _choose_shrink(header, sees_wh)
    odd = [*_odd_name(name, header.format), *header.warnings, *_odd_shape(header)]
    if header.format == "jpeg":
        image, harmless = _decode_jpeg(data, header, shrink)
        odd.extend(harmless)
    else:
        image = _decode_other(header, shrink)
    width, height = header.stored_wh
    if image.shape != (-(-height // shrink), -(-width // shrink), 3):
        raise PhotoError("corrupt", "The pixels do not fit the size in the header.", RESEND_HINT)
    full_wh = (height, width) if header.orientation >= 5 else (width, height)
    upright = _turn_upright(image, header.orientation)
    return Photo(frozen(upright), full_wh, header.facts, tuple(odd))


def _check_limits(header: PhotoHeader, limits: DecodeLimits) -> None:
    width, height = header.stored_wh
    if max(width, height) < SMALLEST_LONG_SIDE_PX:
        raise PhotoError(
            "too_small",
            f"The picture has {width}×{height} pixels: nothing can be told from it.",
            "Send the original photo, not its thumbnail.",
        )
    size = f"The picture has {width}×{height} pixels ({width * height / 1e6:.0f} MP)"
    hint = "Send a smaller photo, or raise the limit."
    if header.format == "jpeg" and width * height > limits.max_scaled_pixels:
        limit_mp = limits.max_scaled_pixels / 1e6
        raise PhotoError("too_many_pixels", f"{size}; {limit_mp:.0f} MP are allowed.", hint)
    held = header.coefficient_bytes or width * height * BYTES_PER_PIXEL[header.format]
    if held > limits.max_decoded_bytes:
        raise PhotoError(
            "too_many_pixels",
            f"{size} and needs {held / MIB:.0f} MiB to decode; "
            f"{limits.max_decoded_bytes / MIB:.0f} MiB are allowed for its type.",
            hint,
        )


def _choose_shrink(header: PhotoHeader, sees_wh: tuple[int, int] | None) -> int:
    """Return 8, 4, 2 or 1: the most that still fills the frame."""
    if sees_wh is None:
        return 1
    width, height = header.stored_wh
    if header.orientation >= 5:
        width, height = height, width
    room = 1 / min(sees_wh[0] / width, sees_wh[1] / height)
    return next((shrink for shrink in SHRINKS if shrink <= room), 1)


def _odd_name(name: str, format_name: str) -> list[ScoreWarning]:
    ending = PurePath(name).suffix.lower().lstrip(".")
    known = {ending for endings in EXTENSIONS.values() for ending in endings}
    if ending not in known or ending in EXTENSIONS[format_name]:
        return []
    text = f"The file is named .{ending} but holds {format_name.upper()}."
    return [ScoreWarning("extension_mismatch", text)]


def _odd_shape(header: PhotoHeader) -> list[ScoreWarning]:
    width, height = header.stored_wh
    odd = []
    if max(width, height) > EXTREME_ASPECT * min(width, height):
        text = f"The picture is {width}×{height}: such a strip is hardly a photo."
        odd.append(ScoreWarning("extreme_aspect", text))
    return odd


def _decode_jpeg(data: bytes, header: PhotoHeader, shrink: int) -> tuple[Image, list[ScoreWarning]]:
    # The quick count also sees scans in what phones append (videos, further pictures).
    if data.count(b"\xff\xda") > MOST_SCANS and _count_scans(data)[0] > MOST_SCANS:
        raise PhotoError("corrupt", f"The JPEG has over {MOST_SCANS} scans.", RESEND_HINT)
    try:
        return _run_jpeg_decoder(data, header, shrink, strict=True), []
    except MemoryError:
        raise
    except ValueError as error:
        reason = str(error)
    except Exception as error:  # simplejpeg raises RuntimeError and others on odd files.
        raise PhotoError("corrupt", "The JPEG data are damaged.", RESEND_HINT) from error
    lowered = reason.lower()
    if "premature end" in lowered:
        raise PhotoError("truncated", "The JPEG file ends too early.", RESEND_HINT)
    stray = STRAY_BYTES.search(lowered)
    if stray is None or not _is_padding(data, int(stray[1])):
        raise PhotoError("corrupt", f"The JPEG data are damaged ({reason}).", RESEND_HINT)
    image = _run_jpeg_decoder(data, header, shrink, strict=False)
    text = "The JPEG has stray bytes at its end; the picture itself is whole."
    return image, [ScoreWarning("stray_bytes", text)]


def _count_scans(data: bytes) -> tuple[int, int]:
    """Return the number of scans of the first picture, and where its end marker stands."""
    at, scans = 2, 0
    while at + 4 <= len(data) and data[at : at + 2] != b"\xff\xd9":
        scans += data[at + 1] == 0xDA
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found = SCAN_END.search(data, at)  # The next marker, after a scan's data if it is one.
        at = len(data) if found is None else found.start()
    return scans, at


def _is_padding(data: bytes, n_stray: int) -> bool:
    if n_stray <= MOST_STRAY_BYTES:
        return True
    end = _count_scans(data)[1]
    return len(set(data[max(0, end - n_stray) : end])) == 1


def _run_jpeg_decoder(data: bytes, header: PhotoHeader, shrink: int, *, strict: bool) -> Image:
    width, height = header.stored_wh
    four_channels = header.open_picture().mode == "CMYK"
    decoded = simplejpeg.decode_jpeg(
        data,
        "CMYK" if four_channels else "BGR",
        min_width=-(-width // shrink),
        min_height=-(-height // shrink),
        min_factor=shrink,
        strict=strict,
    )
    return _cmyk_to_bgr(decoded, header) if four_channels else decoded


def _cmyk_to_bgr(cmyk: Image, header: PhotoHeader) -> Image:
    """Turn CMYK into BGR; files with an Adobe marker hold the inks inverted, as Photoshop does."""
    if "adobe" not in header.open_picture().info:
        cmyk = 255 - cmyk
    bgr = np.empty((*cmyk.shape[:2], 3), np.uint8)
    for channel, ink in enumerate((2, 1, 0)):  # One at a time: a large photo has little room.
        bgr[..., channel] = cv2.multiply(cmyk[..., ink], cmyk[..., 3], scale=1 / 255)
    return bgr


def _decode_other(header: PhotoHeader, shrink: int) -> Image:
    try:
        picture: PillowImage = header.open_picture()
        picture.load()
        return _to_bgr(picture, shrink)
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises many kinds on damaged data.
        code: PhotoErrorCode = "truncated" if "truncated" in str(error) else "corrupt"
        message = f"The {header.format.upper()} data are damaged."
        raise PhotoError(code, message, RESEND_HINT) from error


def _to_bgr(picture: PillowImage, shrink: int) -> Image:
    if picture.mode.startswith("I"):  # 16 bits of grey.
        grey = np.clip(np.asarray(picture).astype(np.int32) >> 8, 0, 255).astype(np.uint8)
        picture = fromarray(grey)
    # Averages of palette numbers would be nonsense, and so would those of a colour that stands
    # for transparent.
    if picture.has_transparency_data and picture.mode != "RGBA":
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGB")
    if shrink > 1:
        picture = picture.reduce(shrink)
    if picture.mode == "RGBA":
        return _flatten_on_white(np.asarray(picture))
    return np.ascontiguousarray(np.asarray(picture)[..., ::-1])


def _flatten_on_white(rgba: Image) -> Image:
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., 2::-1] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def _turn_upright(image: Image, orientation: int) -> Image:
    flip, turn = UPRIGHT[orientation]
    if flip is not None:
        image = cv2.flip(image, flip).astype(np.uint8, copy=False)
    if turn is not None:
        image = cv2.rotate(image, turn).astype(np.uint8, copy=False)
    return image
