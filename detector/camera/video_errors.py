"""What goes wrong with videos: PyAV's and the system's errors become ours here."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from detector.errors import StreamError

ProblemCode = Literal["passed_over", "unreadable_parts", "ends_early", "clock_restarted"]
"""passed_over: frames that could not be decoded; unreadable_parts: the container is damaged in
places; ends_early: the file ends long before its header says; clock_restarted: the timestamps
jumped, and the timeline goes on without the jump."""

COPY_HINT: Final = "Copy it again from where it comes from."

# How the containers begin that we know (magic bytes, offset): what begins so and does not open is
# a damaged video; anything else is none.
BEGINNINGS: Final[tuple[tuple[int, bytes], ...]] = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (0, b"\x1a\x45\xdf\xa3"),  # EBML: Matroska, WebM
    (8, b"AVI "),
    (0, b"FLV\x01"),
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x00\x00\x01\xb3"),
    (0, b"\x00\x00\x00\x01"),  # H.264, H.265 elementary stream
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF
    (0, b"DHAV"),
)
TS_PACKET_BYTES: Final = 188
DISK_FAULTS: Final = frozenset(
    {errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ENXIO, errno.ESTALE}
)
"""What only the system says, though the file's beginning could be read: another time its other
parts may be. EIO is none: FFmpeg says so of damaged files, too."""


@dataclass(frozen=True, slots=True)
class StreamProblem:
    """Something wrong within a video that gave frames all the same."""

    code: ProblemCode
    message: str
    at_s: float | None
    """Where it was met first, seconds on the source's timeline; None: not known."""
    count: int = 1
    """How often, e.g. how many frames were passed over."""


def describe_open_error(path: Path, error: Exception) -> StreamError:
    """Say why a file could not be opened as a video.

    Args:
        path: The file.
        error: PyAV's error, or the system's.

    Returns:
        The error to raise.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(2 * TS_PACKET_BYTES)
    except OSError as reason:
        return StreamError(
            "unreadable", f"The file cannot be read: {reason.strerror or type(reason).__name__}."
        )
    if size == 0:
        return StreamError("empty", "The file is empty.", COPY_HINT)
    if isinstance(error, OSError) and error.errno in DISK_FAULTS:
        return StreamError("unreadable", f"The file cannot be read: {os.strerror(error.errno)}.")
    if _begins_like_a_video(head):
        return StreamError(
            "truncated",
            "The video cannot be opened: it was cut off, or its index is damaged.",
            f"{COPY_HINT} A recording that was interrupted needs a repair tool first.",
        )
    if isinstance(error, OSError) and error.errno and not isinstance(error, ValueError):
        return StreamError("unreadable", f"The file cannot be read: {os.strerror(error.errno)}.")
    return StreamError("not_a_video", "The file is no video of a kind that can be read.")


def _begins_like_a_video(head: bytes) -> bool:
    if any(head[at : at + len(magic)] == magic for at, magic in BEGINNINGS):
        return True
    return head[:1] == b"\x47" and head[TS_PACKET_BYTES : TS_PACKET_BYTES + 1] == b"\x47"
