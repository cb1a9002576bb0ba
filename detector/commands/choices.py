"""Options that several commands share, and the values that they take."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from detector.labels import Language
from detector.models import RUNTIMES
from detector.models.bundle import Bundle, find_bundle, load_bundle, overlay_thresholds
from detector.models.manifest import PRECISIONS

MOST_PARALLEL: Final = 256
"""More threads or photos at once than any machine has use for; each takes memory."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add what chooses the model, how it runs, and the language."""
    parser.add_argument(
        "--model",
        metavar="DIR",
        help="folder of a bundle (default: $STREET_ISSUES_MODEL, else the shipped one)",
    )
    parser.add_argument(
        "--thresholds", type=Path, metavar="FILE", help="JSON {label: score} over the model's own"
    )
    parser.add_argument(
        "--runtime", default="auto", metavar="NAME", help=f"one of {', '.join(RUNTIMES)}"
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="arithmetic (default: the fastest that the CPU has and the bundle allows)",
    )
    parser.add_argument(
        "--lang",
        choices=("zh", "en"),
        default=language_of(os.environ),
        help="language of tables and captions (default: from the locale)",
    )


def load_chosen(options: argparse.Namespace) -> Bundle:
    """Load the bundle that `--model` names, with `--thresholds` on top.

    Raises:
        BundleError: The bundle or the thresholds cannot be used.
    """
    bundle = load_bundle(find_bundle(options.model))
    if options.thresholds is None:
        return bundle
    return replace(bundle, manifest=overlay_thresholds(bundle.manifest, options.thresholds))


def share(text: str) -> float:
    """Read a number in [0, 1]."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must lie in [0, 1]")
    return value


def count(text: str) -> int:
    """Read how many shall work at once."""
    value = int(text)
    if not 1 <= value <= MOST_PARALLEL:
        raise argparse.ArgumentTypeError(f"must lie in 1 to {MOST_PARALLEL}")
    return value


def language_of(environment: "os._Environ[str]") -> Language:
    """Return the language of a locale; English where it is neither Chinese nor English."""
    locale = environment.get("LC_ALL") or environment.get("LANG") or ""
    return "zh" if locale.startswith("zh") else "en"
