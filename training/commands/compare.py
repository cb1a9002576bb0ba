"""street-issues-train compare: two bundles on the same photos, with labels or without."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector.commands.inputs import list_sources
from detector.models.bundle import find_bundle, load_bundle
from training.commands.measuring import (
    add_photo_arguments,
    add_runtime_arguments,
    choose_records,
    choose_rules,
)
from training.errors import TrainingError

if TYPE_CHECKING:
    from detector.models.bundle import Bundle
    from training.commands import Subparsers


LABELLED_ONLY: Final = ("photos", "run", "held_out", "rules", "precision")
"""Options that a shadow run does not heed."""


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare", help="two bundles on the same photos: figures, or what a switch would change"
    )
    parser.add_argument("old", help="folder of the bundle in use; default is the shipped one")
    parser.add_argument("new", help="folder of the other bundle")
    parser.add_argument(
        "plain", nargs="*", metavar="PHOTO", help="photos or folders without labels; - for a list"
    )
    add_photo_arguments(parser, needed=False)
    add_runtime_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write page, tables and pictures")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument("--examples", type=int, default=60, metavar="N", help="photos to draw")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Compare with labels or without.

    Raises:
        TrainingError: Both kinds of photos are named, or none, or an option does not go with them.
    """
    if bool(options.plain) == bool(options.sets):
        raise TrainingError("usage", "Name either photos without labels or --sets.")
    unheeded = [one for one in LABELLED_ONLY if getattr(options, one) is not None]
    if options.plain and unheeded:
        names = ", ".join(f"--{one.replace('_', '-')}" for one in unheeded)
        raise TrainingError("usage", f"Only with --sets: {names}.", "Leave it out, or add --sets.")
    old, new = (load_bundle(find_bundle(name)) for name in (options.old, options.new))
    return _compare_labelled(options, old, new) if options.sets else _shadow(options, old, new)


def _compare_labelled(options: argparse.Namespace, old: "Bundle", new: "Bundle") -> int:
    from training.compare import compare_evaluations, format_comparison
    from training.comparison_report import write_comparison
    from training.evaluate import run_evaluation

    records, rules = choose_records(options), choose_rules(options)
    a, b = (
        run_evaluation(one, records, options.runtime, precision=options.precision, rules=rules)
        for one in (old, new)
    )
    comparison = compare_evaluations(a, b)
    print(json.dumps(comparison, indent=1) if options.json else format_comparison(comparison))
    if options.out is not None:
        page = write_comparison(options.out, comparison)
        if not options.json:
            print(page)
    return 0


def _shadow(options: argparse.Namespace, old: "Bundle", new: "Bundle") -> int:
    from training.comparison_report import write_shadow
    from training.shadow import format_changes, run_shadow, summarise_changes

    sources, _ = list_sources(options.plain)
    changes = list(run_shadow(old, new, sources, options.runtime))
    if not changes:
        raise TrainingError("photos_missing", "No photo was found.")
    both = (*old.manifest.issue_labels, *new.manifest.issue_labels)
    labels = tuple(dict.fromkeys(both))
    summary = summarise_changes(changes, labels)
    print(json.dumps(summary, indent=1) if options.json else format_changes(summary))
    if options.out is not None:
        first, second = (f"{one.manifest.name} {one.manifest.version}" for one in (old, new))
        page = write_shadow(options.out, changes, summary, (first, second), options.examples)
        if not options.json:
            print(page)
    return 0
