"""An incident: one problem at one place in front of one camera, from first to last sight."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from detector.camera.looks import BoxXyxy
from detector.detections import Severity

IncidentState = Literal["open", "cleared"]
EndReason = Literal["gone", "view_changed"]
"""gone: looked for and not seen any more; view_changed: the camera was turned away for good."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The sighting with the highest score."""

    score: float
    box_xyxy: BoxXyxy
    severity: Severity
    image_wh: tuple[int, int]
    source: str
    timestamp_s: float
    captured_at: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """One problem at one place. Values of one id with rising revisions tell its story."""

    id: str
    """Same for the same footage, model and settings; fits the service's form of ids."""
    camera: str
    label: str
    state: IncidentState
    revision: int
    """1 when it opens; grows with each change that is worth telling."""
    started_s: float
    """First sighting, on the camera's timeline (`Look.at_s`)."""
    last_seen_s: float
    """Latest sighting, on the same."""
    started_at: datetime | None
    """UTC; None where the footage's time is unknown."""
    last_seen_at: datetime | None
    frames: int
    """Scored looks that saw it."""
    median_score: float
    """Of the latest sightings."""
    peak: Peak
    end_reason: EndReason | None = None
    """Why it was cleared; None while open."""

    @property
    def ended_at(self) -> datetime | None:
        """When it was last seen, once it is cleared."""
        return self.last_seen_at if self.state == "cleared" else None
