"""The command line of the service: street-issues-api."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from api.commands import EXIT_INTERRUPTED, EXIT_WRONG_USE
from detector.commands.streams import make_streams_safe
from detector.errors import StreetIssueError

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
)
"""In the order in which `--help` shows them; each has `add_parser(commands)`."""


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
        0 done, 1 problems found or something skipped, 2 wrong usage or set-up, 130 interrupted.
    """
    make_streams_safe()
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except StreetIssueError as error:
        print(f"street-issues-api: {error}", file=sys.stderr)
        return EXIT_WRONG_USE
    except KeyboardInterrupt:
        print("street-issues-api: stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # The reader of our output has gone: `… list | head`.
        sys.stdout = None
        return EXIT_WRONG_USE
    except OSError as error:  # A full disk, a port in use, a folder that may not be written.
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"street-issues-api: {where}{error.strerror or error}.", file=sys.stderr)
        return EXIT_WRONG_USE
    return status


if __name__ == "__main__":
    sys.exit(main())
