"""The plan of what to compose: strict, frozen, one YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from datasets.errors import DatasetError
from detector.errors import BundleError
from detector.models.fields import Fields


@dataclass(frozen=True, slots=True)
class ComposedSet:
    """One set to compose."""

    name: str
    composers: tuple[str, ...]
    """Applied one after another to the same picture."""
    count: int
    backgrounds: Mapping[str, float]
    """Weight of each background set, by its name."""


@dataclass(frozen=True, slots=True)
class ComposePlan:
    """All sets of a plan."""

    seed: int
    held_out_share: float
    """Backgrounds of this share of capture groups are not used; as in the training's config."""
    max_side_px: int
    """Backgrounds are shrunk to this."""
    sets: tuple[ComposedSet, ...]


def parse_plan(content: object, where: str, known: tuple[str, ...]) -> ComposePlan:
    """Read a plan from what YAML held.

    Args:
        content: The document.
        where: The file's name, for messages.
        known: Names of the composers.

    Raises:
        DatasetError: A key is missing, unknown or out of range; the message names its path.
    """
    try:
        fields = Fields(content, where)
        plan = ComposePlan(
            seed=fields.integer("seed"),
            held_out_share=fields.number("held_out_share", 0, 0.5),
            max_side_px=fields.integer("max_side_px", 64, 4096),
            sets=tuple(_parse_set(one, known) for one in fields.groups("sets")),
        )
        fields.finish()
    except BundleError as error:  # Fields speaks of manifests; here it is a plan.
        raise DatasetError("plan_invalid", error.message, error.hint) from error
    if len({one.name for one in plan.sets}) != len(plan.sets):
        raise DatasetError("plan_invalid", f"{where}: two sets have one name.")
    return plan


def _parse_set(fields: Fields, known: tuple[str, ...]) -> ComposedSet:
    weights = fields.group("backgrounds")
    names = tuple(str(name) for name in fields.object("backgrounds"))
    one = ComposedSet(
        name=fields.text("name"),
        composers=fields.names("composers", known),
        count=fields.integer("count", 1),
        backgrounds={name: weights.number(name, 1e-6, 1e6) for name in names},
    )
    fields.finish()
    return one


def read_plan(path: Path, known: tuple[str, ...]) -> ComposePlan:
    """Read a plan's file.

    Raises:
        DatasetError: It cannot be read, or says something unknown.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DatasetError("plan_unreadable", f"{path} cannot be read: {error}.") from error
    return parse_plan(content, path.name, known)
