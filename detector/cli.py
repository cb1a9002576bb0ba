"""The command line: street-issues score | watch | model."""

import argparse
import sys
from collections.abc import Sequence

from detector.commands import model, scan, score, watch
from detector.commands.program import run_program
from detector.version import __version__


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command."""
    parser = argparse.ArgumentParser(
        prog="street-issues",
        description="Find illegal posters, overflowing bins, street vending and site dust "
        "in street photos.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    score.add_parser(commands)
    scan.add_parser(commands)
    watch.add_parser(commands)
    model.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; None takes the process's own.

    Returns:
        0 all done, 1 some photos failed, 2 wrong usage or set-up, 130 interrupted, 141 the reader
        of the output went away.
    """
    return run_program("street-issues", lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
