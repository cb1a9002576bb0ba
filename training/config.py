"""The plan of a training: strict, frozen, and written beside its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from detector.errors import BundleError
from detector.labels import LABEL_NAMES
from detector.models.fields import Fields
from training.errors import ConfigError

MOST_SIDE_PX = 2048


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs over some sets at some input sizes; the next stage goes on from its weights."""

    name: str
    epochs: int
    sizes_wh: tuple[tuple[int, int], ...]
    """Each batch takes one of these: the network learns pictures with and without border."""
    batch: int
    learning_rate: float
    final_share: float
    """The learning rate sinks along a cosine to this share of itself."""
    mosaic: float
    """Share of samples that are put together from four pictures."""
    frozen_layers: int
    """First layers that keep their weights; they are the costliest ones on a CPU."""
    draws: Mapping[str, int]
    """Pictures that an epoch draws from each set, by the set's name."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything that decides a training but the pictures themselves."""

    name: str
    version: str
    warm_start: str
    """Weights to begin with: a file, or the name of a published network that ultralytics loads."""
    labels: tuple[str, ...]
    rivals: tuple[tuple[str, ...], ...]
    """Labels that exclude each other on one object: a box of one says that it is no other."""
    seed: int
    held_out_share: float
    """Share of capture groups that neither training nor composing sees; for calibration."""
    stages: tuple[Stage, ...]


def parse_config(content: object, where: str) -> TrainingConfig:
    """Read a config from what YAML held.

    Args:
        content: The document.
        where: The file's name, for messages.

    Raises:
        ConfigError: A key is missing, unknown or out of range; the message names its path.
    """
    try:
        fields = Fields(content, where)
        labels = fields.names("labels", tuple(LABEL_NAMES))
        config = TrainingConfig(
            name=fields.text("name"),
            version=fields.version("version"),
            warm_start=fields.text("warm_start"),
            labels=labels,
            rivals=tuple(_rivals(one, labels) for one in fields.groups("rivals")),
            seed=fields.integer("seed"),
            held_out_share=fields.number("held_out_share", 0, 0.5),
            stages=tuple(_stage(one) for one in fields.groups("stages")),
        )
        fields.finish()
    except BundleError as error:  # Fields speaks of manifests; here it is a config.
        raise ConfigError("config_invalid", error.message, error.hint) from error
    if not config.stages:
        raise ConfigError("config_invalid", f"{where}: stages must hold at least one stage.")
    return config


def _rivals(fields: Fields, labels: tuple[str, ...]) -> tuple[str, ...]:
    rivals = fields.names("labels", labels)
    fields.finish()
    return rivals


def _stage(fields: Fields) -> Stage:
    draws = fields.object("draws")
    stage = Stage(
        name=fields.text("name"),
        epochs=fields.integer("epochs", 1),
        sizes_wh=fields.sizes("sizes_wh", 64, MOST_SIDE_PX),
        batch=fields.integer("batch", 1),
        learning_rate=fields.number("learning_rate", 1e-7, 1),
        final_share=fields.share("final_share"),
        mosaic=fields.share("mosaic"),
        frozen_layers=fields.integer("frozen_layers", 0, 22),
        draws={str(name): int(count) for name, count in draws.items()},
    )
    fields.finish()
    if any(side % 32 for size in stage.sizes_wh for side in size):
        raise ConfigError("config_invalid", f"{stage.name}: sizes_wh must be multiples of 32.")
    if not draws or min(stage.draws.values()) < 1:
        raise ConfigError("config_invalid", f"{stage.name}: draws must name sets and counts ≥ 1.")
    return stage


def read_config(path: Path) -> TrainingConfig:
    """Read a config file.

    Raises:
        ConfigError: It cannot be read, or says something unknown.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError("config_unreadable", f"{path} cannot be read: {error}.") from error
    return parse_config(content, path.name)
