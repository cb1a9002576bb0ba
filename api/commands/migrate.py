"""street-issues-api migrate: the ledger's schema."""

import argparse
from typing import TYPE_CHECKING

from api.commands import EXIT_DONE, EXIT_PROBLEMS, add_settings_options, read_settings
from api.errors import SettingsError

if TYPE_CHECKING:
    from api.commands import Subparsers
    from api.settings import Settings
    from api.store.database import Database


def add_parser(commands: "Subparsers") -> None:
    """Add `migrate`."""
    parser = commands.add_parser(
        "migrate",
        help="bring the ledger to the shape that this release works with",
        description="Back the ledger up first. Steps forward lose nothing; a step back loses what "
        "the older shape has no place for.",
    )
    parser.add_argument(
        "--to", metavar="REV", help="another shape than the newest; base: no tables at all"
    )
    parser.add_argument(
        "--accept-loss", action="store_true", help="allow steps back, which lose data"
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; 1 if something would have to change"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Migrate, or tell whether it is needed.

    Returns:
        0 the ledger has the shape asked for, 1 it does not (with `--check`).

    Raises:
        SettingsError: There is no such shape, or the way there loses data.
        StorageError: The database does not answer.
    """
    from api.store import schema

    target = _read_target(options.to)
    database = _open(read_settings(options), make=not options.check)
    if database is None:
        print(f"There is no ledger yet; it would get {target}.")
        return EXIT_PROBLEMS
    try:
        present = schema.current(database)
        shown = present or schema.EMPTY
        if shown == target:
            print(f"The ledger has {target}.")
            return EXIT_DONE
        if options.check:
            print(f"The ledger has {shown}, not {target}: run street-issues-api migrate.")
            return EXIT_PROBLEMS
        if _is_step_back(shown, target):
            if not options.accept_loss:
                raise SettingsError(
                    "ledger_step_back",
                    f"From {shown} to {target} is a step back, which loses data.",
                    "Back the ledger up, then add --accept-loss.",
                )
            schema.downgrade(database, target)
        else:
            schema.upgrade(database, target)
    finally:
        database.close()
    print(f"The ledger had {shown} and has {target} now.")
    return EXIT_DONE


def _read_target(asked: str | None) -> str:
    from api.store import schema

    if asked is None:
        return schema.newest()
    known = (schema.EMPTY, *schema.names())
    if asked not in known:
        raise SettingsError(
            "ledger_revision_unknown",
            f"There is no shape {asked!r} of the ledger.",
            f"This release knows {', '.join(known)}.",
        )
    return asked


def _is_step_back(present: str, target: str) -> bool:
    from api.store import schema

    order = (schema.EMPTY, *schema.names())
    # A shape that this release does not know is a newer one; `schema` refuses to touch it.
    return present in order and order.index(target) < order.index(present)


def _open(settings: "Settings", *, make: bool) -> "Database | None":
    """Open the ledger; SQLite's file is only made if it may be."""
    from api.opening import LEDGER_FILE, ledger_url
    from api.store.database import Database

    if settings.database_url is None:
        if not make and not (settings.data / LEDGER_FILE).exists():
            return None
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Database(ledger_url(settings))
