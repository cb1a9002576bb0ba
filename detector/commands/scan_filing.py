"""`scan --file-cases`: incidents handed to the service."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector.commands.report import printable
from detector.errors import StreetIssueError, UsageError

if TYPE_CHECKING:
    from detector.archive.journal import Journal
    from detector.camera.incident import Incident
    from detector.camera.service import Service

KEY_VARIABLE: Final = "STREET_ISSUES_KEY"
MOST_NAMED: Final = 20
"""So many as a person reads."""


def add_filing_options(parser: argparse.ArgumentParser) -> None:
    """Add where the incidents go, and the key to it."""
    group = parser.add_argument_group("filing")
    group.add_argument(
        "--file-cases", metavar="URL", help="hand the incidents to the service at URL"
    )
    group.add_argument(
        "--key",
        metavar="KEY",
        help="its key; others on this machine can see it here, so rather use --key-file or "
        f"${KEY_VARIABLE}",
    )
    group.add_argument("--key-file", type=Path, metavar="FILE", help="file that holds the key")


def open_service(options: argparse.Namespace) -> "Service | None":
    """Return the service that `--file-cases` names; None: nothing is to be filed.

    Raises:
        UsageError: There is no key, or more than one, or the address is none.
    """
    if options.file_cases is None:
        if options.key is not None or options.key_file is not None:
            raise UsageError("A key is given, but no --file-cases.", "Name the service's address.")
        return None
    from detector.camera.service import ServiceClient

    return ServiceClient(options.file_cases, _read_key(options))


def file_found(
    service: "Service",
    incidents: Sequence["Incident"],
    journal: "Journal",
    options: argparse.Namespace,
) -> int:
    """File incidents, tell what became of them, and return how many could not be filed."""
    from detector.archive.filing import FiledLog, Filing
    from detector.archive.frames_again import FramesAgain

    with FiledLog(options.out / "filed.jsonl", options.file_cases) as log:
        frames = FramesAgain(journal.file)
        without: list[str] = []

        def read_photo(incident: "Incident") -> bytes | None:
            # Footage that is gone since is no reason to keep the incident back for ever.
            try:
                return frames.read_peak_jpeg(incident)
            except StreetIssueError as error:
                without.append(f"{incident.id}: {error}")
                return None

        done = Filing(service, log).file_incidents(incidents, read_photo)
    unfiled = [one for one in done if one.result == "unfiled"]
    print(
        f"filed: {sum(one.result == 'filed' for one in done)} now, "
        f"{sum(one.result == 'known' for one in done)} before, {len(unfiled)} not",
        file=sys.stderr,
    )
    for words in without[:MOST_NAMED]:
        print(printable(f"filed without its picture: {words}"), file=sys.stderr)
    for one in unfiled[:MOST_NAMED]:
        print(printable(f"not filed: {one.incident.id}: {one.reason}"), file=sys.stderr)
    if len(unfiled) > MOST_NAMED:
        print(f"not filed: {len(unfiled) - MOST_NAMED} more", file=sys.stderr)
    return len(unfiled)


def _read_key(options: argparse.Namespace) -> str:
    if options.key is not None and options.key_file is not None:
        raise UsageError("Both --key and --key-file are given.", "Give one.")
    if options.key is not None:
        return str(options.key)
    if options.key_file is not None:
        try:
            return str(options.key_file.read_text(encoding="utf-8").strip())
        except (OSError, ValueError) as error:
            raise UsageError(f"{options.key_file} cannot be read: {error}.") from error
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise UsageError(
            "Filing incidents needs a key.", f"Give --key-file, or set {KEY_VARIABLE}."
        )
    return key
