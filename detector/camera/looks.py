"""What one look at a camera's frame told: the values that incidents are made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from detector.detections import Severity

BoxXyxy = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the full-size upright frame."""

Condition = Literal["clear", "dark", "blank", "blurred", "turned", "frozen"]
"""How well the frame shows the scene: clear; dark: too dark to judge; blank: one even colour, such
as a black, covered or dead camera's; blurred: far less detail than this camera is used to; turned:
another view than this camera's; frozen: the same picture for minutes, so it is an old one. The last
three are told by what came before (`HealthFold`)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One finding in one frame, whether or not its score reaches the threshold."""

    label: str
    score: float
    """In [0, 1], at or above the floor that the tracker is told of."""
    box_xyxy: BoxXyxy
    flagged: bool
    """The score reaches the label's threshold."""
    severity: Severity
    motion: float | None = None
    """Share of the box, in [0, 1], whose brightness changed since the sample before, light apart;
    None: there was no sample before."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers of one frame, from its scaled-down brightness."""

    brightness: float
    """Mean, 0..255."""
    contrast: float
    """Standard deviation, 0..255."""
    sharpness: float
    """Energy of fine detail; comparable within one camera only."""
    stillness: float | None
    """Mean absolute difference to the sample before, 0..255, on pixels that were not averaged, so
    that the sensor's noise shows; None: there was none before."""
    signature: bytes | None = None
    """Where the scene has edges, on a coarse grid: tells whether the camera was turned. Present on
    some frames only."""


@dataclass(frozen=True, slots=True)
class Look:
    """One sample of one camera."""

    source: str
    timestamp_s: float
    """As of the frame."""
    captured_at: datetime | None
    """UTC; None where the source's start is unknown."""
    image_wh: tuple[int, int]
    held: bool
    """True: the gate found the scene as it was at the last scored look, whose sightings these are.
    False: the model looked at this very frame."""
    condition: Condition
    sightings: tuple[Sighting, ...]
    """Best first; of a frame that is not clear they say nothing about what is not seen."""
    measures: Measures

    @property
    def at_s(self) -> float:
        """Seconds on the camera's timeline: since 1970 where the time is known, else the file's."""
        return self.timestamp_s if self.captured_at is None else self.captured_at.timestamp()
