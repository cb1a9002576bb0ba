"""Let a measured network become a bundle, unless it is worse than the one that it replaces."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datasets.records import ImageRecord
from detector.decode import hash_photo
from detector.models.bundle import MANIFEST_NAME, Bundle, load_bundle
from training.bundling import BundleParts, write_bundle
from training.errors import TrainingError
from training.rules import MatchRules
from training.scoring import identify_records

MARGIN: Final = 0.0
"""A label's average precision must not fall by more than this."""


class WorseError(TrainingError):
    """The new bundle is worse on a label than the one it replaces."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One label's average precision, old and new, on the same photos."""

    label: str
    old: float | None
    """None where the old bundle could not be judged: nothing is marked."""
    new: float | None
    """None where the new bundle does not look for the label, or nothing is marked."""

    @property
    def is_worse(self) -> bool:
        """The new bundle finds less."""
        return self.old is not None and (self.new is None or self.new < self.old - MARGIN)

    def __str__(self) -> str:
        old, new = ("–" if one is None else f"{one:.4f}" for one in (self.old, self.new))
        change = "" if None in (self.old, self.new) else f" ({self._change:+.4f})"
        return f"{self.label}: AP {old} -> {new}{change}"

    @property
    def _change(self) -> float:
        return (self.new or 0.0) - (self.old or 0.0)


def compare_labels(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Comparison]:
    """Compare two bundles' figures by label.

    Args:
        old: `labels` of the figures of the bundle that is replaced.
        new: `labels` of the new bundle's figures, on the same photos.
    """
    return [
        Comparison(
            label,
            content["all"]["average_precision"],
            new[label]["all"]["average_precision"] if label in new else None,
        )
        for label, content in old.items()
    ]


def check_not_worse(comparisons: Sequence[Comparison], allowed: Sequence[str]) -> None:
    """Refuse a bundle that is worse on a label.

    Args:
        comparisons: Of every label of the old bundle.
        allowed: Labels on which a person has accepted a loss.

    Raises:
        WorseError: It is worse on another label; the message says by how much.
    """
    worse = [one for one in comparisons if one.is_worse and one.label not in allowed]
    if worse:
        raise WorseError(
            "worse",
            "The new bundle is worse: " + "; ".join(map(str, worse)) + ".",
            f"Accept it with {' '.join(f'--allow-worse {one.label}' for one in worse)}.",
        )


def check_figures(parts: BundleParts) -> None:
    """Check that figures and calibration are this network's, and from different photos.

    A photo in both would flatter the bundle: its thresholds were chosen so that it does well there.

    Raises:
        TrainingError: They are not.
    """
    sha256 = hash_photo(parts.network.read_bytes())
    for name, content in (("figures", parts.figures), ("calibration", parts.calibration)):
        if content and content["model"]["sha256"] != sha256:
            raise TrainingError("other_network", f"The {name} are of another network.")
    if parts.figures["thresholds"] != dict(parts.thresholds):
        raise TrainingError(
            "other_thresholds",
            "The figures were measured at other thresholds.",
            "Evaluate again with --thresholds.",
        )
    if not parts.calibration:
        return
    if parts.calibration.get("thresholds") != dict(parts.thresholds):
        raise TrainingError(
            "other_thresholds",
            "The thresholds are not those that the calibration chose.",
            "Take both files from one run of calibrate.",
        )
    shared = _photos_of(parts.calibration, "calibrate") & _photos_of(parts.figures, "evaluate")
    if shared:
        raise TrainingError(
            "same_photos",
            f"The thresholds were chosen on {len(shared)} of the photos that the bundle is judged "
            "on.",
            "Calibrate on photos that are neither trained on nor judged on.",
        )


def _photos_of(content: Mapping[str, Any], command: str) -> set[str]:
    photos = content.get("photos")
    if not isinstance(photos, list):
        raise TrainingError(
            "photos_unnamed",
            f"What {command} wrote does not name its photos, as an earlier version's.",
            f"Run {command} again.",
        )
    return set(photos)


def check_run(draft: Bundle, run: Mapping[str, Any]) -> None:
    """Check that a draft's network comes from the weights of a run.

    Args:
        draft: What `export` wrote.
        run: What `read_run` gave; one that does not tell its weights is taken as it is.

    Raises:
        TrainingError: It comes from other weights.
    """
    weights = run.get("weights_sha256")
    if weights is not None and weights != draft.manifest.run.get("weights_sha256"):
        raise TrainingError(
            "other_run",
            f"{draft.folder} was not exported from the weights of that run.",
            "Export the run's weights, or name the run they come from with --run.",
        )


def old_labels(
    old: Bundle,
    figures: Mapping[str, Any],
    records: Sequence[ImageRecord],
    rules: MatchRules,
    runtime: str,
) -> Mapping[str, Any]:
    """Return the old bundle's figures by label on the photos of the new one's.

    What stands in its manifest is taken if it was measured on the same photos; else it is measured.

    Args:
        old: The bundle that is replaced.
        figures: The new bundle's.
        records: The photos of the new figures, in case the old bundle must be measured.
        rules: The least overlaps of the new figures.
        runtime: For measuring.

    Raises:
        TrainingError: It must be measured, and the photos are others.
    """
    measured = old.manifest.evaluation
    same = all(measured.get(key) == figures[key] for key in ("records_sha256", "rules"))
    if same:
        return old.manifest.figures
    if not records or identify_records(records) != figures["records_sha256"]:
        raise TrainingError(
            "photos_differ",
            f"{old.folder} was measured on other photos than the new bundle.",
            "Name the photos of the new figures with --sets.",
        )
    if rules.to_json() != figures["rules"]:
        raise TrainingError(
            "rules_differ", "The new figures were measured with other least overlaps."
        )
    from training.evaluate import count_figures, run_evaluation

    labels: Mapping[str, Any] = count_figures(run_evaluation(old, records, runtime, rules=rules))[
        "labels"
    ]
    return labels


def replace_bundle(out: Path, parts: BundleParts) -> Bundle:
    """Write a bundle beside its place and move it there whole.

    Args:
        out: The place; a bundle that is there is replaced, anything else is refused.
        parts: What goes in.

    Raises:
        TrainingError: Something else is there.
    """
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST_NAME).exists():
        raise TrainingError("out_not_empty", f"{out} holds something that is no bundle.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out.parent) as folder:
        fresh = Path(folder) / "new"
        write_bundle(fresh, parts)
        _exchange(fresh, out)
    return load_bundle(out)


def _exchange(fresh: Path, out: Path) -> None:
    """Move a folder to its place; what is there is deleted last, and comes back on failure."""
    aside = Path(tempfile.mkdtemp(prefix=".replaced-", dir=out.parent))
    old = aside / "old"
    try:
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    except BaseException:
        if os.path.lexists(old):
            old.rename(out)
        aside.rmdir()
        raise
    shutil.rmtree(aside)


def read_json(path: Path) -> dict[str, Any]:
    """Read an object from a JSON file.

    Raises:
        TrainingError: It cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError("file_unreadable", f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise TrainingError("file_unreadable", f"{path} must hold an object.")
    return content
