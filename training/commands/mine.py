"""street-issues-train mine: training photos on which a model is wrongly sure."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.commands.measuring import add_model_arguments, choose_bundle
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.commands import Subparsers

DEFAULT_MIN_SCORE: Final = 0.15
DEFAULT_MOST: Final = 150


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "mine", help="copy training photos with false alarms into a set to draw from more often"
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--sets", type=Path, action="append", required=True, metavar="DIR",
        help="folder of labelled sets that are trained on; may be given more than once",
    )  # fmt: skip
    parser.add_argument(
        "--run", type=Path, required=True, metavar="DIR",
        help="the training run; what it held out or did not know is not mined",
    )  # fmt: skip
    parser.add_argument(
        "--min-score", type=float, default=DEFAULT_MIN_SCORE, metavar="SCORE",
        help=f"surer findings count as false alarms (default: {DEFAULT_MIN_SCORE})",
    )  # fmt: skip
    parser.add_argument(
        "--most", type=int, default=DEFAULT_MOST, metavar="N",
        help=f"photos of each label, the surest first (default: {DEFAULT_MOST})",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new set")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Score, pick, copy.

    Raises:
        TrainingError: The set's folder is not empty, a set is not trained on, or nothing was found.
    """
    from datasets.formats import coco
    from training.mining import choose_photos, choose_trained, rank_false_alarms
    from training.scoring import read_photos, score_records

    if options.out.exists() and any(options.out.iterdir()):
        raise TrainingError("out_not_empty", f"{options.out} is not empty.", "Name a new folder.")
    bundle = choose_bundle(options)
    records = choose_trained(read_photos(options.sets), options.run)
    scores = score_records(bundle, records, options.runtime, options.precision)
    labels = bundle.manifest.issue_labels
    alarms = rank_false_alarms(records, scores, labels, options.min_score)
    for label in labels:
        count = sum(one.label == label for one in alarms)
        looked = sum(label in one.labelled for one in records)
        print(f"{label}: false alarms in {count} of {looked} photos")
    photos = choose_photos(alarms, options.most)
    if not photos:
        raise TrainingError("nothing_found", f"No finding of {options.min_score} or more is wrong.")
    coco.write_set(options.out, photos)
    print(f"{options.out}: {len(photos)} photos")
    return 0
