"""Looks of one camera, in the order of time, become incidents."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from detector.camera.followed import Followed
from detector.camera.incident import EndReason, Incident
from detector.camera.looks import Look, Sighting
from detector.camera.matching import Assignment, Seen, assign, sort_seen
from detector.camera.place import MAX_OVERLAP, is_part, overlap, to_pixels
from detector.camera.rules import IncidentRules
from detector.camera.scenery import LookKey, Scenery
from detector.camera.times import CLOCK_SET_BACK_S
from detector.camera.track import Moment, Track, peak_of
from detector.camera.tracker_state import pack_tracks, unpack_tracks

EVIDENCE_S: Final = 3600.0
"""What was seen longer ago without opening an incident says nothing of what is seen now."""
MUCH_BETTER: Final = 0.1
"""A peak so much above the one that was told is worth telling,"""
TELL_AGAIN_S: Final = 600.0
"""but not sooner after the last news."""
UNSURE_PATIENCE: Final = 6
"""Where the scenery cannot tell, such as behind a lorry, so many times `clear_after_s` must pass.
A bin is hidden for half an hour then, and a poster for an hour, before they count as gone."""


class IncidentTracker:
    """Follows the problems before one camera.

    Looks of the model (`held` false) are counted; held ones say how long what was seen stayed.
    Frames that are not clear say nothing at all.
    """

    def __init__(
        self, camera: str, rules: Mapping[str, IncidentRules], scenery: Scenery | None = None
    ) -> None:
        """Start with nothing seen.

        Args:
            camera: Its code; a part of the incidents' ids.
            rules: By label; sightings of other labels are passed over.
            scenery: Asked before what stands still is cleared; None: nobody to ask.
        """
        self._camera = camera
        self._rules = dict(sorted(rules.items()))
        self._scenery = scenery
        self._last_s: float | None = None
        self._followed = Followed()

    @classmethod
    def restore(
        cls,
        camera: str,
        rules: Mapping[str, IncidentRules],
        state: Mapping[str, Any],
        scenery: Scenery | None = None,
    ) -> "IncidentTracker":
        """Go on where another tracker of the camera was when it gave `state()`.

        Incidents of labels that have no rules any more are cleared by the next clear look.

        Raises:
            UsageError: It is no such state.
        """
        tracker = cls(camera, rules, scenery)
        tracker._last_s, tracker._followed.tracks = unpack_tracks(state, camera)
        return tracker

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs, ready for JSON."""
        return pack_tracks(self._last_s, self._followed.tracks)

    def open_incidents(self) -> tuple[Incident, ...]:
        """Return those that are open, as they stand now, oldest first."""
        return tuple(track.incident(self._camera) for track in self._followed.in_phase("open"))

    def references(self) -> frozenset[LookKey]:
        """Return the looks whose scenery may still be asked for."""
        asking = [
            track
            for track in self._followed.tracks
            if track.phase != "rested"
            and track.label in self._rules
            and self._rules[track.label].ask_scenery
        ]
        return frozenset(key for track in asking for key in track.reference_keys)

    def see(self, look: Look) -> tuple[Incident, ...]:
        """Take the next look.

        Args:
            look: Ignored unless it is later than all before, or so much earlier that the clock
                must have been set right (`CLOCK_SET_BACK_S`).

        Returns:
            What is news, by revision: opened, a much better peak, cleared, opened again.
        """
        if self._last_s is not None and look.at_s <= self._last_s:
            if look.at_s > self._last_s - CLOCK_SET_BACK_S:
                return ()
            self._followed.set_back(look.at_s, look.captured_at)
        self._last_s = look.at_s
        if look.condition != "clear":
            return ()
        moment = Moment.of(look)
        news = self._forget(moment)
        for label, rules in self._rules.items():
            self._update(label, rules, sort_seen(look, label, rules), moment)
        news += self._clear(moment)
        news += self._open(moment)
        if not moment.held:
            news += self._tell_better(moment)
        return tuple(news)

    def view_changed(self, at_s: float) -> tuple[Incident, ...]:
        """Clear what was open when the camera was turned for good.

        Their places are remembered as those of other cleared incidents are: the first night under
        a lamp looks like another view too, and its morning is no reason to tell all again.

        Args:
            at_s: Since when it shows another view; what was first seen later stays.
        """
        turned = self._followed.turn_from(at_s)
        return tuple(self._end(track, at_s, "view_changed") for track in turned)

    def _update(self, label: str, rules: IncidentRules, seen: list[Seen], moment: Moment) -> None:
        tracks = [t for t in self._followed.tracks if t.label == label and t.phase != "rested"]
        if not tracks and not seen:
            return
        found = assign(tracks, seen, rules)
        open_ones = [track for track in tracks if track.phase == "open"]
        for track in tracks:
            if track.id in found.hits:
                self._note_hit(track, found, moment, open_ones)
            elif track.id in found.covered:
                track.note_hit(found.covered[track.id].sighting, moment, rules)
            elif track.id not in found.swallowed or moment.held:
                track.note_miss(moment, rules)
        if moment.held:
            return
        self._swallow(tracks, found)
        for stranger in found.strangers:
            self._start(label, stranger, moment, rules)
        self._followed.tracks = [
            track
            for track in self._followed.tracks
            if track.label != label or track.phase != "new" or not track.is_hopeless(rules)
        ]

    def _note_hit(
        self, track: Track, found: Assignment, moment: Moment, open_ones: list[Track]
    ) -> None:
        """Count a sighting; its place and peak never come to overlap another open one's."""
        best = found.hits[track.id][0]
        track.note_hit(best.sighting, moment, self._rules[track.label])
        if moment.held:
            return
        others = [other for other in open_ones if other is not track]
        place = track.follow(found.box_of(track.id))
        if all(overlap(place, other.place) <= MAX_OVERLAP for other in others):
            track.place = place
        if best.sighting.score > track.peak.score and all(
            overlap(best.box, other.peak_box) <= MAX_OVERLAP for other in others
        ):
            track.peak = peak_of(best.sighting, moment)

    def _swallow(self, tracks: list[Track], found: Assignment) -> None:
        """Let a new track that turned out to be a part of another end in it."""
        by_id = {track.id: track for track in tracks}
        for part_id, owner_id in found.swallowed.items():
            part, owner = by_id[part_id], by_id[owner_id]
            if owner.phase == "new":
                owner.place = found.box_of(owner_id)
            self._followed.tracks.remove(part)

    def _start(self, label: str, one: Seen, moment: Moment, rules: IncidentRules) -> None:
        twins = (
            t for t in self._followed.tracks if t.label == label and t.last_seen_s == moment.at_s
        )
        if any(is_part(one.box, twin.place) for twin in twins if twin.phase == "new"):
            return
        track = Track(
            id=self._make_id(label, one.sighting, moment),
            label=label,
            phase="new",
            first=one.box,
            place=one.box,
            started_s=moment.at_s,
            started_at=moment.captured_at,
            last_seen_s=moment.at_s,
            last_seen_at=moment.captured_at,
            peak=peak_of(one.sighting, moment),
            reference=moment.key,
        )
        track.note_hit(one.sighting, moment, rules)
        self._followed.tracks.append(track)

    def _make_id(self, label: str, sighting: Sighting, moment: Moment) -> str:
        """Same for the same footage: of the time where it is known, else of the file."""
        when = repr(moment.key) if moment.captured_at is None else moment.captured_at.isoformat()
        text = "\0".join((self._camera, label, when, repr(sighting.box_xyxy)))
        return f"inc-{hashlib.sha256(text.encode()).hexdigest()[:20]}"

    def _forget(self, moment: Moment) -> list[Incident]:
        """Drop what is too old to matter, and what has no rules any more."""
        news = []
        kept = []
        for track in self._followed.tracks:
            rules = self._rules.get(track.label)
            if rules is None:
                if track.phase == "open":
                    news.append(self._end(track, moment.at_s, "gone"))
                continue
            age_s = moment.at_s - (
                track.cleared_s if track.phase == "rested" else track.last_seen_s
            )
            # A new track that may bring it back may take as long to open as it may live.
            spare_s = EVIDENCE_S + rules.dwell_s if track.phase == "rested" else 0.0
            if track.phase == "open" or age_s <= max(rules.rejoin_s, EVIDENCE_S) + spare_s:
                kept.append(track)
        self._followed.tracks = kept
        return news

    def _clear(self, moment: Moment) -> list[Incident]:
        return [
            self._end(track, moment.at_s, "gone")
            for track in self._followed.in_phase("open")
            if self._is_over(track, moment)
        ]

    def _is_over(self, track: Track, moment: Moment) -> bool:
        rules = self._rules[track.label]
        if not track.may_clear(rules):
            return False
        if (
            not rules.ask_scenery
            or self._scenery is None
            or self._followed.is_renamed(track, self._rules)
        ):
            return True
        if track.asked_s > 0 and track.absent_s - track.asked_s < rules.clear_after_s:
            return False
        track.asked_s = track.absent_s
        unchanged = self._ask(track, moment, self._scenery)
        if unchanged is None:
            return track.absent_s >= rules.clear_after_s * UNSURE_PATIENCE
        return not unchanged or track.absent_s >= rules.faint_s

    @staticmethod
    def _ask(track: Track, moment: Moment, scenery: Scenery) -> bool | None:
        """Compare with the latest sight, and with the best: another light may suit better."""
        box_xyxy = to_pixels(track.place, moment.image_wh)
        answers = [
            scenery.unchanged(key, moment.key, box_xyxy, moment.image_wh)
            for key in track.reference_keys
        ]
        return True if True in answers else answers[0]

    def _end(self, track: Track, at_s: float, reason: EndReason) -> Incident:
        track.phase, track.end_reason, track.cleared_s = "rested", reason, at_s
        return self._tell(track, at_s)

    def _open(self, moment: Moment) -> list[Incident]:
        news = []
        for track in self._followed.in_phase("new"):
            rules = self._rules[track.label]
            if not track.may_open(rules) or self._followed.is_double(track):
                continue
            owner = self._followed.owner_of(track)
            if owner is not None:
                self._followed.tracks.remove(track)
                self._followed.absorb(owner, track)
                continue
            rested = self._followed.rested_at(track, rules)
            if rested is None:
                track.phase = "open"
                news.append(self._tell(track, moment.at_s))
            else:
                self._followed.tracks.remove(track)
                self._followed.reopen(rested, track)
                news.append(self._tell(rested, moment.at_s))
        return news

    def _tell_better(self, moment: Moment) -> list[Incident]:
        return [
            self._tell(track, moment.at_s)
            for track in self._followed.in_phase("open")
            if track.peak.score >= track.told_score + MUCH_BETTER
            and moment.at_s - track.told_s >= TELL_AGAIN_S
        ]

    def _tell(self, track: Track, at_s: float) -> Incident:
        track.revision += 1
        track.told_score, track.told_s = track.peak.score, at_s
        return track.incident(self._camera)
