"""street-issues-train rollback: back to an earlier bundle of a store, at once."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser("rollback", help="switch a store to an earlier bundle")
    parser.add_argument("name", help="the model's name")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--to", metavar="VERSION", help="default: the one that the current one replaced"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--list", action="store_true", help="only show versions and history")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Switch, or show."""
    from training.store import BundleStore

    store = BundleStore(options.store, options.name)
    if options.list:
        current = store.current()
        for version in store.versions():
            print(f"{'*' if version == current else ' '} {version}")
        for one in store.history():
            print(f"{one.at} {one.who} {one.action} {one.before or '–'} -> {one.after} {one.why}")
        return 0
    switch = store.roll_back(options.to, options.why)
    if switch is None:
        print(f"{store.current()} is current already")
    else:
        print(f"{switch.before} -> {switch.after}; a running reader takes it when it loads again")
    return 0
