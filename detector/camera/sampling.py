"""Which frames of a recording are looked at: the first of each cell of a grid in time.

The grid lies on the source's own timeline, so the frames taken do not depend on where a recording
is cut into spans, as long as the cuts lie on the grid.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

TOLERANCE_S: Final = 0.001
"""Timestamps are rounded by containers, Matroska's and FLV's to a millisecond."""
SHORTEST_EVERY_S: Final = 0.005
"""A cell must hold the tolerance several times over; no camera takes 200 frames a second."""
DENSE_SHARE: Final = 1.05
"""Key frames of "every two seconds" come a frame or two late with some encoders."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How densely a stream is looked at."""

    every_s: float = 2.0
    """One frame for each span of this length: the first at or after each multiple of it."""
    keyframes: Literal["auto", "only", "never"] = "auto"
    """auto: key frames alone where the next one follows within `every_s` (and a twentieth), which
    costs a quarter; only: nothing but key frames; never: all frames count."""
    threads: int = 1
    """Decoder threads; they help only where the encoder cut its pictures into slices."""

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: The step is too short or no number, or there is no thread.
        """
        if not SHORTEST_EVERY_S <= self.every_s < math.inf:
            raise ValueError(f"every_s is {self.every_s}; it must be {SHORTEST_EVERY_S} or more.")
        if self.threads < 1:
            raise ValueError(f"threads is {self.threads}; it must be 1 or more.")

    @property
    def dense_s(self) -> float:
        """Key frames that follow each other within so long are looked at alone."""
        return self.every_s * DENSE_SHARE


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a source's timeline: it owns the frames with start_s <= timestamp_s < end_s."""

    start_s: float = 0.0
    end_s: float | None = None
    """None: to the end of the file, whatever its header says."""

    def __post_init__(self) -> None:
        """Check the order.

        Raises:
            ValueError: The span starts before 0 or ends before it starts.
        """
        end_s = math.inf if self.end_s is None else self.end_s
        if not 0 <= self.start_s < end_s:
            raise ValueError(f"A span from {self.start_s} s to {self.end_s} s is none.")

    @property
    def stops_s(self) -> float:
        """Its end; infinity where it has none."""
        return math.inf if self.end_s is None else self.end_s


class Grid:
    """Remembers which cells of a span have their frame. Time goes forward only."""

    def __init__(self, every_s: float, span: Span | None = None) -> None:
        """Start with no cell taken."""
        self._every_s = every_s
        self._span = span or Span()
        self._last_cell: int | None = None

    @property
    def target_s(self) -> float:
        """Where the next frame is wanted: the first one there or after it."""
        if self._last_cell is None:
            return self._span.start_s
        return max(self._span.start_s, (self._last_cell + 1) * self._every_s)

    @property
    def done(self) -> bool:
        """The span wants no more frames."""
        return self.is_past(self.target_s)

    def is_past(self, timestamp_s: float) -> bool:
        """Tell whether a time lies at or behind the span's end."""
        return timestamp_s >= self._span.stops_s - TOLERANCE_S

    def wants(self, timestamp_s: float) -> bool:
        """Tell whether a frame of this time is the next to take."""
        return timestamp_s >= self.target_s - TOLERANCE_S and not self.is_past(timestamp_s)

    def take(self, timestamp_s: float) -> None:
        """Note that the cell of this time has its frame."""
        self._last_cell = math.floor((timestamp_s + TOLERANCE_S) / self._every_s)
