"""Where to start reading a video, and whether its clock can be trusted."""

import contextlib
import itertools
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

from detector.camera.sampling import TOLERANCE_S
from detector.camera.video_file import BARE_FORMATS, TimedPacket, VideoFile

BYTE_FORMATS: Final = frozenset({"mpegts", "mpeg"})
"""Sought by guessing bytes: a seek may land in the middle of a picture, or of another recording."""
SEEK_BACK_S: Final = (0.0, 10.0, 60.0)
SEEK_BACK_BYTE_FORMATS_S: Final = (5.0, 20.0, 80.0)
"""How far before the wanted time a seek aims, one try after another; then the file's start."""
BACKWARD_JUMP_S: Final = 1.0
"""Decoding times go forward; what goes back by more was put together from several recordings."""
FORWARD_JUMP_S: Final = 86_400.0
"""No recorder leaves out a day within one file: the clock was set, or the timestamp is damaged."""
TIMELINE_PROBES: Final = 32
"""Places at which the clock is read; recordings shorter than a 32nd of the file show as well."""


@contextlib.contextmanager
def open_before(
    path: Path, at_s: float, threads: int = 1
) -> Generator[tuple[VideoFile, Iterator[TimedPacket]]]:
    """Open a file so that reading starts with a key frame at or before a time.

    A seek is only believed when its first key frame proves it; where the index is missing or
    wrong, reading starts at the file's start, which costs reading but no decoding.

    Args:
        path: The file.
        at_s: Seconds from the first frame.
        threads: Decoder threads.

    Yields:
        The file and its packets, the first one a key frame's, unless the file's start has none.

    Raises:
        StreamError: The file is no video that can be read.
    """
    file = VideoFile(path, threads)
    try:
        packets: Iterator[TimedPacket] | None = None
        if at_s > 0 and file.container_name not in BARE_FORMATS:
            packets = _seek_before(file, at_s)
            if packets is None:
                file.close()
                file = VideoFile(path, threads)
        yield file, file.packets() if packets is None else packets
    finally:
        file.close()


def _seek_before(file: VideoFile, at_s: float) -> Iterator[TimedPacket] | None:
    by_bytes = file.container_name in BYTE_FORMATS
    for back_s in SEEK_BACK_BYTE_FORMATS_S if by_bytes else SEEK_BACK_S:
        if at_s <= back_s or not file.seek(at_s - back_s):
            return None
        packets = file.packets()
        keys = (one for one in packets if one.is_key)
        # The first picture after a jump into the bytes may have lost its beginning.
        first = next(itertools.islice(keys, 1 if by_bytes else 0, None), None)
        if first is not None and first.at_s <= at_s + TOLERANCE_S:
            return itertools.chain((first,), packets)
    return None


def breaks_off(before: TimedPacket, after: TimedPacket) -> bool:
    """Tell whether the clock jumped between two packets that follow each other."""
    step_s = after.clock_s - before.clock_s
    return not -BACKWARD_JUMP_S <= step_s <= FORWARD_JUMP_S


def probe_timeline(path: Path) -> bool:
    """Tell whether the clock of a byte-sought container goes forward all through the file.

    Reading a part of a file shows the joints within that part only, and a seek in joined
    recordings may land in the wrong one; so the clock is read at many places, in file order.
    """
    with VideoFile(path) as file:
        if file.container_name not in BYTE_FORMATS:
            return True
        size = path.stat().st_size
        last: TimedPacket | None = None
        for number in range(TIMELINE_PROBES):
            if not file.seek_byte(size * number // TIMELINE_PROBES):
                return True
            now = next((one for one in file.packets() if one.stamped), None)
            if now is None:
                return True
            if last is not None and now.clock_s < last.clock_s - BACKWARD_JUMP_S:
                return False
            last = now
        return True
