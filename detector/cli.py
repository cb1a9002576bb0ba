"""The command line: street-issues score | model."""

import argparse
import os
import sys
from collections.abc import Sequence

from detector.commands import model, score
from detector.commands.streams import make_streams_safe
from detector.errors import StreetIssueError
from detector.version import __version__

EXIT_WRONG_USE = 2
EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 130, 141  # 128 + the signal's number, as shells count


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
    make_streams_safe()
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except StreetIssueError as error:
        print(f"street-issues: {error}", file=sys.stderr)
        return EXIT_WRONG_USE
    except KeyboardInterrupt:
        print("street-issues: stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): not an error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as error:
        print(f"street-issues: {error.strerror or error}.", file=sys.stderr)
        return EXIT_WRONG_USE
    return status


if __name__ == "__main__":
    sys.exit(main())
