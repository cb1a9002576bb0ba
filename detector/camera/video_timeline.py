"""From a file's packets to the pictures that are wanted, in the order of time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from detector.camera.sampling import Grid, Sampling
from detector.camera.video_errors import COPY_HINT, StreamProblem
from detector.camera.video_file import BARE_FORMATS, TimedPacket, VideoFile
from detector.camera.video_groups import Decoder, Group, TimedPicture
from detector.camera.video_seek import breaks_off
from detector.errors import StreamError

# Of these the header knows the duration; of the others FFmpeg guesses it.
FORMATS_WITH_DURATION: Final = frozenset(
    {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "flv", "asf"}
)
LEAST_MISSING_S: Final = 2.0
LEAST_MISSING_SHARE: Final = 0.01
"""Sound goes on a little longer than the picture; less missing than this is no news."""


class Reading:
    """One way through a file's packets."""

    def __init__(
        self,
        file: VideoFile,
        packets: Iterator[TimedPacket],
        sampling: Sampling,
        grid: Grid,
        *,
        rebase: bool = False,
        whole: bool = True,
    ) -> None:
        """Take an open file.

        Args:
            file: The file.
            packets: Its packets from a key frame on that lies at or before the first target.
            sampling: Which frames.
            grid: Which cells still want a frame.
            rebase: Bridge jumps of the clock, instead of refusing them.
            whole: All of the file is read; else what cannot be cut into parts is refused.
        """
        self._file = file
        self._packets = packets
        self._sampling = sampling
        self._grid = grid
        self._rebase = rebase
        self._whole = whole
        self._decoder = Decoder(file)
        self._keys = 0
        self._met_packets = False
        self._at_end = False
        self._shift_s = 0.0
        self._latest_s = 0.0
        self._restarts: list[float] = []

    def pictures(self) -> Iterator[TimedPicture]:
        """Decode what the grid wants.

        Yields:
            Seconds from the file's first frame, and the picture as it is stored.

        Raises:
            StreamError: The clock jumps and may not be bridged, or the file cannot be cut.
        """
        for timed_picture in self._decode():
            # What such a picture shows depends on how much was decoded before it.
            if self._decoder.withheld and not self._whole:
                raise StreamError(
                    "timeline_broken",
                    "The video has no whole key frames: it cannot be read in parts.",
                    "It can be read whole, from its start.",
                )
            yield timed_picture

    def _decode(self) -> Iterator[TimedPicture]:
        group: Group | None = None
        for timed, restarts in self._timeline():
            if timed.is_key or restarts:
                if group is not None:
                    yield from group.finish(None if restarts else timed.at_s)
                group = None
                self._decoder.shift_s = self._shift_s
                if self._grid.done or self._grid.is_past(timed.at_s):
                    return
            if timed.is_key:
                self._keys += 1
                group = Group(timed, self._decoder, self._sampling, self._grid)
            if group is not None:
                yield from group.add(timed)
        self._at_end = True
        if group is not None:
            yield from group.finish(None)

    def problems(self) -> Iterator[StreamProblem]:
        """Say what was wrong so far, each kind once."""
        decoder = self._decoder
        if decoder.passed_over:
            yield StreamProblem(
                "passed_over",
                f"{decoder.passed_over} frames were passed over: their data are damaged.",
                decoder.first_passed_s,
                decoder.passed_over,
            )
        if self._file.read_errors:
            yield StreamProblem(
                "unreadable_parts",
                f"The file is damaged in {self._file.read_errors} places.",
                None,
                self._file.read_errors,
            )
        if self._restarts:
            yield StreamProblem(
                "clock_restarted",
                f"The clock jumped {len(self._restarts)} times; the times go on without a gap.",
                self._restarts[0],
                len(self._restarts),
            )
        yield from self._early_end()

    def check_given(self) -> None:
        """See to it that giving no frame was right.

        Raises:
            StreamError: There should have been frames.
        """
        not_a_video = StreamError("not_a_video", "The file is no video of a kind that can be read.")
        # Bare formats are told by their ending alone, which a text file may have too.
        bare = self._file.container_name in BARE_FORMATS
        if (self._decoder.tried or self._decoder.passed_over) and not self._decoder.given:
            if bare and self._at_end:
                raise not_a_video
            raise StreamError(
                "corrupt", "No frame could be decoded: the video's data are damaged.", COPY_HINT
            )
        if not self._at_end or self._keys:
            return
        if self._met_packets:
            raise StreamError("corrupt", "The video has no key frame to start from.", COPY_HINT)
        if bare:
            raise not_a_video
        raise StreamError("truncated", "The video holds no frames: it was cut off.", COPY_HINT)

    def _timeline(self) -> Iterator[tuple[TimedPacket, bool]]:
        """Yield packets with times that go forward, and whether the clock jumped before."""
        before: TimedPacket | None = None
        for timed in self._packets:
            self._met_packets = True
            restarts = before is not None and breaks_off(before, timed)
            if restarts:
                if not self._rebase:
                    raise broken_timeline()
                start_s = self._latest_s + self._file.frame_s
                self._shift_s = start_s - timed.at_s
                self._restarts.append(start_s)
            before = timed
            shift_s = self._shift_s
            moved = timed
            if shift_s:
                moved = replace(timed, at_s=timed.at_s + shift_s, clock_s=timed.clock_s + shift_s)
            self._latest_s = max(self._latest_s, moved.at_s)
            yield moved, restarts

    def _early_end(self) -> Iterator[StreamProblem]:
        duration_s = self._file.duration_s
        if not self._at_end or duration_s is None:
            return
        if self._file.container_name not in FORMATS_WITH_DURATION:
            return
        missing_s = duration_s - self._latest_s - self._file.frame_s
        if missing_s > max(LEAST_MISSING_S, LEAST_MISSING_SHARE * duration_s):
            yield StreamProblem(
                "ends_early",
                f"The video ends after {self._latest_s:.0f} s; its header says {duration_s:.0f} s.",
                self._latest_s,
            )


def broken_timeline() -> StreamError:
    """Return the error of a clock that jumps."""
    return StreamError(
        "timeline_broken",
        "The video's clock jumps: it was put together from several recordings.",
        "It can be read whole, from its start, with its clock bridged.",
    )
