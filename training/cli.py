"""The command line: street-issues-train run | evaluate | calibrate | export | promote | …."""

import argparse
import sys
from collections.abc import Sequence

from detector.commands.program import run_program
from detector.version import __version__
from training.commands import calibrate, compare, evaluate, export, mine, promote, rollback, run


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command."""
    parser = argparse.ArgumentParser(
        prog="street-issues-train", description="Train, measure, compare and release networks."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for one in (run, mine, export, calibrate, evaluate, compare, promote, rollback):
        one.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; None takes the process's own.

    Returns:
        0 done, 1 refused (a worse bundle, a network that does not agree), 2 wrong usage or set-up,
        130 interrupted, 141 the reader of the output went away.
    """
    return run_program("street-issues-train", lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    status: int = options.execute(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
