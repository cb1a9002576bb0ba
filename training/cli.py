"""The command line: street-issues-train run | evaluate | calibrate | export | promote | …."""

import argparse
import sys
from collections.abc import Sequence

from detector.commands.streams import make_streams_safe
from detector.errors import StreetIssueError
from detector.version import __version__
from training.commands import calibrate, compare, evaluate, export, mine, promote, rollback, run

EXIT_WRONG_USE = 2
EXIT_INTERRUPTED = 130  # 128 + the signal's number, as shells count


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
        130 interrupted.
    """
    make_streams_safe()
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.execute(options)
    except StreetIssueError as error:
        print(f"street-issues-train: {error}", file=sys.stderr)
        return EXIT_WRONG_USE
    except KeyboardInterrupt:
        print("street-issues-train: stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except OSError as error:  # A full disk, a folder that may not be written.
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"street-issues-train: {where}{error.strerror or error}.", file=sys.stderr)
        return EXIT_WRONG_USE
    return status


if __name__ == "__main__":
    sys.exit(main())
