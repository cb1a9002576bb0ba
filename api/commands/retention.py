"""street-issues-api retention."""

import argparse
import sys
from typing import TYPE_CHECKING

from api.commands import EXIT_DONE, EXIT_PROBLEMS, add_settings_options, read_settings

if TYPE_CHECKING:
    from api.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add `retention`."""
    parser = commands.add_parser(
        "retention",
        help="delete the originals that were kept long enough",
        description="Delete originals older than `retention_days` that no running case shows. "
        "The server does so every hour; this does it now.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--dry-run", action="store_true", help="only tell how many would go")
    which.add_argument(
        "--photos-lost",
        action="store_true",
        help="first note photos that are missing in the photo store as deleted: they are lost for "
        "good, not on a volume that is not mounted",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Delete, and say how many.

    Returns:
        0 done, 1 some wait for a blurred copy that could not be made, or cannot be deleted.
    """
    from api.keeping.presence import write_off_lost
    from api.keeping.retention import delete_old_originals, reckon_cutoffs
    from api.opening import close_services, open_services
    from api.store.retention import count_due

    services = open_services(read_settings(options), scoring=not options.dry_run)
    try:
        if options.dry_run:
            with services.database.read() as connection:
                due = count_due(connection, reckon_cutoffs(services))
            print(f"{due.originals} originals, {due.size_bytes} bytes, would be deleted")
            return EXIT_DONE
        if options.photos_lost:
            print(f"{write_off_lost(services)} lost photos noted as deleted")
        done = delete_old_originals(services)
    finally:
        close_services(services)
    print(f"{done.deleted.originals} originals, {done.deleted.size_bytes} bytes, deleted")
    if done.postponed:
        print(f"{done.postponed} wait: their blurred copy could not be made yet")
    if done.failed:
        print(f"{done.failed} cannot be read or deleted: the log names them", file=sys.stderr)
    return EXIT_PROBLEMS if done.postponed or done.failed else EXIT_DONE
