"""The times of a live stream: clocks, the stream's timeline and the wall clock of its frames."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from detector.camera.times import CLOCK_SET_BACK_S

TICK_S = 0.001
"""Two frames of a stream are at least so far apart."""

BACKWARD_S = 1.0
"""A stream whose clock goes back by more was restarted; less is the order of B-frames."""

FORWARD_S = 10.0
"""A stream whose clock goes ahead of real time by more in one step was restarted or set."""

LATE_S = 5.0
"""A timeline that is behind real time by more has missed what was between."""

SLEW_SHARE = 0.01
"""How much of each step the timeline may be corrected by, towards real time. Quartz clocks of
cameras are off by some 0.01 %, so real drift never lasts."""


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """Return the wall clock, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until the event is set or the time is over; return whether it is set."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the wall clock, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never step."""
        return time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until the event is set or the time is over; return whether it is set."""
        return event.wait(timeout_s)


class Timeline:
    """Places the frames of one stream on one timeline, over reconnects and jumps of its clock.

    Spacing is the stream's own; the whole is drawn gently towards real time, so that hours of a
    clock's drift do not add up.
    """

    def __init__(self, opened_s: float, *, real_time: bool = True) -> None:
        """Begin at zero.

        Args:
            opened_s: The monotonic clock when the stream was opened.
            real_time: False for files that are read as fast as they can be: real time says
                nothing about them.
        """
        self._opened_s = opened_s
        self._real_time = real_time
        self._offset_s: float | None = None
        self._stream_s = 0.0
        self._now_s = opened_s
        self._called_s = opened_s
        self._placed_s = -TICK_S

    def reconnect(self, called_s: float) -> None:
        """Expect a stream whose clock has nothing to do with the one before.

        Args:
            called_s: The monotonic clock when it was called: its first packet counts from then,
                since the packets that came while it was opened are read in one go.
        """
        self._offset_s = None
        self._called_s = called_s

    def arrive(self, stream_s: float | None, now_s: float) -> float:
        """Take note of a packet.

        Args:
            stream_s: Its time on the stream's clock; None: not known, as of an RTSP camera's first
                packets.
            now_s: The monotonic clock.

        Returns:
            By how many seconds the packet is ahead of real time; negative: late.
        """
        if stream_s is None:
            return 0.0
        elapsed_s = now_s - self._opened_s if self._real_time else 0.0
        if self._offset_s is None:
            self._offset_s = max(self._begin_s(), self._placed_s + TICK_S) - stream_s
        elif self._jumped(stream_s, now_s):
            self._offset_s = max(elapsed_s, self._placed_s + TICK_S) - stream_s
        elif self._real_time:
            late_s = elapsed_s - (stream_s + self._offset_s)
            if late_s > LATE_S:
                self._offset_s += late_s
            else:
                most_s = SLEW_SHARE * max(0.0, stream_s - self._stream_s)
                self._offset_s += min(most_s, max(-most_s, late_s))
        self._stream_s, self._now_s = stream_s, now_s
        return stream_s + self._offset_s - elapsed_s if self._real_time else 0.0

    def at(self, stream_s: float | None) -> float:
        """Return where a time of the stream's clock lies; None: where the stream is."""
        if self._offset_s is None:
            return self._begin_s()
        # A decoder keeps pictures back: what is far ahead is from before the clock went back.
        if stream_s is None or stream_s > self._stream_s + FORWARD_S:
            stream_s = self._stream_s
        return stream_s + self._offset_s

    def place(self, stream_s: float | None) -> float:
        """Return the timestamp of a frame that is given out: later than all before it."""
        self._placed_s = max(self.at(stream_s), self._placed_s + TICK_S)
        return self._placed_s

    def _begin_s(self) -> float:
        """Return where the connection began."""
        return self._called_s - self._opened_s if self._real_time else 0.0

    def _jumped(self, stream_s: float, now_s: float) -> bool:
        step_s = stream_s - self._stream_s
        passed_s = now_s - self._now_s if self._real_time else 0.0
        return step_s < -BACKWARD_S or step_s > passed_s + FORWARD_S


class CaptureTimes:
    """Wall clock times that go forward while the machine's clock is corrected."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._given: datetime | None = None
        self._given_s = 0.0

    def at(self, now: datetime, monotonic_s: float) -> datetime:
        """Return the time of a frame that arrived now.

        A wall clock that was set back is waited for at half pace: time goes on, only slower. One
        that was far ahead (`CLOCK_SET_BACK_S`) is believed: to wait for it would take days.

        Args:
            now: The wall clock, UTC.
            monotonic_s: The monotonic clock.

        Returns:
            UTC, not before any that was given out, unless the clock was far ahead.
        """
        if self._given is None:
            self._given, self._given_s = now, monotonic_s
            return now
        passed = timedelta(seconds=max(0.0, monotonic_s - self._given_s))
        waited = self._given + passed / 2
        was_ahead = (waited - now).total_seconds() > CLOCK_SET_BACK_S
        self._given, self._given_s = now if was_ahead else max(now, waited), monotonic_s
        return self._given
