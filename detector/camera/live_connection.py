"""One connection to a live stream: opening it, its packets, and what can go wrong in plain words.

Errors of FFmpeg carry the address with its password; none of them leaves this module.
"""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from detector.camera.addresses import hide_credentials
from detector.camera.video_file import MOST_PIXELS, check_size, load_av
from detector.errors import StreamError, StreamErrorCode

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

T = TypeVar("T")

FORMATS = (
    "rtsp,sdp,rtp,hls,flv,live_flv,mpegts,mpjpeg,mjpeg,h264,hevc,mov,mp4,m4a,3gp,3g2,"
    "mj2,matroska,webm,avi,mpeg,asf,asf_o,"
    "aac,ac3,eac3,mp3,webvtt"
)
"""What FFmpeg may take a stream for. Its other formats read text, lists of files and devices. The
last line is what playlists hold beside the picture."""

NETWORK_PROTOCOLS = (
    "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,rtmp,rtmps,rtmpt,srt"
)
"""What a stream from the network may lead to: never a file of this machine."""

FORMATS_AHEAD = frozenset({"hls", "mov", "matroska", "avi", "asf", "mpeg"})
"""Formats that give seconds or hours at once; their frames are held back until their time."""

FORMATS_WITHOUT_TIMES = frozenset({"mpjpeg", "mjpeg", "h264", "hevc"})
"""Formats whose frames are numbered rather than timed: they count when they arrive."""

ANALYZE_US = 3_000_000
"""FFmpeg may look so long at a stream to learn what it is; its own 5 s only delays cameras."""

ALMOST = 0.9
"""A call that failed after so much of its time limit failed because of it, whatever it says."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How a connection is made."""

    open_timeout_s: float
    read_timeout_s: float
    rtsp_transport: str


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A packet of the video stream and how it came. A packet of size 0 ends a file."""

    packet: "Packet[VideoStream]"
    waited_s: float
    """How long the reader was blocked for it."""


class Connection:
    """An open stream. Used and closed by one thread."""

    def __init__(self, address: str, limits: Limits) -> None:
        """Connect, and learn what the stream holds.

        Args:
            address: URL or path, with credentials.
            limits: Time limits and transport.

        Raises:
            StreamError: It cannot be opened, or holds no video that can be decoded.
            ExtraMissingError: PyAV is not installed.
        """
        self._shown = hide_credentials(address)
        self._limits = limits
        self._container = self._translated(
            lambda: _open(address, limits), limits.open_timeout_s, opening=True
        )
        try:
            self.stream = self._video_stream()
        except StreamError:
            self.close()
            raise
        names = set(self._container.format.name.split(","))
        self.is_local = is_local(address)
        self.is_ahead = self.is_local or bool(names & FORMATS_AHEAD)
        """Frames come before their time."""
        self.has_times = self.is_local or not names & FORMATS_WITHOUT_TIMES
        """Its clock can be believed."""

    def close(self) -> None:
        """Hang up."""
        self._container.close()

    def arrivals(self) -> Generator[Arrival]:
        """Yield packets of the video as they come.

        Raises:
            StreamError: `timed_out`: no video came in time; `ended`, `unreadable`, `corrupt`.
        """
        packets = self._container.demux()
        last_s = time.monotonic()
        while True:
            asked_s = time.monotonic()
            packet = self._translated(
                lambda: next(packets, None), self._limits.read_timeout_s, opening=False
            )
            now_s = time.monotonic()
            if now_s - asked_s >= ALMOST * self._limits.read_timeout_s:
                # FFmpeg takes some time limits for the stream's end, and gives out what it has.
                raise self._timed_out()
            if packet is not None and packet.stream_index == self.stream.index:
                # Its index tells that it is of the video.
                yield Arrival(cast("Packet[VideoStream]", packet), now_s - asked_s)
                # Only the waiting here counts, not what is done with the packet.
                last_s = time.monotonic()
            elif packet is None:
                raise StreamError("ended", f"{self._shown} ended.")
            elif now_s - last_s > self._limits.read_timeout_s:
                # A camera whose sound goes on without its picture.
                raise self._timed_out()

    def _video_stream(self) -> "VideoStream":
        streams = self._container.streams.video
        if not streams:
            raise StreamError("no_video_stream", f"{self._shown} sends no picture.")
        stream = streams[0]
        if stream.codec_context is None:
            raise StreamError(
                "unsupported_codec",
                f"{self._shown} sends a picture in a coding that is not known here.",
                "Set the camera to H.264.",
            )
        check_size(stream.codec_context.width, stream.codec_context.height)
        return stream

    def _timed_out(self) -> StreamError:
        return StreamError(
            "timed_out", f"{self._shown} sent no picture for {self._limits.read_timeout_s:g} s."
        )

    def _translated(self, call: Callable[[], T], limit_s: float, *, opening: bool) -> T:
        """Return what a call of FFmpeg returns, or raise its error in our words."""
        av = load_av()
        began_s = time.monotonic()
        try:
            return call()
        except (av.error.FFmpegError, OSError, ValueError) as error:
            problem = _explain(error, self._shown, opening=opening)
            if time.monotonic() - began_s >= ALMOST * limit_s:
                words = "did not answer" if opening else "sent no picture"
                problem = StreamError("timed_out", f"{self._shown} {words} for {limit_s:g} s.")
        # Raised outside, so that the error with the password is not even its context.
        raise problem


def is_local(address: str) -> bool:
    """Return whether an address is a file of this machine."""
    return "://" not in address


def _open(address: str, limits: Limits) -> "InputContainer":
    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file" if is_local(address) else NETWORK_PROTOCOLS,
        "analyzeduration": str(ANALYZE_US),
        "fpsprobesize": "3",  # The frame rate does not matter here; guessing it takes a second.
        "max_pixels": str(MOST_PIXELS),
    }
    if address.lower().startswith(("rtsp:", "rtsps:")):
        options["rtsp_transport"] = limits.rtsp_transport
        options["allowed_media_types"] = "video"
    # "file:" keeps FFmpeg from finding a protocol in a path such as "a:b.mp4".
    name = f"file:{address}" if is_local(address) else address
    opened: InputContainer = load_av().open(
        name, options=options, timeout=(limits.open_timeout_s, limits.read_timeout_s)
    )
    return opened


_SYSTEM_WORDS: Mapping[type[Exception], str] = {
    ConnectionRefusedError: "refused the connection",
    ConnectionResetError: "broke the connection",
    ConnectionAbortedError: "broke the connection",
    BrokenPipeError: "broke the connection",
    FileNotFoundError: "is not there",
    PermissionError: "may not be read",
    IsADirectoryError: "is a folder",
}


def _explain(error: Exception, shown: str, *, opening: bool) -> StreamError:
    """Say what an error of FFmpeg means, without any of its own text."""
    av = load_av()
    code: StreamErrorCode = "unreadable"
    words, hint = "cannot be reached", "Check the address, the network and the camera."
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        words, hint = "refused the user name or password", "Check both, and the user's rights."
        return RefusedError(f"{shown} {words}.", hint)
    if isinstance(error, av.error.HTTPNotFoundError):
        words, hint = "has no such stream", "Check the path in the address."
    elif isinstance(error, av.error.HTTPError):
        words = "answered with an error"
    elif isinstance(error, av.error.ProtocolNotFoundError | av.error.DemuxerNotFoundError):
        words, hint = "is of a kind that is not read", "Give an address of RTSP, RTMP or HTTP(S)."
    elif isinstance(error, av.error.DecoderNotFoundError):
        code, words, hint = "unsupported_codec", "sends a picture in an unknown form", ""
    elif isinstance(error, av.error.InvalidDataError | av.error.ArgumentError):
        # An invalid argument is FFmpeg's word for a format that is not on the list.
        code, words = ("not_a_video", "sends no video") if opening else ("corrupt", "sent damage")
    elif isinstance(error, TimeoutError | av.error.ExitError):
        code, words = "timed_out", "did not answer in time"
    else:
        for kind, text in _SYSTEM_WORDS.items():
            if isinstance(error, kind):
                words = text
                break
        else:
            words = words if opening else "broke off"
    if not opening and code == "unreadable":
        code = "ended"
    return StreamError(code, f"{shown} {words}.", hint)


class RefusedError(StreamError):
    """The camera does not take the user name or the password.

    Trying again soon is harmful: cameras lock a user out after a few wrong passwords.
    """

    def __init__(self, message: str, hint: str) -> None:
        """A refusal is a stream that cannot be read."""
        super().__init__("unreadable", message, hint)
