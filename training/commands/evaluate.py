"""street-issues-train evaluate: measure a bundle on labelled photos."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from training.commands.measuring import (
    add_model_arguments,
    add_photo_arguments,
    choose_bundle,
    choose_records,
    choose_rules,
)

if TYPE_CHECKING:
    from training.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser("evaluate", help="measure a bundle on labelled photos")
    add_model_arguments(parser)
    add_photo_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write figures, page and pictures")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="write the figures alone")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table of a model card")
    parser.add_argument("--worst", type=int, default=12, metavar="N", help="pictures a label")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Score, count, print, write."""
    from training.evaluate import count_figures, run_evaluation
    from training.report import write_figures, write_report
    from training.tables import format_compact, format_summary

    evaluation = run_evaluation(
        choose_bundle(options),
        choose_records(options),
        options.runtime,
        precision=options.precision,
        rules=choose_rules(options),
    )
    figures = count_figures(evaluation)
    if options.figures is not None:
        write_figures(options.figures, figures)
    if options.json:
        print(json.dumps(figures, indent=1, ensure_ascii=False))
    else:
        print(format_summary(figures) if options.markdown else format_compact(figures))
    if options.out is not None:
        page = write_report(options.out, evaluation, figures, options.worst)
        if not options.json:
            print(page)
    return 0
