"""street-issues-api export-feedback."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands import EXIT_DONE, EXIT_PROBLEMS, add_settings_options, read_settings
from detector.errors import UsageError

if TYPE_CHECKING:
    from api.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add `export-feedback`."""
    parser = commands.add_parser(
        "export-feedback",
        help="write verdicts and their photos for `street-issues-data import-feedback`",
        description="Write feedback.jsonl and photos/ into a new folder. The photos are originals: "
        "guard the folder as you guard the photo store. The audit log notes how many, and why.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why; it is kept in the audit log"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the export and say how much it is.

    Returns:
        0 done, 1 photos are missing in the store.
    """
    from api.casework.feedback import write_export
    from api.opening import close_services, open_services

    if options.out.exists():
        raise UsageError(f"{options.out} exists already.", "Name a folder that does not.")
    services = open_services(read_settings(options), scoring=False)
    try:
        lines, missing = write_export(services, options.out, options.reason)
    finally:
        close_services(services)
    print(f"{options.out}: {lines} judged photos")
    print(
        f"next: street-issues-data import-feedback {options.out / 'feedback.jsonl'} "
        f"--photos {options.out / 'photos'} --out SET"
    )
    if missing:
        print(f"{missing} photos are missing in the photo store", file=sys.stderr)
    return EXIT_PROBLEMS if missing else EXIT_DONE
