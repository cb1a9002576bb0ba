"""What the timeline draws: footage, camera states and incidents, put to their days."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from detector.archive.rows import CameraSpan, CameraStateRow
from detector.camera.incident import Incident

MERGE_GAP_S: Final = 5.0
"""Files of one recorder follow each other with a gap of a second or two."""
DAY_S: Final = 86_400.0

Stretch = tuple[float, float]
"""From and to, in seconds on a camera's timeline."""
Place = tuple[str, str | None]
"""A camera, and the file where its time is unknown: such a file is a timeline of its own."""


@dataclass(frozen=True, slots=True)
class StateStretch:
    """A stretch in which a camera was not watching."""

    camera: str
    source: str | None
    state: str
    stretch: Stretch
    to_end: bool
    """It lasted until the footage ended."""
    started_at: datetime | None
    reason: str


@dataclass(slots=True)
class Strip:
    """What is drawn of one camera on one axis."""

    name: str
    footage: list[Stretch] = field(default_factory=list)
    states: list[StateStretch] = field(default_factory=list)
    incidents: list[tuple[int, Incident]] = field(default_factory=list)
    """With the number of their card."""

    @property
    def eventful(self) -> bool:
        """Something is to be seen."""
        return bool(self.states or self.incidents)

    def stretches(self) -> Iterator[Stretch]:
        """Return all that is drawn."""
        yield from self.footage
        yield from (state.stretch for state in self.states)
        yield from ((one.started_s, one.last_seen_s) for _, one in self.incidents)


def merge_spans(spans: Iterable[CameraSpan]) -> Mapping[Place, list[Stretch]]:
    """Join footage that goes on.

    Returns:
        By camera, and by file where its time is unknown: such a file is a timeline of its own.
    """
    found: dict[Place, list[Stretch]] = defaultdict(list)
    for span in spans:
        key = (span.camera, span.source if span.started_at is None else None)
        found[key].append((span.started_s, span.ended_s))
    return {
        key: _merge(found[key]) for key in sorted(found, key=lambda key: (key[0], key[1] or ""))
    }


def find_states(
    rows: Iterable[CameraStateRow], footage: Mapping[Place, Sequence[Stretch]]
) -> tuple[StateStretch, ...]:
    """Turn changes of state into stretches, by camera and time; live ones are left out."""
    changes: dict[Place, list[CameraStateRow]] = defaultdict(list)
    for row in rows:
        changes[row.camera, row.source if row.captured_at is None else None].append(row)
    found = []
    for key in sorted(changes, key=lambda key: (key[0], key[1] or "")):
        ordered = sorted(changes[key], key=lambda row: row.at_s)
        ends = footage.get(key, ())
        last_s = max([*(end for _, end in ends), ordered[-1].at_s])
        for row, following in itertools.zip_longest(ordered, ordered[1:]):
            if row.state == "live":
                continue
            end = last_s if following is None else following.at_s
            found.append(
                StateStretch(
                    row.camera,
                    key[1],
                    row.state,
                    (row.at_s, end),
                    following is None,
                    row.captured_at,
                    row.reason,
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a scan tells of its cameras."""

    footage: Mapping[Place, Sequence[Stretch]]
    """As `merge_spans` gives it."""
    states: Sequence[StateStretch]
    """As `find_states` gives them."""
    incidents: Sequence[tuple[int, Incident]]
    """With the number of their card."""


def sort_by_day(seen: Seen, timezone: tzinfo) -> dict[date, dict[str, Strip]]:
    """Put what has a known time to its local days: by day, by camera."""
    found: dict[date, dict[str, Strip]] = defaultdict(dict)

    def strips(camera: str, stretch: Stretch) -> Iterator[Strip]:
        for day in _days_of(stretch, timezone):
            yield found[day].setdefault(camera, Strip(camera))

    for (camera, source), stretches in seen.footage.items():
        for stretch in stretches if source is None else ():
            for strip in strips(camera, stretch):
                strip.footage.append(stretch)
    for state in seen.states:
        if state.started_at is not None:
            for strip in strips(state.camera, state.stretch):
                strip.states.append(state)
    for number, one in seen.incidents:
        if one.started_at is not None:
            for strip in strips(one.camera, (one.started_s, one.last_seen_s)):
                strip.incidents.append((number, one))
    return found


def sort_by_file(seen: Seen) -> dict[str, Strip]:
    """Put what has no known time to its files."""
    found: dict[str, Strip] = {}

    def strip(camera: str, source: str | None) -> Strip:
        name = source if source and camera in source else f"{camera} · {source}"
        return found.setdefault(name, Strip(name))

    for (camera, source), stretches in seen.footage.items():
        if source is not None:
            strip(camera, source).footage.extend(stretches)
    for state in seen.states:
        if state.started_at is None:
            strip(state.camera, state.source).states.append(state)
    for number, one in seen.incidents:
        if one.started_at is None:
            strip(one.camera, one.peak.source).incidents.append((number, one))
    return found


def find_window(days: Mapping[date, Mapping[str, Strip]], timezone: tzinfo) -> Stretch:
    """Return the part of a day, in seconds, that footage covers on any day: one axis for all."""
    first, last = DAY_S, 0.0
    for day, strips in days.items():
        midnight = start_of(day, timezone)
        for stretch in itertools.chain.from_iterable(one.stretches() for one in strips.values()):
            first = min(first, max(0.0, stretch[0] - midnight))
            last = max(last, min(DAY_S, stretch[1] - midnight))
    unit = 3600.0 if last - first > 7200 else 600.0 if last - first > 600 else 60.0
    first = first // unit * unit
    return first, max(-(-last // unit) * unit, first + unit)


def start_of(day: date, timezone: tzinfo, after_s: float = 0.0) -> float:
    """Return when a local day starts, or so long after that, in seconds since 1970."""
    return datetime.combine(day, time(), timezone).timestamp() + after_s


def _days_of(stretch: Stretch, timezone: tzinfo) -> Iterator[date]:
    first = datetime.fromtimestamp(stretch[0], timezone).date()
    # What ends at midnight is of the day before.
    last = datetime.fromtimestamp(max(stretch[0], stretch[1] - 1e-3), timezone).date()
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start - merged[-1][1] <= MERGE_GAP_S:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
