"""The command line for labelled photos: street-issues-data."""

import argparse
import sys
from collections.abc import Sequence

from datasets.commands import check, convert, imports, synth
from detector.commands.program import run_program


def build_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser with every command.

    Args:
        arguments: The command line that it will parse: `render` and `synth` show their options
            only if they are the command, because those stand in their engines.
    """
    parser = argparse.ArgumentParser(
        prog="street-issues-data",
        description="Check, count, convert, split, import and compose labelled photos.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check.add_parsers(commands)
    convert.add_parsers(commands)
    imports.add_parsers(commands)
    synth.add_parsers(commands, list(arguments))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; None takes the process's own.

    Returns:
        0 done, 1 problems found or something skipped, 2 wrong usage or set-up, 130 interrupted,
        141 the reader of the output went away.
    """
    return run_program("street-issues-data", lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = build_parser(given).parse_args(given)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
