"""street-issues-api erase."""

import argparse
import sys
from typing import TYPE_CHECKING

from api.commands import ACTOR, EXIT_DONE, EXIT_PROBLEMS, add_settings_options, read_settings

if TYPE_CHECKING:
    from api.commands import Subparsers
    from api.keeping.erasure import Found
    from api.services import Services


def add_parser(commands: "Subparsers") -> None:
    """Add `erase`."""
    parser = commands.add_parser(
        "erase",
        help="delete a person's data on request",
        description="Delete what a person said, wrote and sent: contact, note, address, position "
        "and photo. The case stays with its label, place and times. It cannot be undone.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--report", metavar="ID", help="one report")
    which.add_argument(
        "--contact", metavar="TEXT", help="every report with this phone, address or other contact"
    )
    which.add_argument("--token", metavar="TOKEN", help="the report that this token follows")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would go")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Erase, and say what went.

    Returns:
        0 done, 1 nothing was found, or a person has to look at further reports or cases.
    """
    from api.keeping.erasure import erase_reports
    from api.opening import close_services, open_services

    services = open_services(read_settings(options), scoring=False)
    try:
        found = _find(services, options)
        done = erase_reports(services, found.report_ids, actor=ACTOR, dry_run=options.dry_run)
    finally:
        close_services(services)
    word = "would be erased" if options.dry_run else "erased"
    for one in done:
        photo = "with its photo" if one.photo_sha256 else "no photo"
        if one.photo_stays:
            photo = "its photo stays: something else stands on it"
        print(f"report {one.report_id} {word} ({photo})")
    for report_id in found.mentioned_in:
        print(
            f"report {report_id} mentions it in its words: look at it, then erase --report",
            file=sys.stderr,
        )
    for number in found.cases:
        print(
            f"case {number} mentions it in its address, history or errors: look at it",
            file=sys.stderr,
        )
    if not done:
        print("No report was found.", file=sys.stderr)
    elif not options.dry_run:
        print("Backups made before still hold it, until they are deleted.")
    left = found.mentioned_in or found.cases
    return EXIT_PROBLEMS if left or not done else EXIT_DONE


def _find(services: "Services", options: argparse.Namespace) -> "Found":
    from api.keeping.erasure import Found, find_by_contact, find_by_token

    if options.contact is not None:
        return find_by_contact(services, options.contact)
    if options.token is not None:
        return find_by_token(services, options.token)
    return Found((options.report,), ())
