"""street-issues-api shadow: what a candidate model would have said."""

import argparse
from typing import TYPE_CHECKING

from api.commands import EXIT_DONE, add_settings_options, read_settings

if TYPE_CHECKING:
    from api.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add `shadow`."""
    parser = commands.add_parser(
        "shadow",
        help="compare a candidate model's findings with those that were acted on",
        description="Count the reports in which the model and the candidate (shadow_model) "
        "flagged a label. Which of them was right, only people's verdicts tell.",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run_shadow)


def run_shadow(options: argparse.Namespace) -> int:
    """Print a table for each candidate."""
    from rich.console import Console
    from rich.table import Table

    from api.opening import open_ledger
    from api.store.shadow import compare_shadows

    database = open_ledger(read_settings(options))
    try:
        with database.read() as connection:
            compared = compare_shadows(connection)
    finally:
        database.close()
    if not compared:
        print("No candidate has scored anything: set shadow_model.")
    for candidate in compared:
        table = Table(title=f"{candidate.model}: {candidate.reports} reports")
        for column in ("label", "both", "only the model", "only the candidate"):
            table.add_column(column, justify="left" if column == "label" else "right")
        for label, counts in sorted(candidate.labels.items()):
            table.add_row(label, str(counts.both), str(counts.model), str(counts.candidate))
        Console().print(table)
    return EXIT_DONE
