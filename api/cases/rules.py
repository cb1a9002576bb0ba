"""What a bureau may edit about its cases: event codes, limits, distances, working time.

`load_rules` reads them from YAML, strictly; `rules.yaml` beside this file ships and explains each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from api.errors import SettingsError
from detector.detections import Severity
from detector.labels import show_label

SHIPPED_RULES: Final = Path(__file__).with_name("rules.yaml")

LimitKind = Literal["hours", "working_hours", "working_days"]


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long something may take."""

    kind: LimitKind
    """hours pass by night and on holidays too; the others pass in working time alone."""
    amount: float
    """Over 0."""


@dataclass(frozen=True, slots=True)
class HandlingLimit:
    """How long the unit has that a case was dispatched to."""

    limit: TimeLimit
    by_severity: Mapping[Severity, TimeLimit]
    """Where it differs."""

    def for_severity(self, severity: Severity | None) -> TimeLimit:
        """Return the limit of a severity; None: not known."""
        return self.limit if severity is None else self.by_severity.get(severity, self.limit)


@dataclass(frozen=True, slots=True)
class EventType:
    """What a bureau calls an issue."""

    label: str | None
    """None: for cases without one."""
    code: str | None
    """Of the bureau's platform, such as 200102; None: it has none."""
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    group: str
    """Open311: heading under which clients list it."""
    keywords: tuple[str, ...]
    """Open311: words that people search for."""


@dataclass(frozen=True, slots=True)
class ClosingRules:
    """When an after-photo plainly does not show that the case is done."""

    distance_m: float
    """Taken further from the case than this: another place."""
    least_inliers: int
    """Fewer local features that agree with one view: another place."""
    least_features: int
    """With fewer features in either photo their match says nothing."""
    same_picture_bits: int
    """Hashes that differ in no more bits: the before-photo again."""


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """What puts a case before others, in points of 1000."""

    severity: Mapping[Severity, int]
    """small <= medium <= large."""
    unknown_severity: int
    per_doubling: float
    """For each doubling of the people who reported it."""
    labels: Mapping[str, int]
    """More for some labels."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that a bureau may edit about its cases; see rules.yaml for what each means."""

    events: Mapping[str, EventType]
    """By label."""
    unlabelled: EventType
    """待核实: nobody has said what it is."""
    near_m: Mapping[str, float]
    """By label: a report no further from an open case joins it; a label left out never joins so."""
    similar_bits: int
    """Photos whose hashes differ in no more bits are near-copies."""
    similar_within_m: float
    """Near-copies from places further apart than this stay apart: plain walls look alike."""
    review: TimeLimit
    """From arrival until somebody has looked."""
    handling: Mapping[str, HandlingLimit]
    """By label, from dispatch."""
    handling_otherwise: HandlingLimit
    """For labels not in `handling`, and for cases without one."""
    thresholds: Mapping[str, float]
    """By label, score in [0, 1] from which a finding opens a case; left out: the bundle's own."""
    timezone: ZoneInfo
    working_hours: tuple[tuple[time, time], ...]
    """Spans of each working day, local time, in order, apart."""
    extra_holidays: frozenset[date]
    extra_working_days: frozenset[date]
    complete_years: frozenset[int]
    """Years whose public holidays stand in the two lists above, in full."""
    camera_files_at_once: bool
    """A camera's case is filed without a person verifying it."""
    queue_tries: int
    """A case leased so often without success is parked for a person."""
    reopen_days: int
    """A case may be reopened so many days after its end."""
    closing: ClosingRules
    priority: PriorityRules

    def event_for(self, label: str | None) -> EventType:
        """Return the event of a label; one that the rules do not know has no code, and its name."""
        if label is None:
            return self.unlabelled
        known = self.events.get(label)
        if known is not None:
            return known
        zh, en = show_label(label, "zh"), show_label(label, "en")
        return EventType(label, None, zh, en, zh, en, self.unlabelled.group, ())

    def handling_for(self, label: str | None, severity: Severity | None) -> TimeLimit:
        """Return how long the unit has that such a case was dispatched to."""
        limits = self.handling_otherwise
        if label is not None:
            limits = self.handling.get(label, limits)
        return limits.for_severity(severity)


def load_rules(path: Path | None) -> Rules:
    """Read a bureau's rules.

    Args:
        path: A YAML file of the form of rules.yaml, whole; None: the one that ships.

    Raises:
        SettingsError: It cannot be read, or something in it is unknown, missing or makes no
            sense; the message names the path of the key.
    """
    # pydantic and YAML are heavy, and what only works with rules does not need them.
    from api.cases.rules_form import parse_rules

    path = path or SHIPPED_RULES
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            "rules_unreadable", f"{path} cannot be read: {error.strerror}.", "Check rules."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            "rules_unreadable", f"{path} is not UTF-8 text.", "Save it as UTF-8."
        ) from error
    return parse_rules(text, path.name)
