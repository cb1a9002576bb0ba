"""All that is followed before one camera, and how the parts stand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detector.camera.matching import likeness_for
from detector.camera.place import MAX_OVERLAP, SAME_THING, is_part, overlap
from detector.camera.rules import IncidentRules
from detector.camera.track import Phase, Track


@dataclass(slots=True)
class Followed:
    """The tracks of one camera. No two open ones of a label overlap by more than MAX_OVERLAP."""

    tracks: list[Track] = field(default_factory=list)

    def in_phase(self, phase: Phase) -> list[Track]:
        """Return the tracks in a phase, oldest first."""
        found = (track for track in self.tracks if track.phase == phase)
        return sorted(found, key=lambda track: (track.started_s, track.id))

    def other_open(self, track: Track) -> list[Track]:
        """Return the other open incidents of a track's label, oldest first."""
        return [
            other
            for other in self.in_phase("open")
            if other.label == track.label and other is not track
        ]

    def is_double(self, track: Track) -> bool:
        """Tell whether it is an open incident of another label, seen under this one."""
        return any(
            other.label != track.label and overlap(other.place, track.place) >= SAME_THING
            for other in self.in_phase("open")
        )

    def is_renamed(self, track: Track, rules: Mapping[str, IncidentRules]) -> bool:
        """Tell whether another label takes its place."""
        return any(
            other.label != track.label
            and overlap(other.place, track.place) >= SAME_THING
            and other.may_open(rules[other.label])
            for other in self.in_phase("new")
        )

    def owner_of(self, track: Track) -> Track | None:
        """Return the open incident that a new track is a part of, or the other way round."""
        for other in self.other_open(track):
            if (
                is_part(track.place, other.place)
                or is_part(other.place, track.place)
                or overlap(track.peak_box, other.peak_box) > MAX_OVERLAP
            ):
                return other
        return None

    def rested_at(self, track: Track, rules: IncidentRules) -> Track | None:
        """Return the cleared incident that a new track brings back."""
        measure = likeness_for(rules)
        found = [
            other
            for other in self.in_phase("rested")
            if other.label == track.label
            and track.started_s - other.cleared_s <= rules.rejoin_s
            and (measure(other.place, track.place) > 0 or is_part(track.place, other.place))
        ]
        return max(found, key=lambda other: (other.cleared_s, other.id), default=None)

    def absorb(self, owner: Track, part: Track) -> None:
        """Let a new track end in an open incident of the same thing."""
        others = self.other_open(owner)
        if owner.misses:  # The thing moved or grew away from where it was looked for.
            owner.take_over(part)
            if all(overlap(part.place, other.place) <= MAX_OVERLAP for other in others):
                owner.place = part.place
        if part.peak.score > owner.peak.score and all(
            overlap(part.peak_box, other.peak_box) <= MAX_OVERLAP for other in others
        ):
            owner.peak = part.peak

    def turn_from(self, at_s: float) -> list[Track]:
        """Forget what was first seen before and has not opened; return what did."""
        self.tracks = [one for one in self.tracks if one.started_s >= at_s or one.phase != "new"]
        return [one for one in self.tracks if one.started_s < at_s and one.phase == "open"]

    def set_back(self, at_s: float, at: datetime | None) -> None:
        """Go on after a clock that was ahead was set right.

        Times that are still to come were wrong: they become now, so that what is open can be
        seen, missed and cleared again. What is not open yet begins anew.

        Args:
            at_s: Now, on the camera's timeline.
            at: The same, UTC; None if unknown.
        """
        self.tracks = [track for track in self.tracks if track.phase != "new"]
        for track in self.tracks:
            if track.started_s > at_s:
                track.started_s, track.started_at = at_s, at
            if track.last_seen_s > at_s:
                track.last_seen_s, track.last_seen_at = at_s, at
            if track.missed_at_s is not None:
                track.missed_at_s = min(track.missed_at_s, at_s)
            track.told_s, track.cleared_s = min(track.told_s, at_s), min(track.cleared_s, at_s)

    def reopen(self, rested: Track, again: Track) -> None:
        """Let a cleared incident go on with the new track that brings it back."""
        rested.phase, rested.end_reason = "open", None
        rested.returns += 1
        rested.place = again.place
        rested.take_over(again)
        in_the_way = any(
            overlap(rested.peak_box, other.peak_box) > MAX_OVERLAP
            for other in self.other_open(rested)
        )
        if again.peak.score > rested.peak.score or in_the_way:
            rested.peak = again.peak
