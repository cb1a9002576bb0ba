"""Which sightings of one look are of which problem that is followed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from detector.camera.looks import BoxXyxy, Look, Sighting
from detector.camera.place import (
    Likeness,
    area_of,
    around,
    is_part,
    likeness,
    likeness_of_clouds,
    overlap,
    to_shares,
)
from detector.camera.rules import IncidentRules
from detector.camera.track import Track


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting with its box in shares of the frame."""

    sighting: Sighting
    box: BoxXyxy


@dataclass(slots=True)
class Assignment:
    """What a look showed of the tracks of one label."""

    hits: dict[str, list[Seen]] = field(default_factory=dict)
    """By track id; several where its box came in parts."""
    covered: dict[str, Seen] = field(default_factory=dict)
    """By track id: one box that covers this track and belongs to another."""
    swallowed: dict[str, str] = field(default_factory=dict)
    """By id of a new track: the track that it turned out to be a part of."""
    strangers: list[Seen] = field(default_factory=list)
    """Of no track."""

    def box_of(self, track_id: str) -> BoxXyxy:
        """Return the box that holds all of a track's sightings."""
        return around([one.box for one in self.hits[track_id]])


def sort_seen(look: Look, label: str, rules: IncidentRules) -> list[Seen]:
    """Return the sightings of a label that count, in an order that depends on them alone."""
    seen = [
        Seen(one, to_shares(one.box_xyxy, look.image_wh))
        for one in look.sightings
        if one.label == label and one.score >= rules.keep_score
    ]
    whole = (one for one in seen if area_of(one.box) > 0)
    return sorted(whole, key=lambda one: (-one.sighting.score, one.box, one.sighting.motion or 0))


def likeness_for(rules: IncidentRules) -> Likeness:
    """Return the measure of a label's places."""
    return likeness_of_clouds if rules.place == "drifts" else likeness


def assign(tracks: Sequence[Track], seen: Sequence[Seen], rules: IncidentRules) -> Assignment:
    """Tell which sightings are of which track.

    Args:
        tracks: Of one label, new and open ones, oldest first.
        seen: Of the same, as `sort_seen` gives them.
        rules: Of the same.
    """
    result = Assignment()
    left = _pair(tracks, seen, rules, result)
    left = _take_parts(_open_first(tracks), left, rules, result)
    _cover(tracks, left, rules, result)
    return result


def _open_first(tracks: Iterable[Track]) -> list[Track]:
    return sorted(tracks, key=lambda track: track.phase != "open")


def _home(track: Track, rules: IncidentRules) -> BoxXyxy:
    """Return where a track is looked for: who may walk must first stay where he was seen."""
    return track.first if rules.place == "stays" and track.phase == "new" else track.place


def _pair(
    tracks: Sequence[Track], seen: Sequence[Seen], rules: IncidentRules, result: Assignment
) -> list[Seen]:
    """Give each track its most similar sighting, the most similar pairs first."""
    measure = likeness_for(rules)
    pairs = []
    for i, track in enumerate(tracks):
        home = _home(track, rules)
        for j, one in enumerate(seen):
            value = measure(home, one.box)
            if value > 0:
                pairs.append((-value, track.phase != "open", i, j))
    taken: set[int] = set()
    for _, _, i, j in sorted(pairs):
        if tracks[i].id not in result.hits and j not in taken:
            result.hits[tracks[i].id] = [seen[j]]
            taken.add(j)
    return [one for j, one in enumerate(seen) if j not in taken]


def _take_parts(
    tracks: Sequence[Track], left: list[Seen], rules: IncidentRules, result: Assignment
) -> list[Seen]:
    """Give a track whose box fell apart all the parts."""
    strangers = []
    for one in left:
        owner = next(
            (
                track
                for track in tracks
                if is_part(one.box, _home(track, rules))
                or any(is_part(one.box, hit.box) for hit in result.hits.get(track.id, ())[:1])
            ),
            None,
        )
        if owner is None:
            strangers.append(one)
        else:
            result.hits.setdefault(owner.id, []).append(one)
    return strangers


def _cover(
    tracks: Sequence[Track], left: list[Seen], rules: IncidentRules, result: Assignment
) -> None:
    """Find the tracks that went unseen because one box covers them and others."""
    boxes = [(hits[0], owner) for owner, hits in sorted(result.hits.items())]
    for one in left:
        hidden = [
            track
            for track in _open_first(tracks)
            if track.id not in result.hits and is_part(_home(track, rules), one.box)
        ]
        if not hidden:
            result.strangers.append(one)
            continue
        result.hits[hidden[0].id] = [one]
        boxes.append((one, hidden[0].id))
    for track in tracks:
        if track.id in result.hits:
            continue
        over = [
            (overlap(track.place, one.box), owner, one)
            for one, owner in boxes
            if is_part(_home(track, rules), one.box)
        ]
        if over:
            _, owner, one = max(over, key=lambda found: found[:2])
            if track.phase == "open":
                result.covered[track.id] = one
            else:
                result.swallowed[track.id] = owner
