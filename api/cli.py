"""The command line of the service: street-issues-api."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

from detector.commands.program import run_program

COMMAND_MODULES: Final = (
    "serve",
    "migrate",
    "keys",
    "audit",
    "import_grid",
    "import_toilets",
    "export_feedback",
    "backup",
    "retention",
    "erase",
    "shadow",
)
"""In the order in which `--help` shows them; each has `add_parser(commands)`."""
OTHERS: Final = 0o077
"""The ledger, backups and exports hold contacts: files that a command makes are their owner's only,
also in a folder that was there before and that others may enter."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command."""
    parser = argparse.ArgumentParser(
        prog="street-issues-api",
        description="Take in reports of street issues, open cases, and hand them over.",
        epilog="Settings are variables STREET_ISSUES_…, or a YAML file given with --config.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMAND_MODULES:
        importlib.import_module(f"api.commands.{name}").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; None takes the process's own.

    Returns:
        0 done, 1 problems found or something skipped, 2 wrong usage or set-up, 130 interrupted,
        141 the reader of the output went away.
    """
    return run_program("street-issues-api", lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    before = os.umask(OTHERS)
    try:
        status: int = options.run(options)
    finally:
        os.umask(before)  # For who runs a command within a larger program.
    return status


if __name__ == "__main__":
    sys.exit(main())
