"""Decoded frames become ours: brightness without a copy, colours on demand, both upright."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from detector.arrays import Image, frozen
from detector.camera.frames import Frame, LumaArray
from detector.errors import StreamError

if TYPE_CHECKING:
    from av import VideoFrame

# Formats whose first plane is the brightness at 8 bits: nothing needs converting.
PLAIN_LUMA: Final = frozenset(
    f"{family}{chroma}p" for family in ("yuv", "yuvj") for chroma in (410, 411, 420, 422, 440, 444)
) | {"gray", "nv12", "nv21", "nv16"}
# The same with more bits in the low end of little-endian 16-bit words.
DEEP_LUMA: Final = {
    f"{family}{bits}le": bits
    for family in ("yuv420p", "yuv422p", "yuv444p", "gray")
    for bits in (9, 10, 12, 14, 16)
}


def make_frame(
    picture: "VideoFrame", source: str, timestamp_s: float, start_at: datetime | None
) -> Frame:
    """Wrap a decoded frame.

    The brightness is the stream's own Y plane, mostly of limited range (16..235), as it is: what
    looks at it compares frames of one camera. It is a view into the decoder's buffer, which stays
    until the frame is let go of; software decoders take a new buffer for the next frame, but each
    1080p frame that is kept holds 3 MB.

    Args:
        picture: PyAV's frame.
        source: As named in the frame.
        timestamp_s: Seconds from the source's first frame.
        start_at: When that was, UTC; None if unknown.

    Returns:
        The frame, upright.

    Raises:
        StreamError: The time lies outside the calendar.
    """
    turns = quarter_turns(picture)
    return Frame(
        source=source,
        timestamp_s=timestamp_s,
        captured_at=_captured_at(timestamp_s, start_at),
        luma=_turn(_read_luma(picture), turns),
        make_image=_image_maker(picture, turns),
    )


def quarter_turns(picture: "VideoFrame") -> int:
    """Return how many quarter turns counter-clockwise make a frame upright, 0 to 3."""
    return round(picture.rotation / 90) % 4


def _captured_at(timestamp_s: float, start_at: datetime | None) -> datetime | None:
    if start_at is None:
        return None
    try:
        return start_at.astimezone(UTC) + timedelta(seconds=timestamp_s)
    except OverflowError as error:
        raise StreamError(
            "timeline_broken", f"A frame is {timestamp_s:.0f} s into the video: no clock says so."
        ) from error


def _image_maker(picture: "VideoFrame", turns: int) -> Callable[[], Image]:
    def make() -> Image:
        image: Any = picture.to_ndarray(format="bgr24")
        return _turn(image, turns)

    return make


def _turn(pixels: Image, turns: int) -> Image:
    # OpenCV wants rows that lie one after another, which turned views do not have.
    return frozen(np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels)


def _read_luma(picture: "VideoFrame") -> LumaArray:
    name = picture.format.name
    plane: Any = picture.planes[0]
    if name in PLAIN_LUMA and plane.line_size >= picture.width:
        rows: LumaArray = np.frombuffer(plane, np.uint8, picture.height * plane.line_size)
        rows = rows.reshape(picture.height, plane.line_size)
        return rows[:, : picture.width]
    if name in DEEP_LUMA and plane.line_size >= 2 * picture.width:
        words = np.frombuffer(plane, "<u2", picture.height * plane.line_size // 2)
        deep = words.reshape(picture.height, plane.line_size // 2)[:, : picture.width]
        return (deep >> (DEEP_LUMA[name] - 8)).astype(np.uint8)
    converted: Any = picture.to_ndarray(format="gray")
    return np.asarray(converted, np.uint8)
