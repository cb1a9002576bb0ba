"""What the measuring commands have in common: which bundle, which photos, on what."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from datasets.errors import DatasetError
from datasets.holdout import part_of
from datasets.records import ImageRecord
from detector.models import RUNTIMES
from detector.models.bundle import Bundle, find_bundle, load_bundle, overlay_thresholds
from detector.models.manifest import PRECISIONS, TileSettings
from training.rules import MATCH_RULES, MatchRules, read_rules
from training.run_record import read_held_out_share
from training.scoring import read_photos

SECOND_LOOK = TileSettings(zoom=2.0, overlap=0.2)


def add_photo_arguments(parser: argparse.ArgumentParser, *, needed: bool = True) -> None:
    """Add the options that choose labelled photos."""
    parser.add_argument(
        "--sets", type=Path, action="append", required=needed, metavar="DIR",
        help="folder of labelled sets; may be given more than once",
    )  # fmt: skip
    parser.add_argument(
        "--photos", type=Path, metavar="FILE", help="only these photos of the sets, a path a line"
    )
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="only what this training run held out"
    )
    parser.add_argument(
        "--held-out", type=float, metavar="SHARE", help="only the held-out share of the sets"
    )
    parser.add_argument(
        "--rules", type=Path, metavar="FILE", help="JSON: least overlaps by label and set"
    )


def add_runtime_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose how a network runs."""
    parser.add_argument("--runtime", default="auto", choices=RUNTIMES)
    parser.add_argument("--precision", choices=PRECISIONS)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose one bundle."""
    parser.add_argument("--model", metavar="DIR", help="folder of a bundle")
    parser.add_argument(
        "--thresholds", type=Path, metavar="FILE", help="JSON {label: score} over the bundle's own"
    )
    parser.add_argument("--tiles", action="store_true", help="with a second look at 2x in tiles")
    add_runtime_arguments(parser)


def choose_bundle(options: argparse.Namespace) -> Bundle:
    """Return the bundle that the options name, with what they change.

    Raises:
        BundleError: It is not there or not whole.
    """
    bundle = load_bundle(find_bundle(options.model))
    manifest = bundle.manifest
    if options.thresholds is not None:
        manifest = overlay_thresholds(manifest, options.thresholds)
    if options.tiles:
        manifest = replace(manifest, tiles=SECOND_LOOK)
    return replace(bundle, manifest=manifest)


def choose_records(options: argparse.Namespace) -> tuple[ImageRecord, ...]:
    """Return the labelled photos that the options name.

    Raises:
        DatasetError: There are none.
        TrainingError: The run's record cannot be read.
    """
    records: Sequence[ImageRecord] = read_photos(options.sets, options.photos)
    share: float | None = options.held_out
    if options.run is not None:
        share = read_held_out_share(options.run)
    if share is not None:
        records = part_of(records, share, held_out=True)
    if not records:
        raise DatasetError("photos_missing", "No photo is left to measure on.")
    return tuple(records)


def list_learned(
    options: argparse.Namespace, held_out: Sequence[ImageRecord]
) -> tuple[ImageRecord, ...]:
    """Return the photos of the same sets that were learned from; none if nothing was held out."""
    if options.run is None and options.held_out is None:
        return ()
    left_out = {record.path for record in held_out}
    records = read_photos(options.sets, options.photos)
    return tuple(record for record in records if record.path not in left_out)


def choose_rules(options: argparse.Namespace) -> MatchRules:
    """Return the least overlaps that the options name."""
    return MATCH_RULES if options.rules is None else read_rules(options.rules)
