"""What a photo's header says, read before a pixel is decoded.

The type comes from magic bytes, never from the file's name. Pillow's readers parse the
headers; they are called one by one, because `Image.open` tries every format it knows and
holds a process-wide pixel limit.
"""

import struct
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from detector.detections import ScoreWarning
from detector.errors import PhotoError
from detector.photo_facts import PhotoFacts, parse_captured_at, parse_position

TAG_ORIENTATION: Final = 0x0112
EXIF_IFD: Final = 0x8769
GPS_IFD: Final = 0x8825

HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "png": ("png",),
    "webp": ("webp",),
    "heic": ("heic", "heif", "hif"),
}
# Well-known types that are not photos, or that few cameras write: named in the error.
FOREIGN_TYPES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP"),
    (0, b"II*\x00", "a TIFF or raw camera file"),
    (0, b"MM\x00*", "a TIFF or raw camera file"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftyp", "an MP4 or QuickTime video"),
)
CONVERT_HINT: Final = "Send the photo as JPEG, PNG, WebP or HEIC."
RESEND_HINT: Final = "Send the original file again; the transfer may have been cut off."


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """A photo's header."""

    format: str
    """jpeg, png, webp or heic."""
    stored_wh: tuple[int, int]
    """Pixels as stored, before the EXIF orientation."""
    orientation: int
    """EXIF orientation, 1 to 8."""
    coefficient_bytes: int
    """What a progressive JPEG holds in memory whatever the scale; else 0."""
    facts: PhotoFacts
    picture: ImageFile
    """Pillow's picture, opened and not yet decoded."""
    warnings: tuple[ScoreWarning, ...] = field(default=())


def sniff_format(data: bytes) -> str:
    """Tell the type from the first bytes.

    Returns:
        jpeg, png, webp or heic.

    Raises:
        PhotoError: empty, unsupported_type or not_a_picture.
    """
    if not data:
        raise PhotoError("empty", "The file is empty.", RESEND_HINT)
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "heic"
    for offset, magic, name in FOREIGN_TYPES:
        if data[offset : offset + len(magic)] == magic:
            raise PhotoError("unsupported_type", f"The file is {name}.", CONVERT_HINT)
    raise PhotoError("not_a_picture", "The file is not a picture.", CONVERT_HINT)


def read_header(data: bytes, format_name: str) -> PhotoHeader:
    """Parse the header of a photo whose type is known.

    Args:
        data: The file's bytes.
        format_name: What `sniff_format` returned.

    Returns:
        The header; odd metadata become warnings.

    Raises:
        PhotoError: truncated, corrupt or heic_extra_missing.
    """
    _check_complete(data, format_name)
    opener = _open_heic if format_name == "heic" else OPENERS[format_name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of broken EXIF; we say it ourselves.
            picture = opener(BytesIO(data))
    except PhotoError:
        raise
    except Exception as error:  # Pillow's readers raise many kinds on damaged headers.
        raise PhotoError(
            "corrupt", f"The {format_name.upper()} header is damaged.", RESEND_HINT
        ) from error
    facts, orientation, odd = _read_exif(picture)
    return PhotoHeader(
        format_name,
        picture.size,
        # HEIC turns its pixels itself (irot, imir): the reader has applied them already.
        1 if format_name == "heic" else orientation,
        _coefficient_bytes(picture) if format_name == "jpeg" else 0,
        facts,
        picture,
        odd,
    )


OPENERS: Final[Mapping[str, Callable[[BytesIO], ImageFile]]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
}


def _open_heic(stream: BytesIO) -> ImageFile:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise PhotoError(
            "heic_extra_missing",
            "The photo is HEIC, and the extra that reads it is not installed.",
            'Install "street-issue-detector[heic]", or send the photo as JPEG.',
        ) from error
    picture: ImageFile = HeifImageFile(stream)
    return picture


def _check_complete(data: bytes, format_name: str) -> None:
    """Refuse containers that end before they say they do (JPEG's decoder sees it itself)."""
    if format_name == "webp" and struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise PhotoError("truncated", "The WebP file ends too early.", RESEND_HINT)
    if format_name == "png" and not _png_has_end(data):
        raise PhotoError("truncated", "The PNG file ends too early.", RESEND_HINT)


def _png_has_end(data: bytes) -> bool:
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return True
        at += 12 + length
    return False


def _coefficient_bytes(picture: ImageFile) -> int:
    """Return the bytes of a progressive JPEG's coefficient buffer (two a coefficient)."""
    if not picture.info.get("progressive"):
        return 0
    layers: list[tuple[int, int, int, int]] = getattr(picture, "layer", [])
    width, height = picture.size
    most = max((h * v for _, h, v, _ in layers), default=1) or 1
    return sum(2 * width * height * h * v // most for _, h, v, _ in layers)


def _read_exif(picture: ImageFile) -> tuple[PhotoFacts, int, tuple[ScoreWarning, ...]]:
    odd: list[ScoreWarning] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            main = picture.getexif()
            exif, gps = dict(main.get_ifd(EXIF_IFD)), dict(main.get_ifd(GPS_IFD))
            tags: dict[int, Any] = dict(main)
    except Exception:  # Any kind may come out of broken EXIF; the pixels are what counts.
        return PhotoFacts(), 1, (ScoreWarning("exif_unreadable", "The EXIF data are damaged."),)
    orientation = tags.get(TAG_ORIENTATION, 1)
    if orientation not in range(1, 9):
        odd.append(
            ScoreWarning(
                "orientation_invalid", "The EXIF orientation is not 1 to 8; taken as upright."
            )
        )
        orientation = 1
    captured_at = position = None
    try:
        captured_at = parse_captured_at(exif, tags)
    except ValueError:
        odd.append(ScoreWarning("captured_at_invalid", "The EXIF capture time is not a time."))
    try:
        position = parse_position(gps)
    except ValueError as error:
        odd.append(ScoreWarning("position_invalid", f"The EXIF position is unusable: {error}."))
    return PhotoFacts(captured_at, position), int(orientation), tuple(odd)
