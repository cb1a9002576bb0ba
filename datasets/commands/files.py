"""What commands read and write besides sets, and the options that they share."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.errors import DatasetError
from datasets.formats import FORMATS
from datasets.records import ImageRecord


def add_sets_and_out(parser: argparse.ArgumentParser) -> None:
    """Add what a command takes that turns sets into something new."""
    parser.add_argument("sets", type=Path, metavar="DIR", help="a set, or a folder of sets")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")


def check_new(out: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        DatasetError: It does, or it is no folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError("out_not_empty", f"{out} is not empty.", "Name a new folder.")


def write_new_set(out: Path, format_name: str, records: Sequence[ImageRecord]) -> None:
    """Write a set into a new folder and say how many pictures it has."""
    check_new(out)
    FORMATS[format_name].write_set(out, records)
    print(f"{out}: {len(records)} pictures", file=sys.stderr)


def read_map(path: Path) -> dict[str, str | None]:
    """Read a mapping of labels: JSON {old label: new label or null}.

    Raises:
        DatasetError: It cannot be read, or is something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError("map_invalid", f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict) or not all(
        new is None or (isinstance(new, str) and new) for new in content.values()
    ):
        raise DatasetError("map_invalid", f"{path} must hold {{old label: new label or null}}.")
    return content
