"""street-issues-train calibrate: thresholds for a rate of false alarms on clean photos."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.calibrate import SPLITS
from training.commands.measuring import (
    add_model_arguments,
    add_photo_arguments,
    choose_bundle,
    choose_records,
    choose_rules,
    list_learned,
)

if TYPE_CHECKING:
    from training.commands import Subparsers

DEFAULT_BUDGET: Final = 2.0
THRESHOLDS_NAME: Final = "thresholds.json"
CALIBRATION_NAME: Final = "calibration.json"


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "calibrate",
        help="pick thresholds for a rate of false alarms on photos kept out of training",
    )
    add_model_arguments(parser)
    add_photo_arguments(parser)
    parser.add_argument(
        "--per-100", type=float, default=DEFAULT_BUDGET, metavar="RATE",
        help="false alarms allowed per 100 clean photos, all labels together (default: 2)",
    )  # fmt: skip
    parser.add_argument(
        "--split", default="equal", choices=SPLITS,
        help="the budget in equal shares, or where it finds the most",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"write {THRESHOLDS_NAME} and {CALIBRATION_NAME}"
    )
    parser.add_argument("--json", action="store_true", help="print the calibration as JSON")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Score, choose, print, write."""
    from training.calibrate import calibrate, format_calibration
    from training.scoring import identify_records, list_photos, score_records

    bundle, records = choose_bundle(options), choose_records(options)
    scores = score_records(bundle, records, options.runtime, options.precision)
    rest = list_learned(options, records)
    learned = None
    if rest:
        learned = rest, score_records(bundle, rest, options.runtime, options.precision)
    calibration = calibrate(
        records,
        scores,
        bundle.manifest.issue_labels,
        budget_per_100=options.per_100,
        split=options.split,
        rules=choose_rules(options),
        learned=learned,
    )
    content = {
        "model": {"name": bundle.manifest.name, "sha256": bundle.manifest.sha256},
        "records_sha256": identify_records(records),
        "photos": list_photos(scores),
        "pictures": len(records),
        **calibration.to_json(),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    print(text if options.json else format_calibration(calibration))
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        thresholds = json.dumps(dict(calibration.thresholds), indent=1)
        (options.out / THRESHOLDS_NAME).write_text(thresholds + "\n", encoding="utf-8")
        (options.out / CALIBRATION_NAME).write_text(text + "\n", encoding="utf-8")
    return 0
