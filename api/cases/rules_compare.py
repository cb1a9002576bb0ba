"""In what two bureaus' rules differ, key by key, as the file names them. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.cases.rules import HandlingLimit, Rules, TimeLimit

NOTHING: Final = "—"
"""What stands there when a key is in one of the two only."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One key that differs."""

    path: str
    """Such as handling.site_dust.by_severity.large."""
    before: str
    after: str


def compare_rules(before: Rules, after: Rules) -> tuple[RuleChange, ...]:
    """Return what differs, in the order of the first, then of the second."""
    old, new = dict(_flatten("", before)), dict(_flatten("", after))
    paths = dict.fromkeys([*old, *new])
    return tuple(
        RuleChange(path, old.get(path, NOTHING), new.get(path, NOTHING))
        for path in paths
        if old.get(path) != new.get(path)
    )


def _flatten(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, TimeLimit):
        yield f"{path}.{value.kind}".removeprefix("."), _show(value.amount)
    elif isinstance(value, HandlingLimit):
        yield from _flatten(path, value.limit)
        yield from _flatten(f"{path}.by_severity", value.by_severity)
    elif is_dataclass(value):
        for one in fields(value):
            if one.name != "label":  # The key of an event, which stands in the path.
                yield from _flatten(_join(path, one.name), getattr(value, one.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(_join(path, str(key)), inner)
    else:
        yield path, _show(value)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _show(value: Any) -> str:
    if isinstance(value, (frozenset, tuple)):
        spans = value and all(isinstance(one, time) for one in value)
        parts = sorted(value) if isinstance(value, frozenset) else value
        return ("-" if spans else ", ").join(_show(one) for one in parts) or NOTHING
    for kind, show in _SHOWN.items():
        if isinstance(value, kind):
            return show(value)
    return str(value)


_SHOWN: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): lambda _: "null",
    bool: lambda value: str(value).lower(),
    float: lambda value: f"{value:g}",
    ZoneInfo: lambda value: str(value.key),
    time: lambda value: f"{value:%H:%M}",
    date: lambda value: str(value.isoformat()),
}
