"""How well a box must fit to count as a hit, by label and set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from detector.errors import BundleError
from detector.labels import LABEL_NAMES
from detector.models.fields import Fields
from training.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MatchRules:
    """The least overlap (IoU) of a hit."""

    default: float
    by_label: Mapping[str, float]
    by_set: Mapping[str, Mapping[str, float]]
    """By the set's name, then by label: where a set's boxes are looser than the label's own."""

    def min_iou(self, label: str, set_name: str | None = None) -> float:
        """Return the least overlap for a label, in a set where one is named."""
        of_label = self.by_label.get(label, self.default)
        return self.by_set.get(set_name or "", {}).get(label, of_label)

    def to_json(self) -> dict[str, Any]:
        """Return the rules, JSON-ready, as `read_rules` takes them."""
        by_set = {name: dict(labels) for name, labels in self.by_set.items()}
        return {"default": self.default, "by_label": dict(self.by_label), "by_set": by_set}


MATCH_RULES: Final = MatchRules(
    default=0.5,
    # A plume has no sharp edge.
    by_label=MappingProxyType({"site_dust": 0.3}),
    # Whole tagged areas are boxed there beside single stickers: a weak stand-in for small ads.
    by_set=MappingProxyType({"posters_tags": MappingProxyType({"illegal_poster": 0.3})}),
)


def read_rules(path: Path) -> MatchRules:
    """Read rules from a JSON file: `default`, `by_label`, `by_set`.

    Raises:
        ConfigError: It cannot be read, or says something unknown.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError("rules_unreadable", f"{path} cannot be read: {error}.") from error
    return parse_rules(content, path.name)


def parse_rules(content: object, where: str) -> MatchRules:
    """Turn the JSON of rules into their type.

    Args:
        content: What `json.loads` gave.
        where: The file's name, for messages.

    Raises:
        ConfigError: A key is missing, unknown or out of range.
    """
    try:
        fields = Fields(content, where)
        default = fields.share("default")
        by_label = _shares(fields.group("by_label"))
        sets = fields.group("by_set")
        names = tuple(fields.object("by_set"))
        by_set = {name: MappingProxyType(_shares(sets.group(name))) for name in names}
        fields.finish()
    except BundleError as error:  # Fields speaks of manifests; here it is rules.
        raise ConfigError("rules_invalid", error.message, error.hint) from error
    return MatchRules(default, MappingProxyType(by_label), MappingProxyType(by_set))


def _shares(fields: Fields) -> dict[str, float]:
    shares = {label: fields.share(label) for label in LABEL_NAMES if fields.has(label)}
    fields.finish()
    return shares
