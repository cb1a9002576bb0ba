"""A camera watched live: frames while it answers, outages while it does not, for ever.

A thread of its own reads and decodes, so the stream's buffers never fill up; whoever looks at the
frames gets the newest one, however long the last one took.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from detector.camera.addresses import hide_credentials
from detector.camera.frames import Frame
from detector.camera.live_connection import Connection, Limits, RefusedError
from detector.camera.live_mailbox import Mailbox
from detector.camera.live_reader import Reader
from detector.camera.live_times import Clock, SystemClock
from detector.camera.sampling import Sampling
from detector.camera.video_file import load_av
from detector.errors import StreamError, StreamErrorCode

JITTER_SHARE = 0.5
"""A wait is shortened by up to so much by chance, so that cameras that a power cut took down
together are not called together."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How a camera is watched."""

    sampling: Sampling = field(default_factory=Sampling)
    """Live, frames are taken at least `every_s` apart, rather than on a grid."""
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    """A camera that sends no picture for so long is called again."""
    backoff_first_s: float = 1.0
    """The wait before the first new call; it doubles with each call in vain."""
    backoff_most_s: float = 60.0
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    """TCP loses nothing and passes routers."""
    paced: bool = True
    """False: files are read as fast as the frames are taken, and none is left out. For tests."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The camera gives no frames. It is over when the next frame comes."""

    code: StreamErrorCode
    message: str
    """In plain words, without credentials."""
    since_s: float
    """Seconds since the last frame, or since the stream was opened if there was none."""
    attempt: int
    """Calls in vain since then; 0: the connection was lost just now."""
    retry_in_s: float
    """When the camera is called again."""
    at: datetime
    """UTC."""


class LiveStream:
    """One camera. Iterate in one thread; `close` from any. A context manager."""

    def __init__(
        self,
        url: str,
        settings: LiveSettings | None = None,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Keep what is needed; the camera is called when iteration starts.

        Args:
            url: Address of the stream, with credentials if it wants some; or a video file, which
                is played in its own time, again and again.
            settings: How to watch.
            clock: What time it is; tests bring their own.
            rng: Chance of the waits; tests bring their own.

        Raises:
            ExtraMissingError: PyAV is not installed.
        """
        load_av()
        self._url = url
        self._settings = settings or LiveSettings()
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()
        self._closing = threading.Event()
        self._box: Mailbox[Frame, Outage] = Mailbox(lossless=not self._settings.paced)
        self._thread: threading.Thread | None = None
        self._backoff_s = 0.0
        self._attempt = 1
        self._frame_s = self._clock.monotonic()
        self.source = hide_credentials(url)
        """The address without credentials; the frames' `source`."""

    def __repr__(self) -> str:
        return f"LiveStream({self.source!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame | Outage]:
        """Yield the newest frame or the next outage, until the stream is closed."""
        if self._thread is None and not self._closing.is_set():
            # A daemon: a read that hangs must not keep the program from ending.
            self._thread = threading.Thread(
                target=self._run, name=f"live {self.source}", daemon=True
            )
            self._thread.start()
        while (item := self._box.take()) is not None:
            yield item

    @property
    def replaced(self) -> int:
        """Frames that nobody looked at, because a newer one came first."""
        return self._box.replaced

    def close(self, wait_s: float = 0.0) -> None:
        """End the iteration at once, and the connection after at most its read timeout.

        Args:
            wait_s: Wait so long for the connection to be closed.
        """
        self._closing.set()
        self._box.close()
        thread = self._thread
        if wait_s > 0 and thread is not None and thread is not threading.current_thread():
            thread.join(wait_s)

    def _run(self) -> None:
        settings = self._settings
        limits = Limits(settings.open_timeout_s, settings.read_timeout_s, settings.rtsp_transport)
        reader = Reader(self.source, settings.sampling, self._clock, self._closing, settings.paced)
        while not self._closing.is_set():
            try:
                self._watch(reader, limits)
            except StreamError as error:
                problem = error
            except Exception as error:
                # Its text may hold the address; its kind tells a programmer enough.
                kind = type(error).__name__
                problem = StreamError("internal", f"Reading {self.source} failed inside: {kind}.")
            else:
                return
            self._rest(problem)

    def _watch(self, reader: Reader, limits: Limits) -> None:
        """Read one connection to its end. Returns only when the stream is closed."""
        called_s = self._clock.monotonic()
        with closing(Connection(self._url, limits)) as connection:
            first_s: float | None = None
            for frame in reader.frames(connection, called_s):
                self._frame_s = self._clock.monotonic()
                first_s = self._frame_s if first_s is None else first_s
                self._attempt = 0
                # A camera that falls over right after each call is not called every second: the
                # wait is forgotten only once frames have come for longer than it was.
                if self._frame_s - first_s >= self._backoff_s:
                    self._backoff_s = 0.0
                self._box.put_frame(frame)

    def _rest(self, problem: StreamError) -> None:
        """Tell of an outage, and wait before the next call."""
        settings = self._settings
        if isinstance(problem, RefusedError):
            self._backoff_s = settings.backoff_most_s
        else:
            self._backoff_s = min(
                max(settings.backoff_first_s, 2 * self._backoff_s), settings.backoff_most_s
            )
        wait_s = self._backoff_s * (1 - JITTER_SHARE * self._rng.random())
        self._box.put_note(
            Outage(
                code=problem.code,
                message=str(problem),
                since_s=self._clock.monotonic() - self._frame_s,
                attempt=self._attempt,
                retry_in_s=wait_s,
                at=self._clock.now(),
            )
        )
        self._attempt += 1
        self._clock.wait(self._closing, wait_s)
