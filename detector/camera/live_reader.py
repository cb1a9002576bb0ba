"""Frames of one camera's stream, sampled, over all its connections."""

import dataclasses
import math
import threading
from collections.abc import Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from detector.camera.frames import Frame
from detector.camera.live_connection import Arrival, Connection
from detector.camera.live_picker import Picker
from detector.camera.live_times import CaptureTimes, Clock, Timeline
from detector.camera.sampling import Sampling
from detector.camera.video_file import MOST_PIXELS, load_av
from detector.camera.video_picture import make_frame
from detector.errors import StreamError

if TYPE_CHECKING:
    from av import VideoFrame

LEAD_S = 5.0
"""A live stream may be ahead of real time by so much: servers send what they have kept at once."""

UNSTAMPED_MOST = 50
"""After so many packets without a time in a row the stream is taken for one without a clock."""

BARREN_S = 60.0
"""A stream that gives packets and no frame for longer is opened anew. Cameras that save bandwidth
send a key frame every 10 to 20 s at least; before one nothing can be decoded."""


class Reader:
    """Knows one camera's timeline and key frames; reads its connections one after the other."""

    def __init__(
        self, source: str, sampling: Sampling, clock: Clock, closing: threading.Event, paced: bool
    ) -> None:
        """Begin the timeline now.

        Args:
            source: The address without its credentials.
            sampling: How often a frame is wanted.
            clock: What time it is.
            closing: Set when nobody wants frames any more.
            paced: False: files are read as fast as they can be.
        """
        self._source = source
        self._sampling = sampling
        self._clock = clock
        self._closing = closing
        self._paced = paced
        self._opened_at = clock.now()
        self._timeline = Timeline(clock.monotonic(), real_time=paced)
        self._picker = Picker(sampling)
        self._captures = CaptureTimes()
        self._unstamped = 0
        self._passed = False

    def frames(self, connection: Connection, called_s: float) -> Generator[Frame]:
        """Yield the frames that are wanted, until the stream ends.

        Args:
            connection: A fresh one.
            called_s: The monotonic clock when it was begun.

        Raises:
            StreamError: The stream broke off, ended, fell silent or cannot be decoded.
        """
        context = connection.stream.codec_context
        context.thread_count = self._sampling.threads
        context.options = {"max_pixels": str(MOST_PIXELS)}
        began_s = self._clock.monotonic()
        self._timeline.reconnect(called_s)
        self._picker.reconnect(began_s)
        for arrival in connection.arrivals():
            if self._closing.is_set():
                return
            for picture in self._decode(connection, arrival):
                stream_s = self._stream_s(connection, picture)
                if picture.is_corrupt or not self._picker.takes(self._timeline.at(stream_s)):
                    continue
                began_s = self._clock.monotonic()
                yield self._frame(picture, stream_s)
            if self._clock.monotonic() - began_s > BARREN_S + self._sampling.every_s:
                raise StreamError(
                    "corrupt", f"{self._source} sends data, but no picture could be decoded."
                )

    def _decode(self, connection: Connection, arrival: Arrival) -> list["VideoFrame"]:
        """Decode a packet if it is wanted; return the pictures that came out."""
        packet: Any = arrival.packet
        self._unstamped = self._unstamped + 1 if packet.pts is None and packet.dts is None else 0
        if packet.size:
            ahead_s = self._timeline.arrive(
                self._stream_s(connection, packet, decoding=True), self._clock.monotonic()
            )
            waited_s = arrival.waited_s + self._hold_back(connection, ahead_s)
            # Files that are read as fast as they can be are never behind.
            self._picker.note_wait(waited_s if self._paced else math.inf, self._clock.monotonic())
        plan = self._picker.plan(
            packet.is_keyframe,
            self._timeline.at(self._stream_s(connection, packet)),
            self._clock.monotonic(),
        )
        if plan == "pass":
            self._passed = True
            return []
        return self._run_decoder(connection, packet, alone=plan == "alone")

    def _run_decoder(self, connection: Connection, packet: Any, *, alone: bool) -> list[Any]:
        context: Any = connection.stream.codec_context
        pictures: list[Any] = []
        if self._passed:
            # What the decoder kept back is older than the packets that were passed.
            context.flush_buffers()
            self._passed = False
        try:
            pictures += context.decode(packet)
            if alone:
                # The decoder keeps frames back to put them in order; this one is asked out.
                pictures += context.decode(None)
                context.flush_buffers()
        except load_av().error.FFmpegError:
            context.flush_buffers()
            self._picker.note_broken()
        if alone:
            self._picker.note_alone(any(not picture.is_corrupt for picture in pictures))
        return pictures

    def _stream_s(
        self, connection: Connection, timed: Any, *, decoding: bool = False
    ) -> float | None:
        """Return the time of a packet or picture on the stream's clock.

        Streams without one are timed by ours; None: not known yet.
        """
        first, second = (timed.dts, timed.pts) if decoding else (timed.pts, timed.dts)
        stamp = second if first is None else first
        if not connection.has_times or self._unstamped > UNSTAMPED_MOST:
            return self._clock.monotonic()
        return None if stamp is None or not timed.time_base else float(stamp * timed.time_base)

    def _hold_back(self, connection: Connection, ahead_s: float) -> float:
        """Wait until a packet's time has come; return how long that took."""
        excess_s = ahead_s - (0.0 if connection.is_ahead else LEAD_S)
        if not self._paced or excess_s <= 0:
            return 0.0
        self._clock.wait(self._closing, excess_s)
        return excess_s

    def _frame(self, picture: "VideoFrame", stream_s: float | None) -> Frame:
        frame = make_frame(picture, self._source, self._timeline.place(stream_s), None)
        if self._paced:
            captured_at = self._captures.at(self._clock.now(), self._clock.monotonic())
        else:
            captured_at = self._opened_at + timedelta(seconds=frame.timestamp_s)
        return dataclasses.replace(frame, captured_at=captured_at)
