"""A key frame and what follows it: decoded on its own, and no further than it is wanted.

Each group starts with a fresh decoder, so its pictures do not depend on where reading began.
Pictures that are shown before their group's key frame (of open groups) need the group before and
are never given out; the next picture is at most a few frames later.
"""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from detector.camera.sampling import TOLERANCE_S, Grid, Sampling
from detector.camera.video_file import TimedPacket, VideoFile, load_av

if TYPE_CHECKING:
    from av import VideoFrame

TimedPicture = tuple[float, "VideoFrame"]
REFRESHING_CODECS: Final = frozenset({"h264", "hevc"})
"""Their streams may go without key frames and renew the picture a stripe at a time."""
MOST_PENDING_BYTES: Final = 32 * 1024 * 1024
"""Packets that wait for their group to be judged; more are decoded as they come."""


class Decoder:
    """Decodes a file's packets and counts what cannot be decoded."""

    def __init__(self, file: VideoFile) -> None:
        """Take an open file."""
        self._file = file
        self._context: Any = file.stream.codec_context
        self._error: type[Exception] = load_av().error.FFmpegError
        self._used = False
        self.may_withhold = self._context.codec.name in REFRESHING_CODECS
        self.tried = 0
        """Packets given to the decoder."""
        self.given = 0
        """Pictures that came out whole."""
        self.passed_over = 0
        """Packets whose pictures are lost, or rest on lost ones."""
        self.first_passed_s: float | None = None
        self.withheld = False
        """A key frame gave no picture of its own: its group shows the scene bit by bit."""
        self.shift_s = 0.0
        """What the timeline is ahead of the file's timestamps, where a jump was bridged."""

    def restart(self) -> None:
        """Forget all that was decoded so far."""
        if self._used:
            self._context.flush_buffers()
            self._used = False

    def decode(self, timed: TimedPacket | None) -> list["VideoFrame"] | None:
        """Decode a packet; None drains what the decoder holds back.

        Returns:
            The pictures that came out, in the order they are shown; None: damage was met.
        """
        self._used = True
        if timed is not None:
            self.tried += 1
        try:
            pictures = self._context.decode(None if timed is None else timed.packet)
        except self._error:
            return None
        return list(pictures)

    def pass_over(self, timed: TimedPacket) -> None:
        """Count a packet whose picture is lost."""
        self.passed_over += 1
        if self.first_passed_s is None:
            self.first_passed_s = timed.at_s

    def time_of(self, picture: "VideoFrame") -> float | None:
        """Return when a picture is shown; None: the decoder lost its timestamp."""
        if picture.pts is None:
            return None
        return self._file.time_of(picture.pts) + self.shift_s


class Group:
    """A key frame and the packets up to the next one."""

    def __init__(self, key: TimedPacket, decoder: Decoder, sampling: Sampling, grid: Grid) -> None:
        """Start with the key frame's packet."""
        self._key = key
        self._decoder = decoder
        self._sampling = sampling
        self._grid = grid
        self._pending: deque[TimedPacket] = deque()
        self._pending_bytes = 0
        self._latest_s = key.at_s
        self._times_s: list[float] = []
        """Of packets without timestamps, for the pictures in turn."""
        self._mode: Literal["undecided", "key", "all", "over"] = "undecided"
        self._broken = False
        self._shown = False
        decoder.restart()

    def add(self, timed: TimedPacket) -> Iterator[TimedPicture]:
        """Take the group's next packet; the first one is the key frame's.

        Yields:
            Pictures that are wanted.
        """
        if self._broken:
            self._decoder.pass_over(timed)
        if self._mode == "over":
            return
        self._pending.append(timed)
        self._pending_bytes += timed.packet.size
        self._latest_s = max(self._latest_s, timed.at_s)
        if self._mode == "undecided":
            yield from self._judge(timed)
        yield from self._decode_wanted()

    def finish(self, next_key_s: float | None) -> Iterator[TimedPicture]:
        """End the group.

        Args:
            next_key_s: When the next key frame is shown; None: no more is known to follow.

        Yields:
            Pictures that are wanted.
        """
        if self._mode == "undecided":
            dense = next_key_s is not None and self._is_dense(next_key_s)
            self._mode = "key" if dense else "all"
            if dense:
                yield from self._decode_key()
        yield from self._decode_wanted()
        if self._is_hungry():
            yield from self._sift(self._decoder.decode(None), None)
        self._drop()

    def _is_dense(self, at_s: float) -> bool:
        return at_s - self._key.at_s <= self._sampling.dense_s

    def _judge(self, timed: TimedPacket) -> Iterator[TimedPicture]:
        """Decide as soon as the packets tell, so that few of them have to wait."""
        keyframes = self._sampling.keyframes
        if keyframes == "only":
            self._mode = "key"
            yield from self._decode_key()
        elif (
            keyframes == "never"
            or not self._is_dense(timed.clock_s)
            or self._pending_bytes > MOST_PENDING_BYTES
        ):
            self._mode = "all"

    def _decode_key(self) -> Iterator[TimedPicture]:
        """Decode the key frame alone; where a codec wants more first, its packets follow."""
        if not self._grid.wants(self._key.at_s):
            self._drop()
            return
        pictures = None if self._key.packet.is_corrupt else self._decoder.decode(self._key)
        rest = self._decoder.decode(None) if pictures is not None else None
        if pictures is None or rest is None:
            self._break(self._key)
            return
        self._decoder.restart()
        if pictures or rest:
            yield from self._sift([*pictures, *rest], None)
            self._drop()

    def _is_hungry(self) -> bool:
        if self._mode == "key":
            return True
        awaited = self._latest_s >= self._grid.target_s - TOLERANCE_S
        return self._mode == "all" and awaited and not self._grid.done

    def _decode_wanted(self) -> Iterator[TimedPicture]:
        while self._pending and self._mode in ("key", "all"):
            if not self._is_hungry() and self._pending_bytes <= MOST_PENDING_BYTES:
                return
            timed = self._pending.popleft()
            self._pending_bytes -= timed.packet.size
            if not timed.stamped:
                self._times_s.append(timed.at_s)
            if timed.packet.is_corrupt:
                # The container lost some of it; what came before is whole.
                yield from self._sift(self._decoder.decode(None), None)
                if not self._is_over():
                    self._break(timed)
                return
            pictures = self._decoder.decode(timed)
            if pictures is None and self._is_leading(timed.at_s):
                continue
            yield from self._sift(pictures, timed)

    def _sift(
        self, pictures: list["VideoFrame"] | None, timed: TimedPacket | None
    ) -> Iterator[TimedPicture]:
        """Keep the pictures that the grid wants."""
        if pictures is None:
            self._break(timed)
            return
        for picture in pictures:
            at_s = self._time_of(picture)
            if self._is_leading(at_s):
                continue
            if picture.is_corrupt:
                self._break(timed)
                return
            if not self._shown:
                self._shown = True
                late = at_s > self._key.at_s + TOLERANCE_S
                self._decoder.withheld |= late and self._decoder.may_withhold
            self._decoder.given += 1
            if self._grid.is_past(at_s):
                self._drop()
                return
            if self._grid.wants(at_s):
                self._grid.take(at_s)
                yield at_s, picture
                if self._mode == "key":
                    self._drop()
                    return

    def _is_leading(self, at_s: float) -> bool:
        """Tell whether a picture is shown before the key frame: it may lack what it needs."""
        return at_s < self._key.at_s - TOLERANCE_S

    def _time_of(self, picture: "VideoFrame") -> float:
        if self._key.stamped:
            at_s = self._decoder.time_of(picture)
            return self._key.at_s - 1 if at_s is None else at_s
        if not self._times_s:
            return self._key.at_s
        self._times_s.sort()
        return self._times_s.pop(0)

    def _break(self, timed: TimedPacket | None) -> None:
        """Give up the rest of the group: what follows rests on what was lost."""
        lost = list(self._pending) if timed is None else [timed, *self._pending]
        for one in lost or [self._key]:
            self._decoder.pass_over(one)
        self._drop()
        self._broken = True

    def _is_over(self) -> bool:
        return self._mode == "over"

    def _drop(self) -> None:
        self._mode = "over"
        self._pending.clear()
        self._pending_bytes = 0
