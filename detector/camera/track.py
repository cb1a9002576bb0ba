"""One problem that is followed: what is known of it, and what a look adds.

The one kind of value here that changes; it never leaves the tracker.
"""

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median, median_low
from typing import Final, Literal

from detector.camera.incident import EndReason, Incident, Peak
from detector.camera.looks import BoxXyxy, Look, Sighting
from detector.camera.place import area_of, blend, to_shares
from detector.camera.rules import IncidentRules
from detector.camera.scenery import LookKey

Phase = Literal["new", "open", "rested"]
"""new: not yet an incident; open; rested: cleared, may come back."""

FOLLOW: Final = 0.3
"""Of the way to each new box: smooth against jitter, and three or four looks follow a step."""
MOST_STEP_S: Final = 60.0
"""The gate's longest hold: a step from look to look that is no gap in the watching."""
SHAPES_KEPT: Final = 12
"""Latest sightings whose motion and size are remembered: four times those that open."""
MIN_GROWTH: Final = 1.5
"""A cloud's box grew so many times. Boxes of a wall, whose edges jitter by a tenth of a side
each, stay under it in the median of three."""
FOG_SHARE: Final = 0.7
"""A box over so much of the frame cannot grow."""
MOST_PATIENCE: Final = 8
"""What came back is believed gone ever more slowly, up to so many times."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a look was."""

    key: LookKey
    at_s: float
    captured_at: datetime | None
    image_wh: tuple[int, int]
    held: bool

    @classmethod
    def of(cls, look: Look) -> "Moment":
        """Return a look's moment."""
        return cls(
            (look.source, look.timestamp_s), look.at_s, look.captured_at, look.image_wh, look.held
        )


def peak_of(sighting: Sighting, moment: Moment) -> Peak:
    """Return a sighting as a peak."""
    return Peak(
        sighting.score,
        sighting.box_xyxy,
        sighting.severity,
        moment.image_wh,
        *moment.key,
        moment.captured_at,
    )


@dataclass(slots=True)
class Track:
    """One problem at one place. Boxes in shares of the frame."""

    id: str
    label: str
    phase: Phase
    first: BoxXyxy
    """Where it was first seen."""
    place: BoxXyxy
    """Where it is, smoothed."""
    started_s: float
    started_at: datetime | None
    last_seen_s: float
    last_seen_at: datetime | None
    peak: Peak
    reference: LookKey
    """The latest scored look that surely saw it."""
    window: list[float | None] = field(default_factory=list)
    """Scores of the latest scored looks; None where it was missed."""
    scores: list[float] = field(default_factory=list)
    """Of the latest sightings."""
    shapes: list[tuple[float | None, float]] = field(default_factory=list)
    """Motion and area of the latest sightings."""
    frames: int = 0
    seen_s: float = 0.0
    """How long it was watched being there."""
    revision: int = 0
    told_score: float = 0.0
    """The peak's, when it was last told."""
    told_s: float = 0.0
    missed_at_s: float | None = None
    """The latest look, if that missed it."""
    misses: int = 0
    """Scored looks that missed it since it was surely seen."""
    absent_s: float = 0.0
    """How long it was watched not being there."""
    asked_s: float = 0.0
    """`absent_s` when its place was last compared."""
    returns: int = 0
    cleared_s: float = 0.0
    end_reason: EndReason | None = None

    @property
    def peak_box(self) -> BoxXyxy:
        """The peak's box, in shares."""
        return to_shares(self.peak.box_xyxy, self.peak.image_wh)

    @property
    def reference_keys(self) -> tuple[LookKey, ...]:
        """The looks that show it best: the latest, then the peak."""
        peak = (self.peak.source, self.peak.timestamp_s)
        return (self.reference,) if peak == self.reference else (self.reference, peak)

    def note_hit(self, sighting: Sighting, moment: Moment, rules: IncidentRules) -> None:
        """A look shows it. Its place and peak are set apart: they need to know the others."""
        if moment.held:
            if self.misses == 0:
                self._note_presence(moment, rules)
            return
        self.frames += 1
        self._push(sighting.score, rules)
        self.scores = [*self.scores, sighting.score][-rules.open_window :]
        area = area_of(to_shares(sighting.box_xyxy, moment.image_wh))
        self.shapes = [*self.shapes, (sighting.motion, area)][-SHAPES_KEPT:]
        hits = sum(score is not None for score in self.window)
        # A single weak sighting after it was missed may be a mistake: it neither ends the absence
        # nor adds to it.
        sure = self.misses == 0 or sighting.score >= rules.threshold or hits >= 2
        self.missed_at_s = None
        if sure:
            self.misses, self.absent_s, self.asked_s = 0, 0.0, 0.0
            self._note_presence(moment, rules)
            self.reference = moment.key

    def note_miss(self, moment: Moment, rules: IncidentRules) -> None:
        """A clear look does not show it."""
        if self.missed_at_s is not None:
            # A gap between two looks counts as one clean look's share at most: nobody watched.
            most = max(MOST_STEP_S, rules.clear_after_s / rules.clear_looks)
            self.absent_s += min(moment.at_s - self.missed_at_s, most)
        if not moment.held:
            self.misses += 1
            self._push(None, rules)
            self.missed_at_s = moment.at_s
        elif self.missed_at_s is not None:
            self.missed_at_s = moment.at_s

    def take_over(self, later: "Track") -> None:
        """Go on as another track of the same problem, which was seen later."""
        self.frames += later.frames
        self.window, self.scores, self.shapes = later.window, later.scores, later.shapes
        self.last_seen_s, self.last_seen_at = later.last_seen_s, later.last_seen_at
        self.reference = later.reference
        self.missed_at_s, self.misses = later.missed_at_s, later.misses
        self.absent_s, self.asked_s = later.absent_s, 0.0

    def follow(self, box: BoxXyxy) -> BoxXyxy:
        """Return its place after it was seen at a box."""
        return blend(self.place, box, FOLLOW)

    def may_open(self, rules: IncidentRules) -> bool:
        """Tell whether what was seen makes an incident."""
        hits = [score for score in self.window if score is not None]
        return (
            len(hits) >= rules.open_hits
            and median_low(hits) >= rules.threshold
            and self.seen_s >= rules.dwell_s
            and (not rules.needs_motion or self._is_cloud(rules))
        )

    def is_hopeless(self, rules: IncidentRules) -> bool:
        """Tell whether what was seen cannot open it any more."""
        run = self.window[-(rules.misses_allowed + 1) :]
        return len(run) > rules.misses_allowed and all(score is None for score in run)

    def may_clear(self, rules: IncidentRules) -> bool:
        """Tell whether it was missed often and long enough."""
        patience = min(MOST_PATIENCE, 2**self.returns)
        return self.misses >= rules.clear_looks and self.absent_s >= rules.clear_after_s * patience

    def incident(self, camera: str) -> Incident:
        """Return its value as it stands now."""
        return Incident(
            id=self.id,
            camera=camera,
            label=self.label,
            state="cleared" if self.phase == "rested" else "open",
            revision=self.revision,
            started_s=self.started_s,
            last_seen_s=self.last_seen_s,
            started_at=self.started_at,
            last_seen_at=self.last_seen_at,
            frames=self.frames,
            median_score=median_low(self.scores),
            peak=self.peak,
            end_reason=self.end_reason,
        )

    def _note_presence(self, moment: Moment, rules: IncidentRules) -> None:
        most = max(MOST_STEP_S, rules.dwell_s / max(1, rules.open_hits - 1))
        self.seen_s += min(moment.at_s - self.last_seen_s, most)
        self.last_seen_s, self.last_seen_at = moment.at_s, moment.captured_at

    def _push(self, score: float | None, rules: IncidentRules) -> None:
        self.window = [*self.window, score][-rules.open_window :]

    def _is_cloud(self, rules: IncidentRules) -> bool:
        motions = [motion for motion, _ in self.shapes if motion is not None]
        if motions and median(motions) >= rules.min_motion:
            return True
        areas = [area for _, area in self.shapes]
        if len(areas) < 4 or median(areas) >= FOG_SHARE:
            return False
        return median(areas[-3:]) >= MIN_GROWTH * median(areas[:3])
