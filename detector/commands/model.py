"""street-issues model show | verify: what a bundle is, and whether it is whole."""

import argparse
from typing import TYPE_CHECKING

from detector.models import RUNTIMES, RuntimeOptions, load_detector
from detector.models.bundle import find_bundle, load_bundle

if TYPE_CHECKING:
    from detector.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add `model` and its two verbs."""
    parser = commands.add_parser("model", help="show or verify a model bundle")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="print what a bundle says of itself, and its card")
    verify = verbs.add_parser("verify", help="check files, labels, and that the network runs")
    for verb in (show, verify):
        verb.add_argument(
            "model",
            nargs="?",
            help="folder of a bundle (default: $STREET_ISSUES_MODEL, else the shipped one)",
        )
    verify.add_argument(
        "--runtime", default="auto", metavar="NAME", help=f"one of {', '.join(RUNTIMES)}"
    )
    show.set_defaults(run=run_show)
    verify.set_defaults(run=run_verify)


def run_show(options: argparse.Namespace) -> int:
    """Print a bundle's manifest in short, then its card."""
    bundle = load_bundle(find_bundle(options.model))
    manifest = bundle.manifest
    print(f"model      {manifest.name} {manifest.version}")
    print(f"folder     {bundle.folder}")
    print(f"sha256     {manifest.sha256}")
    sizes = ", ".join(f"{width}x{height}" for width, height in manifest.network.sizes_wh)
    print(f"input      {sizes} px, {manifest.output_layout}")
    print(f"issues     {', '.join(manifest.issue_labels)}")
    print(f"context    {', '.join(manifest.context_labels) or 'none'}")
    for label, threshold in manifest.thresholds.items():
        print(f"threshold  {label} {threshold}")
    if bundle.card_path.name in manifest.files:
        print()
        print(bundle.card_path.read_text(encoding="utf-8"))
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Check a bundle's files and run its network at every size."""
    import numpy as np

    bundle = load_bundle(find_bundle(options.model))
    print(f"files      {len(bundle.manifest.files)} present, checksums right")
    detector = load_detector(bundle, options.runtime, RuntimeOptions())
    print("labels     fit the network")
    for width, height in bundle.manifest.network.sizes_wh:
        detector.detect([np.full((height, width, 3), 114, np.uint8)])
    print(f"runtime    {detector.runtime} runs it")
    detector.close()
    return 0
