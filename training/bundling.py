"""Write bundles: drafts to measure, and finished ones with card, figures and origin."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from detector.decode import hash_photo
from detector.labels import ISSUE_LABELS
from detector.models.bundle import CARD_NAME, MANIFEST_NAME, Bundle, load_bundle
from detector.models.fields import parse_version
from detector.version import __version__
from training.errors import TrainingError
from training.tables import format_clean, format_summary

NETWORK_NAME: Final = "model.onnx"
DRAFT_THRESHOLD: Final = 0.5
FIGURES_MARK: Final = "{{figures}}"
CLEAN_MARK: Final = "{{clean}}"
DATA_MARK: Final = "{{data}}"
THRESHOLDS_MARK: Final = "{{thresholds}}"
DATA_KEYS: Final = ("name", "pictures", "used_for", "licence", "source")
"""What a card tells of each set."""


@dataclass(frozen=True, slots=True)
class BundleParts:
    """What a finished bundle is made of."""

    network: Path
    recipe: Mapping[str, Any]
    """The manifest but for files, thresholds and everything measured."""
    card: str
    """Text of the card, with marks where data, thresholds and figures go."""
    thresholds: Mapping[str, float]
    """Per issue label."""
    figures: Mapping[str, Any]
    """What `training.evaluate.count_figures` gave."""
    calibration: Mapping[str, Any] = field(default_factory=dict)
    """What `Calibration.to_json` gave, if the thresholds come from there."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """What `describe_run` gave, if the network comes from such a run."""


def read_recipe(path: Path) -> tuple[dict[str, Any], str]:
    """Read a recipe and the card's text that lies beside it.

    Raises:
        TrainingError: One of them cannot be read.
    """
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
        card = path.with_suffix(".md").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise TrainingError("recipe_unreadable", f"{path} cannot be read: {error}.") from error
    if not isinstance(recipe, dict):
        raise TrainingError("recipe_unreadable", f"{path} must hold an object.")
    return recipe, card


def write_draft(
    out: Path, network: Path, recipe: Mapping[str, Any], weights_sha256: str | None = None
) -> Bundle:
    """Write a bundle that can be measured but has no thresholds of its own, figures or card.

    Args:
        out: Folder to write; created.
        network: The ONNX file.
        recipe: The manifest but for files, thresholds and figures.
        weights_sha256: Of the file that the network was made of; kept in the manifest, so that
            `promote` can tell of which run it is.

    Raises:
        BundleError: The recipe does not make a manifest.
    """
    thresholds = {
        label: DRAFT_THRESHOLD for label in recipe.get("classes", ()) if label in ISSUE_LABELS
    }
    out.mkdir(parents=True, exist_ok=True)
    _copy_network(network, out)
    run = {} if weights_sha256 is None else {"run": {"weights_sha256": weights_sha256}}
    return _finish(out, recipe, thresholds=thresholds, figures={}, **run)


def write_bundle(out: Path, parts: BundleParts) -> Bundle:
    """Write a bundle and load it again, which checks it.

    Args:
        out: Folder to write; created.
        parts: What goes in.

    Raises:
        BundleError: The parts do not fit together.
        TrainingError: The recipe does not tell of its data what a card must, or the run used data
            that it does not name.
    """
    data = merge_data(_data_of(parts.recipe), parts.run)
    _check_data(data)
    out.mkdir(parents=True, exist_ok=True)
    _copy_network(parts.network, out)
    (out / CARD_NAME).write_text(fill_card(parts, data), encoding="utf-8")
    figures = parts.figures
    kept = ("records_sha256", "pictures", "runtime", "rules", "clean")
    measured = {key: figures[key] for key in kept if key in figures}
    # The photos' names serve `promote` alone.
    calibration = {key: value for key, value in parts.calibration.items() if key != "photos"}
    origins = {"evaluation": measured, "calibration": calibration, "run": parts.run}
    return _finish(
        out,
        {**parts.recipe, "data": data},
        thresholds=dict(parts.thresholds),
        figures=figures["labels"],
        **{name: dict(content) for name, content in origins.items() if content},
    )


def _copy_network(network: Path, out: Path) -> None:
    target = out / NETWORK_NAME
    if network.resolve() != target.resolve():
        shutil.copyfile(network, target)


def _finish(out: Path, recipe: Mapping[str, Any], **measured: Any) -> Bundle:
    names = [name for name in (NETWORK_NAME, CARD_NAME) if (out / name).exists()]
    # Earlier versions refuse keys that they do not know.
    least = max(recipe.get("min_detector_version", __version__), __version__, key=parse_version)
    manifest = {
        **recipe,
        "min_detector_version": least,
        "files": {name: hash_photo((out / name).read_bytes()) for name in names},
        **measured,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (out / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")
    return load_bundle(out)


def _data_of(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = recipe.get("data")
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise TrainingError(
            "recipe_incomplete",
            "The recipe names no data.",
            "Add `data`: a list of sets with licence and source.",
        )
    for number, one in enumerate(data):
        if not one.get("name"):
            raise TrainingError("recipe_incomplete", f"The recipe's data[{number}] has no name.")
    return data


def _check_data(data: list[dict[str, Any]]) -> None:
    for one in data:
        missing = [key for key in DATA_KEYS if one.get(key) in (None, "")]
        if missing:
            raise TrainingError(
                "recipe_incomplete",
                f"The recipe does not tell {', '.join(missing)} of the data set {one['name']}.",
            )


def merge_data(data: list[dict[str, Any]], run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a recipe's data sets with the versions and counts that the run really used.

    Args:
        data: As the recipe names them, with licence and source.
        run: The run's record; empty leaves the recipe's numbers.

    Raises:
        TrainingError: The run used a set that the recipe does not name: its licence is not known.
    """
    used: Mapping[str, Mapping[str, Any]] = run.get("sets", {})
    unnamed = sorted(set(used) - {one["name"] for one in data})
    if unnamed:
        raise TrainingError(
            "data_unnamed",
            f"The run used {', '.join(unnamed)}, which the recipe does not name under data.",
            "Add it with its licence and source.",
        )
    return [{**one, **used.get(one["name"], {})} for one in data]


def fill_card(parts: BundleParts, data: list[dict[str, Any]]) -> str:
    """Return the card with its tables: nobody writes a figure by hand."""
    clean = parts.figures.get("clean")
    return (
        parts.card.replace(FIGURES_MARK, format_summary(parts.figures))
        .replace(CLEAN_MARK, "" if clean is None else format_clean(clean))
        .replace(DATA_MARK, _data_table(data))
        .replace(THRESHOLDS_MARK, _threshold_table(parts.thresholds, parts.calibration))
    )


def _data_table(data: list[dict[str, Any]]) -> str:
    lines = ["| set | pictures | used for | licence | source |", "|---|---|---|---|---|"]
    lines += [
        f"| {one['name']} | {one['pictures']} | {one['used_for']} | {one['licence']} "
        f"| {one['source']} |"
        for one in data
    ]
    return "\n".join(lines)


def _threshold_table(thresholds: Mapping[str, float], calibration: Mapping[str, Any]) -> str:
    if not calibration:
        lines = [f"| {label} | {threshold:.2f} |" for label, threshold in thresholds.items()]
        return "\n".join(["| label | threshold |", "|---|---|", *lines])
    clean, found = calibration["clean"]["by_label"], calibration["found"]
    lines = [
        f"| {label} | {threshold:.2f} | {clean[label]['false_alarms']} on "
        f"{clean[label]['pictures']} | {found[label]['hits']} of {found[label]['boxes']} |"
        for label, threshold in thresholds.items()
    ]
    head = (
        "| label | threshold | false alarms on held-out clean photos | found on held-out photos |"
    )
    return "\n".join([head, "|---|---|---|---|", *lines])
