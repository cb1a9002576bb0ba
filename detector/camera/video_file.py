"""A video file as packets with times: opened with care, sought with distrust."""

import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from detector.camera.video_errors import COPY_HINT, describe_open_error
from detector.errors import ExtraMissingError, StreamError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

# FFmpeg's demuxers that hold their pictures in the file itself. It has others that open what a
# text names (concat, hls, dash, image2), or that take any text for a picture (tty).
FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "flv",
    "asf",
    "h264",
    "hevc",
    "mjpeg",
    "mpjpeg",
    "m4v",
    "dhav",
)
BARE_FORMATS: Final = frozenset({"h264", "hevc", "mjpeg", "mpegvideo", "m4v", "mpjpeg"})
"""Streams without a container: no timestamps and no index, so they are read from their start."""
LONGEST_SIDE_PX: Final = 8192
MOST_PIXELS: Final = 100_000_000
MOST_READ_ERRORS: Final = 64
"""One after another; then the rest of the file is given up."""
FRAME_RATES: Final = (0.01, 1000.0)


@dataclass(frozen=True, slots=True)
class TimedPacket:
    """A packet and when its picture is shown."""

    packet: "Packet[VideoStream]"
    at_s: float
    """Seconds from the file's first frame."""
    clock_s: float
    """Decoding time, which goes forward where the timeline is whole."""
    stamped: bool
    """The container gave the time; else packets were counted."""

    @property
    def is_key(self) -> bool:
        """A picture that needs no other."""
        return bool(self.packet.is_keyframe)


def load_av() -> ModuleType:
    """Return PyAV.

    Raises:
        ExtraMissingError: It is not installed.
    """
    try:
        import av
        import av.error
    except ImportError as error:
        raise ExtraMissingError("camera", "Reading videos") from error
    return av


class VideoFile:
    """One video stream of a file. A context manager."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Open the file and find its video stream.

        Args:
            path: The file; its ending does not matter.
            threads: Decoder threads.

        Raises:
            StreamError: The file is no video that can be read.
            ExtraMissingError: PyAV is not installed.
        """
        self._av: Any = load_av()
        self.path = path
        self.container: InputContainer = self._open()
        self.read_errors = 0
        try:
            self.stream: VideoStream = self._choose_stream()
            self._prepare_decoder(threads)
            self._tick_s = float(self.stream.time_base or 1)
            self._peeked = next(self._read(), None)
            self._origin = self._find_origin()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.container.close()

    @property
    def container_name(self) -> str:
        """FFmpeg's name of the container."""
        return str(self.container.format.name)

    @property
    def frame_s(self) -> float:
        """How long a frame is shown, as the header says; 1/25 where it says nothing of use."""
        rate = float(self.stream.guessed_rate or self.stream.average_rate or 0)
        return 1 / rate if FRAME_RATES[0] <= rate <= FRAME_RATES[1] else 1 / 25

    @property
    def duration_s(self) -> float | None:
        """As the header says, or FFmpeg guesses; None: not known."""
        if self.stream.duration:
            return self.stream.duration * self._tick_s
        if not self.container.duration:
            return None
        duration_s = self.container.duration / 1e6
        # Matroska's is when the last frame ends, on a clock that need not start at 0.
        begin_s = self._origin * self._tick_s if "matroska" in self.container_name else 0.0
        return duration_s - begin_s if 0 < begin_s < duration_s else duration_s

    def time_of(self, pts: int) -> float:
        """Return the seconds from the first frame of a timestamp."""
        return (pts - self._origin) * self._tick_s

    def packets(self) -> Iterator[TimedPacket]:
        """Read on from where the file stands.

        Yields:
            Packets with data, in decoding order. Unreadable parts are counted in `read_errors`
            and passed over.
        """
        peeked = [] if self._peeked is None else [self._peeked]
        self._peeked = None
        for number, packet in enumerate(itertools.chain(peeked, self._read())):
            shown = packet.pts if packet.pts is not None else packet.dts
            decoded = packet.dts if packet.dts is not None else packet.pts
            if shown is None or decoded is None or self.container_name in BARE_FORMATS:
                at_s = number * self.frame_s
                yield TimedPacket(packet, at_s, at_s, stamped=False)
            else:
                stamped = packet.pts is not None
                yield TimedPacket(packet, self.time_of(shown), self.time_of(decoded), stamped)

    def seek(self, at_s: float) -> bool:
        """Go near a time, mostly before it; tell whether the container could."""
        try:
            ticks = math.floor(at_s / self._tick_s) + self._origin
            self._peeked = None
            self.container.seek(ticks, stream=self.stream)
        except (self._av.error.FFmpegError, OverflowError):
            return False
        return True

    def seek_byte(self, offset: int) -> bool:
        """Go to a place in the file; tell whether the container could."""
        try:
            self._peeked = None
            self.container.seek(offset, stream=self.stream, unsupported_byte_offset=True)
        except self._av.error.FFmpegError:
            return False
        return True

    def _read(self) -> Generator["Packet[VideoStream]"]:
        in_row = 0
        while in_row < MOST_READ_ERRORS:
            try:
                for packet in self.container.demux(self.stream):
                    if packet.size:
                        in_row = 0
                        yield packet
            except self._av.error.FFmpegError:
                in_row += 1
                self.read_errors += 1
            except IndexError:
                # PyAV (seen with 18.1) stumbles at a file's end over streams that appeared on the
                # way, as in transport streams; all packets were given by then.
                return
            else:
                return

    def _find_origin(self) -> int:
        """Return the timestamp of the first frame."""
        # What an edit list cuts off comes before the stream's start; AVI's first key frame may
        # come after it, where FFmpeg allows for pictures out of order.
        told = self.stream.start_time
        first = None if self._peeked is None else self._peeked.pts
        return max((one for one in (told, first) if one is not None), default=0)

    def _open(self) -> "InputContainer":
        options = {
            "format_whitelist": ",".join(FORMATS),
            # Nothing within a file may lead to another file or to the network.
            "protocol_whitelist": "file",
            "max_pixels": str(MOST_PIXELS),
            # FFmpeg would take a clock that starts again for one that ran over after 26 hours.
            "correct_ts_overflow": "0",
        }
        try:
            opened: InputContainer = self._av.open(
                f"file:{self.path}", "r", options=options, metadata_errors="replace"
            )
        except (self._av.error.FFmpegError, OSError, ValueError) as error:
            raise describe_open_error(self.path, error) from error
        return opened

    def _choose_stream(self) -> "VideoStream":
        # A cover picture of a sound file is a video stream of one frame.
        cover = self._av.stream.Disposition.attached_pic
        streams = [one for one in self.container.streams.video if not one.disposition & cover]
        if not self.container.streams:
            raise StreamError("truncated", "The file's index was cut off.", COPY_HINT)
        if not streams:
            raise StreamError("no_video_stream", "The file holds no video, only sound or data.")
        stream = streams[0]
        if stream.codec_context is None:
            raise StreamError(
                "unsupported_codec",
                "The video's coding is not known to this build of FFmpeg.",
                "Convert it to H.264.",
            )
        check_size(stream.codec_context.width, stream.codec_context.height)
        for other in self.container.streams:
            if other.index != stream.index:
                other.discard = self._av.stream.Discard.all
        return stream

    def _prepare_decoder(self, threads: int) -> None:
        context = self.stream.codec_context
        context.thread_count = threads
        context.options = {"max_pixels": str(MOST_PIXELS)}


def check_size(width: int, height: int) -> None:
    """Refuse pictures that no camera takes and no memory should hold.

    Raises:
        StreamError: A side, or the whole, is too large.
    """
    if max(width, height) > LONGEST_SIDE_PX or width * height > MOST_PIXELS:
        raise StreamError(
            "too_many_pixels",
            f"The video has {width}×{height} pixels; {LONGEST_SIDE_PX}×{LONGEST_SIDE_PX} are the "
            "most.",
        )
