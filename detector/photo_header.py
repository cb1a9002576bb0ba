"""What a photo's header says, read before a pixel is decoded.

The type comes from magic bytes, never from the file's name. Pillow's readers parse the
headers; they are called one by one, because `Image.open` tries every format it knows and
holds a process-wide pixel limit. What they would do before the limits are checked (lay out a
canvas, inflate texts) or through process-wide state (warn of EXIF) is done here instead.
"""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from detector.detections import ScoreWarning
from detector.errors import PhotoError
from detector.exif import TAG_ORIENTATION, parse_exif
from detector.photo_facts import PhotoFacts, parse_captured_at, parse_position

PNG_PIXEL_CHUNKS: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
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
    """What a JPEG of several scans holds in memory whatever the scale; else 0."""
    facts: PhotoFacts
    open_picture: Callable[[], ImageFile]
    """Give Pillow's picture, not yet decoded; may raise what Pillow raises."""
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
    try:
        raw = READERS[format_name](data)
    except PhotoError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise many kinds on damaged headers.
        raise PhotoError(
            "corrupt", f"The {format_name.upper()} header is damaged.", RESEND_HINT
        ) from error
    if min(raw.stored_wh) < 1:
        raise PhotoError("corrupt", f"The {format_name.upper()} has no pixels.", RESEND_HINT)
    facts, orientation, odd = _read_exif(raw.exif)
    if raw.animated:
        odd.append(ScoreWarning("animated", "The picture is animated; its first frame counts."))
    return PhotoHeader(
        format_name,
        raw.stored_wh,
        # HEIC turns its pixels itself (irot, imir): the reader has applied them already.
        1 if format_name == "heic" else orientation,
        raw.coefficient_bytes,
        facts,
        raw.open_picture,
        tuple(odd),
    )


@dataclass(frozen=True, slots=True)
class _RawHeader:
    """What the reader of one format finds."""

    stored_wh: tuple[int, int]
    exif: bytes
    open_picture: Callable[[], ImageFile]
    animated: bool = False
    coefficient_bytes: int = 0


class _QuietJpeg(JpegImagePlugin.JpegImageFile):
    """Pillow's JPEG without its look for the resolution, which parses and warns of the EXIF."""

    def _read_dpi_from_exif(self) -> None:
        """Leave the resolution: nobody asks for it."""


def _read_jpeg(data: bytes) -> _RawHeader:
    stream = BytesIO(data)
    picture = _QuietJpeg(stream)
    # Pillow stops at the end of the first scan's header, whose last bytes are 2 a component and
    # 3; the byte before them counts the components.
    layers: list[tuple[int, int, int, int]] = picture.layer
    header_end = stream.tell()
    in_first_scan = data[max(0, header_end - 4 - 2 * len(layers))]
    several_scans = bool(picture.info.get("progressive")) or in_first_scan != len(layers)
    return _RawHeader(
        picture.size,
        picture.info.get("exif", b""),
        lambda: picture,
        coefficient_bytes=_coefficient_bytes(picture.size, layers) if several_scans else 0,
    )


def _coefficient_bytes(
    stored_wh: tuple[int, int], layers: Sequence[tuple[int, int, int, int]]
) -> int:
    """Return the bytes of a JPEG's coefficient buffer (two a coefficient)."""
    width, height = stored_wh
    most = max((h * v for _, h, v, _ in layers), default=1) or 1
    return sum(2 * width * height * h * v // most for _, h, v, _ in layers)


def _read_png(data: bytes) -> _RawHeader:
    """Keep only the chunks that make pixels, checked, and give Pillow no others.

    It would inflate compressed texts and profiles, warn of odd animations, and does not look
    at the checksums of the pixels' chunks.
    """
    kept = [data[:8]]
    exif, animated, at, kind = b"", False, 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise PhotoError("truncated", "The PNG file ends too early.", RESEND_HINT)
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise PhotoError("truncated", "The PNG file ends too early.", RESEND_HINT)
        if kind in PNG_PIXEL_CHUNKS:
            if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise PhotoError("corrupt", "A checksum in the PNG is wrong.", RESEND_HINT)
            kept.append(data[at:end])
        elif kind == b"eXIf":
            exif = data[at + 8 : end - 4]
        elif kind == b"acTL":
            animated = int.from_bytes(data[at + 8 : at + 12], "big") > 1
        at = end
    picture = PngImagePlugin.PngImageFile(BytesIO(b"".join(kept)))
    return _RawHeader(picture.size, exif, lambda: picture, animated)


def _read_webp(data: bytes) -> _RawHeader:
    """Read the size before libwebp lays out its canvas; Pillow opens the file after the limits."""
    end = int.from_bytes(data[4:8], "little") + 8
    if end > len(data):
        raise PhotoError("truncated", "The WebP file ends too early.", RESEND_HINT)
    wh, exif, frames, at = (0, 0), b"", 0, 12
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : min(at + 8 + size, end)]
        if kind == b"EXIF":
            exif = body
        elif kind == b"ANMF":
            frames += 1
        elif wh == (0, 0):
            wh = _webp_wh(kind, body[:10])
        at += 8 + size + size % 2
    return _RawHeader(wh, exif, lambda: WebPImagePlugin.WebPImageFile(BytesIO(data)), frames > 1)


def _webp_wh(kind: bytes, body: bytes) -> tuple[int, int]:
    """Return the size that a chunk tells (RFC 9649, sections 2.5 to 2.7); 0 by 0 if it does not."""
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<2H", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0


def _read_heic(data: bytes) -> _RawHeader:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise PhotoError(
            "heic_extra_missing",
            "The photo is HEIC, and the extra that reads it is not installed.",
            'Install "street-issue-detector[heic]", or send the photo as JPEG.',
        ) from error
    if _heic_is_cut(data):
        raise PhotoError("truncated", "The HEIC file ends too early.", RESEND_HINT)
    picture: ImageFile = HeifImageFile(BytesIO(data))
    return _RawHeader(picture.size, picture.info.get("exif") or b"", lambda: picture)


def _heic_is_cut(data: bytes) -> bool:
    """Tell whether one of the boxes that make a picture reaches beyond the end of the file."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind not in (b"ftyp", b"meta", b"mdat", b"idat", b"free", b"skip"):
            return False  # What phones append is theirs, and need not be boxes.
        if size == 1 and at + 16 <= len(data):
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        at = at + size if size >= 8 else len(data)  # Size 0: to the end of the file.
    return at > len(data)


READERS: Final[Mapping[str, Callable[[bytes], _RawHeader]]] = {
    "jpeg": _read_jpeg,
    "png": _read_png,
    "webp": _read_webp,
    "heic": _read_heic,
}


def _read_exif(block: bytes) -> tuple[PhotoFacts, int, list[ScoreWarning]]:
    odd: list[ScoreWarning] = []
    tags = parse_exif(block)
    if tags.damaged:
        odd.append(ScoreWarning("exif_unreadable", "The EXIF data are damaged."))
    orientation = 1
    match tags.main.get(TAG_ORIENTATION):
        case None:
            pass
        case (int(told), *_) if 1 <= told <= 8:
            orientation = told
        case _:
            text = "The EXIF orientation is not 1 to 8; taken as upright."
            odd.append(ScoreWarning("orientation_invalid", text))
    captured_at = position = None
    try:
        captured_at = parse_captured_at(tags.exif, tags.main)
    except ValueError:
        odd.append(ScoreWarning("captured_at_invalid", "The EXIF capture time is not a time."))
    try:
        position = parse_position(tags.gps)
    except ValueError as error:
        odd.append(ScoreWarning("position_invalid", f"The EXIF position is unusable: {error}."))
    return PhotoFacts(captured_at, position), orientation, odd
