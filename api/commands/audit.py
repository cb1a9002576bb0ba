"""street-issues-api audit verify | list."""

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING

from api.commands import EXIT_DONE, EXIT_PROBLEMS, add_settings_options, read_settings

if TYPE_CHECKING:
    from api.commands import Subparsers
    from api.store.audit import ChainHead


def add_parser(commands: "Subparsers") -> None:
    """Add `audit` and its commands."""
    parser = commands.add_parser("audit", help="check and read the log of who did what")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser(
        "verify",
        help="check the hash chain",
        description="Walk the hash chain and name the first row that was changed, taken out or "
        "moved. Rows cut from the end, or a chain written anew, show only against a head that was "
        "noted elsewhere: note what this prints, and give it with --expect next time.",
    )
    verify.add_argument(
        "--expect", type=_head, metavar="SEQ:HASH", help="a head noted earlier must still be there"
    )
    verify.set_defaults(run=run_verify)
    listing = actions.add_parser("list", help="print the newest rows as lines of JSON")
    listing.add_argument("--limit", type=int, default=100, metavar="N")
    listing.set_defaults(run=run_list)
    for one in (verify, listing):
        add_settings_options(one)


def _head(text: str) -> "ChainHead":
    from api.store.audit import ChainHead

    match = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)
    if match is None:
        raise argparse.ArgumentTypeError("write SEQ:HASH as `audit verify` prints it")
    return ChainHead(int(match[1]), match[2])


def run_verify(options: argparse.Namespace) -> int:
    """Print the head, or the first row that does not fit."""
    from api.opening import open_ledger
    from api.store.audit import check_chain

    database = open_ledger(read_settings(options))
    try:
        with database.read() as connection:
            check = check_chain(connection, options.expect)
    finally:
        database.close()
    if check.problem is not None:
        print(f"Row {check.broken_seq}: {check.problem}.")
        print(f"{check.rows} rows before it fit.", file=sys.stderr)
        return EXIT_PROBLEMS
    print(f"{check.rows} rows, each fits the one before.")
    print(f"head: {check.head.seq}:{check.head.hash}")
    if options.expect is None:
        print(
            "Rows cut from the end show only against a head noted elsewhere: "
            "note this one and give it with --expect next time.",
            file=sys.stderr,
        )
    return EXIT_DONE


def run_list(options: argparse.Namespace) -> int:
    """Print rows, the newest first."""
    from api.opening import open_ledger
    from api.store.audit import list_audit

    database = open_ledger(read_settings(options))
    try:
        with database.read() as connection:
            rows = list_audit(connection, limit=max(1, options.limit))
    finally:
        database.close()
    for row in rows:
        line = {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "actor": row.actor,
            "action": row.action,
            "target": row.target,
            "details": row.details,
            "hash": row.hash,
        }
        print(json.dumps(line, ensure_ascii=False))
    return EXIT_DONE
