"""street-issues-train promote: a measured draft becomes a bundle, unless it is worse."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from detector.labels import ISSUE_LABELS
from detector.models import RUNTIMES
from detector.models.bundle import MANIFEST_NAME, load_bundle
from training.commands.calibrate import CALIBRATION_NAME, THRESHOLDS_NAME
from training.errors import TrainingError

if TYPE_CHECKING:
    from detector.models.bundle import Bundle
    from training.bundling import BundleParts
    from training.commands import Subparsers
    from training.promote import Comparison
    from training.store import BundleStore

EXIT_REFUSED = 1


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "promote", help="make a bundle of a measured draft; refuses one that is worse"
    )
    parser.add_argument("draft", type=Path, help="folder that export wrote")
    parser.add_argument("--recipe", type=Path, required=True, help="JSON; its card lies beside it")
    parser.add_argument(
        "--calibration", type=Path, required=True, metavar="DIR", help="what calibrate --out wrote"
    )
    parser.add_argument("--figures", type=Path, required=True, help="what evaluate wrote")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--store", type=Path, metavar="DIR", help="install there as current")
    place.add_argument("--out", type=Path, metavar="DIR", help="write to this folder")
    parser.add_argument(
        "--replaces", type=Path, metavar="DIR",
        help="bundle to be no worse than (default: what the place holds now)",
    )  # fmt: skip
    parser.add_argument(
        "--sets", type=Path, action="append", metavar="DIR",
        help="photos of the figures, to measure the replaced bundle on if it was not",
    )  # fmt: skip
    parser.add_argument(
        "--allow-worse", action="append", default=[], choices=ISSUE_LABELS, metavar="LABEL"
    )
    parser.add_argument("--run", type=Path, metavar="DIR", help="the training run's folder")
    parser.add_argument("--runtime", default="auto", choices=RUNTIMES)
    parser.add_argument("--why", default="", metavar="TEXT", help="for the store's history")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Check, compare, write."""
    from training.promote import (
        WorseError,
        check_figures,
        check_not_worse,
        check_run,
        replace_bundle,
    )

    draft = load_bundle(options.draft)
    parts = _gather(options, draft)
    check_figures(parts)
    check_run(draft, parts.run)
    store = _store(options, parts)
    judged = None if store is None else store.current()
    old = _replaced(options, store)
    if old is None:
        print("nothing is replaced")
    else:
        comparisons = _compare(options, parts, old)
        print("\n".join(map(str, comparisons)))
        try:
            check_not_worse(comparisons, options.allow_worse)
        except WorseError as error:
            print(f"refused: {error}")
            return EXIT_REFUSED
    if store is None:
        bundle = replace_bundle(options.out, parts)
        print(f"{bundle.manifest.name} {bundle.manifest.version} in {bundle.folder}")
    else:
        _install(store, parts, options.why, judged)
    return 0


def _gather(options: argparse.Namespace, draft: "Bundle") -> "BundleParts":
    from training.bundling import BundleParts, read_recipe
    from training.promote import read_json
    from training.run_record import read_run

    recipe, card = read_recipe(options.recipe)
    return BundleParts(
        network=draft.network_path,
        recipe=recipe,
        card=card,
        thresholds=read_json(options.calibration / THRESHOLDS_NAME),
        figures=read_json(options.figures),
        calibration=read_json(options.calibration / CALIBRATION_NAME),
        run={} if options.run is None else read_run(options.run),
    )


def _store(options: argparse.Namespace, parts: "BundleParts") -> "BundleStore | None":
    from training.store import BundleStore

    return None if options.store is None else BundleStore(options.store, _text(parts, "name"))


def _replaced(options: argparse.Namespace, store: "BundleStore | None") -> "Bundle | None":
    if options.replaces is not None:
        return load_bundle(options.replaces)
    place = options.out if store is None else store.current_link
    return load_bundle(place) if (place / MANIFEST_NAME).exists() else None


def _text(parts: "BundleParts", key: str) -> str:
    value = parts.recipe.get(key)
    if not isinstance(value, str):
        raise TrainingError("recipe_unreadable", f"The recipe has no {key}.")
    return value


def _compare(
    options: argparse.Namespace, parts: "BundleParts", old: "Bundle"
) -> "list[Comparison]":
    from training.promote import compare_labels, old_labels
    from training.rules import parse_rules
    from training.scoring import read_photos

    records = read_photos(options.sets) if options.sets else ()
    rules = parse_rules(parts.figures["rules"], str(options.figures))
    labels = old_labels(old, parts.figures, records, rules, options.runtime)
    return compare_labels(labels, parts.figures["labels"])


def _install(store: "BundleStore", parts: "BundleParts", why: str, judged: str | None) -> None:
    from training.bundling import write_bundle

    with tempfile.TemporaryDirectory() as folder:
        bundle = write_bundle(Path(folder), parts)
        installed = store.install(bundle, why, instead_of=judged)
    print(f"{installed} is current; use --model {store.current_link}")
