"""street-issues-api keys create | list | revoke."""

import argparse
from typing import TYPE_CHECKING

from api.commands import ACTOR, EXIT_DONE, add_settings_options, read_settings
from api.principal import ROLES

if TYPE_CHECKING:
    from api.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add `keys` and its commands."""
    parser = commands.add_parser("keys", help="make, list and revoke API keys")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key; it is shown this once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument("--role", required=True, choices=ROLES)
    create.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="PREFIX",
        help="limit it to grid cells whose code begins so; may be given several times",
    )
    create.add_argument(
        "--originals",
        action="store_true",
        help="it may read unblurred photos, with a reason that is logged",
    )
    create.set_defaults(run=run_create)
    listing = actions.add_parser("list", help="show all keys, without the keys themselves")
    listing.set_defaults(run=run_list)
    revoke = actions.add_parser("revoke", help="let a key open nothing from now on")
    revoke.add_argument("id", metavar="ID", help="as `keys list` shows it")
    revoke.set_defaults(run=run_revoke)
    for one in (create, listing, revoke):
        add_settings_options(one)


def run_create(options: argparse.Namespace) -> int:
    """Print the key's id and the key."""
    from api.opening import close_services, open_services
    from api.security.keys import WantedKey, create_key

    services = open_services(read_settings(options), scoring=False)
    try:
        principal, secret = create_key(
            services,
            WantedKey(options.name, options.role, options.originals, tuple(options.grid)),
            actor=ACTOR,
        )
    finally:
        close_services(services)
    print(f"id:  {principal.id}")
    print(f"key: {secret}")
    print("The key is shown only now; what is kept is a hash of it.")
    return EXIT_DONE


def run_list(options: argparse.Namespace) -> int:
    """Print a line for each key."""
    from api.opening import open_ledger
    from api.store.keys import list_keys

    database = open_ledger(read_settings(options))
    try:
        with database.read() as connection:
            found = list_keys(connection)
    finally:
        database.close()
    for key in found:
        holder = key.principal
        revoked = "" if key.revoked_at is None else f"  revoked {key.revoked_at:%Y-%m-%d %H:%M}"
        grids = ",".join(holder.grids) or "everywhere"
        originals = "originals" if holder.originals else "blurred"
        print(
            f"{holder.id}  {holder.role:14}  {originals:9}  {key.created_at:%Y-%m-%d %H:%M}  "
            f"{grids}  {holder.name}{revoked}"
        )
    return EXIT_DONE


def run_revoke(options: argparse.Namespace) -> int:
    """Revoke a key; running servers notice within seconds."""
    from api.opening import close_services, open_services
    from api.security.key_cache import KEY_LIFE_S
    from api.security.keys import revoke

    services = open_services(read_settings(options), scoring=False)
    try:
        key = revoke(services, options.id, actor=ACTOR)
    finally:
        close_services(services)
    print(f"{key.principal.id} is revoked; running servers notice within {KEY_LIFE_S:g} s.")
    return EXIT_DONE
