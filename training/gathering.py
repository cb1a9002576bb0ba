"""The sets of a training: labelled ones without what is held out, and composed ones."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from datasets.formats import read_sets
from datasets.holdout import part_of
from datasets.records import ImageRecord
from datasets.synth.engine import RECORD_NAME as COMPOSED_NAME
from datasets.versions import hash_records
from training.config import Stage
from training.errors import TrainingError

Sets = Mapping[str, tuple[ImageRecord, ...]]


def gather_sets(data: Iterable[Path], composed: Iterable[Path], held_out_share: float) -> Sets:
    """Read every set; of the labelled ones, what is not held out.

    Args:
        data: Folders of labelled sets.
        composed: Folders of sets that are taken whole: composed scenes, mined photos.
        held_out_share: Share of capture groups to leave out of the labelled sets.

    Raises:
        DatasetError: A set cannot be read.
        TrainingError: Two sets have one name, or scenes were composed on other backgrounds than
            those that are kept.
    """
    sets: dict[str, tuple[ImageRecord, ...]] = {}
    for folder in data:
        _add(sets, part_of(read_sets(folder), held_out_share, held_out=False), folder)
    labelled = dict(sets)
    for folder in composed:
        records = read_sets(folder)
        _add(sets, records, folder)
        for place in sorted({record.path.parent.parent for record in records}):
            _check_backgrounds(place, labelled)
    return sets


def _add(
    sets: dict[str, tuple[ImageRecord, ...]], records: Sequence[ImageRecord], folder: Path
) -> None:
    names = {record.set_name for record in records}
    twice = sorted(names & set(sets))
    if twice:
        raise TrainingError(
            "set_twice", f"{folder} holds a set {twice[0]}, and so does a folder named before it."
        )
    for name in sorted(names):
        sets[name] = tuple(record for record in records if record.set_name == name)


def _check_backgrounds(place: Path, labelled: Sets) -> None:
    """Refuse scenes on photos that this training holds out, or on other versions of its sets."""
    path = place / COMPOSED_NAME
    if not path.exists():  # mined photos, or scenes of another make
        return
    try:
        versions = json.loads(path.read_text(encoding="utf-8"))["background_versions"]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError("composed_unreadable", f"{path} cannot be read: {error!r}.") from error
    for name, version in versions.items():
        if name in labelled and hash_records(labelled[name]) != version:
            raise TrainingError(
                "backgrounds_differ",
                f"{place} was composed on another part or version of {name} than is trained on.",
                "Compose it again, with the config's held_out_share and the same data.",
            )


def check_draws(stages: Sequence[Stage], sets: Sets, labels: Sequence[str]) -> None:
    """Refuse a plan that cannot end well, before hours of work.

    Raises:
        TrainingError: A set is missing, or no set says of a label where it is not.
    """
    for stage in stages:
        for name in stage.draws:
            if not sets.get(name):
                raise TrainingError(
                    "set_missing",
                    f"Stage {stage.name} draws from {name}, which is not among the data: "
                    f"{', '.join(sorted(sets)) or 'none'}.",
                    "Name its folder with --data or --composed, or stop before with --until.",
                )
    drawn = {name for stage in stages for name in stage.draws}
    known = {label for name in drawn for record in sets[name] for label in record.labelled}
    for label in labels:
        if label not in known:
            raise TrainingError(
                "label_without_negatives",
                f"No set that is drawn from was looked through for {label}: it would learn no "
                "negatives and fire everywhere.",
                "Add a set that names it under `labelled`, or leave the label out.",
            )
