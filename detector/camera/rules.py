"""Per label: when sightings become an incident, and when an incident is over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from detector.models.fields import Fields
from detector.models.manifest import ModelManifest
from detector.reading import open_fields

Place = Literal["fixed", "stays", "drifts"]
"""How the label keeps its place. fixed: a thing that does not move by itself. stays: somebody who
may walk; nothing opens before it stayed where it was first seen. drifts: a cloud."""

MONTH_S: Final = 31 * 86_400.0

RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "threshold": (0, 1),
        "keep_score": (0, 1),
        "open_hits": (1, 100),
        "open_window": (1, 100),
        "dwell_s": (0, 86_400.0),
        "clear_looks": (1, 1000),
        "clear_after_s": (0, MONTH_S),
        "rejoin_s": (0, MONTH_S),
        "faint_s": (0, MONTH_S),
        "min_motion": (0, 1),
    }
)
"""What a person may set a number to."""

KEEP_SHARE: Final = 0.5
"""Of the threshold: a sighting at or above still counts. The two thresholds of ByteTrack (0.6 and
0.1) lie further apart, but it follows for seconds; here one weak false box a minute would keep an
emptied bin full for ever."""


@dataclass(frozen=True, slots=True)
class IncidentRules:
    """The rules of one label."""

    threshold: float
    """The median score of the sightings must reach it before an incident opens."""
    keep_score: float
    """Sightings under it do not count at all."""
    open_hits: int = 3
    """So many of the latest `open_window` scored looks must see it."""
    open_window: int = 5
    dwell_s: float = 0.0
    """It must have been seen over at least so long before it opens."""
    clear_looks: int = 5
    """So many scored looks must miss it before it is cleared,"""
    clear_after_s: float = 600.0
    """and it must have been missed over so long; time without looks hardly counts."""
    rejoin_s: float = 3600.0
    """Seen again at its place so soon after it was cleared, it is the same incident."""
    place: Place = "fixed"
    ask_scenery: bool = False
    """Before it is cleared, its place is compared with how it looked when it was last seen."""
    faint_s: float = 0.0
    """An unchanged place keeps it open for so long without a sighting."""
    needs_motion: bool = False
    """It opens only when its inside moves or its box grows, as a cloud's does."""
    min_motion: float = 0.05
    """Half of its sightings must have moved so much; see `Sighting.motion`."""

    @property
    def misses_allowed(self) -> int:
        """More misses in a row than these, and what was seen before cannot open it any more."""
        return self.open_window - self.open_hits


MANNERS: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        # A sheet stays for weeks: nothing is lost by being slow to open or to clear it, and the
        # side of a van that passes is none.
        "illegal_poster": {
            "dwell_s": 60.0,
            "clear_after_s": 600.0,
            "rejoin_s": 86_400.0,
            "ask_scenery": True,
            "faint_s": 86_400.0,
        },
        # Filled again within the hour, the round that emptied it has failed: the same incident.
        "overflowing_bin": {
            "dwell_s": 30.0,
            "clear_after_s": 300.0,
            "rejoin_s": 3600.0,
            "ask_scenery": True,
            "faint_s": 86_400.0,
        },
        # Three minutes are longer than a tricycle waits at a crossing.
        "street_vending": {
            "dwell_s": 180.0,
            "clear_after_s": 180.0,
            "rejoin_s": 900.0,
            "place": "stays",
        },
        # A puff of steam or exhaust is gone in seconds.
        "site_dust": {
            "dwell_s": 10.0,
            "clear_after_s": 60.0,
            "rejoin_s": 300.0,
            "place": "drifts",
            "needs_motion": True,
        },
    }
)
"""What sets the labels apart. A label that is not named has the defaults."""


def default_rules(manifest: ModelManifest) -> Mapping[str, IncidentRules]:
    """Return the rules of each label that a model flags, by label."""
    return MappingProxyType(
        {
            label: rules_for(label, manifest.thresholds[label], floor=manifest.floor_score)
            for label in manifest.issue_labels
        }
    )


def rules_for(label: str, threshold: float, floor: float = 0.0) -> IncidentRules:
    """Return a label's default rules.

    Args:
        label: The label.
        threshold: Its threshold, in [0, 1].
        floor: The model reports nothing under it.
    """
    keep = max(floor, threshold * KEEP_SHARE)
    return replace(
        IncidentRules(threshold, min(keep, threshold)),
        **MANNERS.get(label, {}),  # type: ignore[arg-type]  # names and types as of the class
    )


def parse_rules(
    content: object, path: str, base: Mapping[str, IncidentRules]
) -> Mapping[str, IncidentRules]:
    """Read overrides: a mapping of labels to some of the rules' fields.

    Args:
        content: What the YAML or JSON held.
        path: Where that is, for messages.
        base: The rules that they override.

    Returns:
        The rules of every label of `base`.

    Raises:
        UsageError: A label or key is unknown, a value is out of range, or values disagree.
    """
    fields = open_fields(content, path)
    rules = dict(base)
    for label in fields.keys():  # noqa: SIM118 - Fields is no mapping.
        if label not in rules:
            raise fields.wrong(label, f"is no label of the model; it has {', '.join(rules)}")
        group = fields.group(label)
        rules[label] = _override(group, rules[label])
        group.finish()
    return MappingProxyType(rules)


def _override(fields: Fields, base: IncidentRules) -> IncidentRules:
    changes: dict[str, Any] = {}
    for key, (low, high) in RANGES.items():
        if fields.has(key):
            whole = isinstance(getattr(base, key), int)
            read = fields.integer if whole else fields.number
            changes[key] = read(key, low, high)  # type: ignore[arg-type]  # whole ones are whole
    if fields.has("place"):
        changes["place"] = fields.choice("place", get_args(Place))
    for key in ("ask_scenery", "needs_motion"):
        if fields.has(key):
            changes[key] = fields.flag(key)
    if "threshold" in changes and "keep_score" not in changes:
        share = base.keep_score / base.threshold if base.threshold else KEEP_SHARE
        changes["keep_score"] = changes["threshold"] * share
    rules = replace(base, **changes)
    if rules.keep_score > rules.threshold:
        raise fields.wrong(
            "keep_score", f"is {rules.keep_score}, above the threshold of {rules.threshold}"
        )
    if rules.open_hits > rules.open_window:
        raise fields.wrong(
            "open_hits", f"is {rules.open_hits}, more than open_window, {rules.open_window}"
        )
    return rules
