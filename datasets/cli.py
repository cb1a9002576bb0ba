"""The command line for labelled photos: street-issues-data."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from datasets.checks import check_records, count_labels
from datasets.dedupe import MOST_BITS, find_near_copies, hash_file
from datasets.errors import DatasetError
from datasets.formats import FORMATS, read_sets
from datasets.records import ImageRecord
from datasets.remap import remap_records
from datasets.sheet import write_sheets
from datasets.split import group_of, split_groups
from detector.commands.streams import make_streams_safe
from detector.errors import StreetIssueError

EXIT_DONE, EXIT_PROBLEMS, EXIT_WRONG_USE = 0, 1, 2
DEFAULT_SHARES: Final = "train=0.8,val=0.2"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command."""
    parser = argparse.ArgumentParser(
        prog="street-issues-data", description="Check, count, convert and split labelled photos."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="look for wrong boxes, broken pictures, near-copies")
    check.set_defaults(run=run_check)
    stats = commands.add_parser("stats", help="count pictures and boxes by label")
    stats.set_defaults(run=run_stats)
    convert = commands.add_parser("convert", help="write a set in another format")
    convert.add_argument("--to", required=True, choices=sorted(FORMATS))
    convert.add_argument("--map", type=Path, metavar="FILE", help="JSON {old label: new or null}")
    convert.set_defaults(run=run_convert)
    split = commands.add_parser("split", help="split a set by capture group")
    split.add_argument("--to", default="coco", choices=sorted(FORMATS))
    split.add_argument("--shares", default=DEFAULT_SHARES, metavar="NAME=SHARE,…")
    split.add_argument(
        "--group", metavar="REGEX", help="its first (…) in the file name is the capture group"
    )
    split.add_argument("--seed", type=int, default=0)
    split.set_defaults(run=run_split)
    dedupe = commands.add_parser("dedupe", help="write a set without near-copies")
    dedupe.add_argument("--to", default="coco", choices=sorted(FORMATS))
    dedupe.add_argument("--bits", type=int, default=MOST_BITS, help="most bits that may differ")
    dedupe.set_defaults(run=run_dedupe)
    sheet = commands.add_parser("sheet", help="draw contact sheets: look before you train")
    sheet.add_argument("--columns", type=int, default=5)
    sheet.add_argument("--rows", type=int, default=5)
    sheet.set_defaults(run=run_sheet)
    for one in (check, stats):
        one.add_argument("sets", type=Path, nargs="+", metavar="DIR", help="a set, or a folder of")
    for one in (convert, split, dedupe, sheet):
        one.add_argument("sets", type=Path, metavar="DIR", help="a set, or a folder of sets")
        one.add_argument("--out", type=Path, required=True, metavar="DIR")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; None takes the process's own.

    Returns:
        0 done, 1 problems found, 2 wrong usage or set-up.
    """
    make_streams_safe()
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except StreetIssueError as error:
        print(f"street-issues-data: {error}", file=sys.stderr)
        return EXIT_WRONG_USE
    except OSError as error:  # A full disk, a folder that may not be written.
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"street-issues-data: {where}{error.strerror or error}.", file=sys.stderr)
        return EXIT_WRONG_USE
    return status


def run_check(options: argparse.Namespace) -> int:
    """Print each problem; near-copies are looked for across all the folders."""
    records = [record for folder in options.sets for record in read_sets(folder)]
    errors = warnings = 0
    for problem in check_records(records):
        errors += problem.severity == "error"
        warnings += problem.severity == "warning"
        print(f"{problem.severity}: {problem.code}: {problem.where}: {problem.message}")
    print(f"{len(records)} pictures: {errors} errors, {warnings} warnings", file=sys.stderr)
    return EXIT_PROBLEMS if errors else EXIT_DONE


def run_stats(options: argparse.Namespace) -> int:
    """Print a table: by set and label, what was looked at and what was found."""
    print(f"{'set':28} {'label':18} {'looked at':>9} {'held by':>8} {'boxes':>6}")
    for folder in options.sets:
        by_set: dict[str, list[ImageRecord]] = {}
        for record in read_sets(folder):
            by_set.setdefault(record.set_name, []).append(record)
        for name, records in by_set.items():
            for label, (looked, held, boxes) in count_labels(records).items():
                print(f"{name:28} {label:18} {looked:9} {held:8} {boxes:6}")
    return EXIT_DONE


def run_convert(options: argparse.Namespace) -> int:
    """Write the sets as one, in another format."""
    records = read_sets(options.sets)
    if options.map is not None:
        records = remap_records(records, _read_map(options.map))
    _write(options.out, options.to, records)
    return EXIT_DONE


def run_split(options: argparse.Namespace) -> int:
    """Write a set for each part."""
    records = read_sets(options.sets)
    try:
        pattern = re.compile(options.group) if options.group else None
    except re.error as error:
        raise DatasetError("group_unknown", f"{options.group!r} is no pattern: {error}.") from error
    groups = [group_of(record.path, pattern) for record in records]
    for name, positions in split_groups(groups, _shares(options.shares), options.seed).items():
        _write(options.out / name, options.to, [records[i] for i in positions])
    return EXIT_DONE


def run_dedupe(options: argparse.Namespace) -> int:
    """Write the sets as one, of near-copies only the first."""
    records = read_sets(options.sets)
    pairs = find_near_copies(np.stack([hash_file(record.path) for record in records]), options.bits)
    dropped = {pair.second for pair in pairs}
    for pair in pairs:
        print(f"{records[pair.second].path}: like {records[pair.first].path}, {pair.bits} bits")
    _write(options.out, options.to, [one for i, one in enumerate(records) if i not in dropped])
    return EXIT_DONE


def run_sheet(options: argparse.Namespace) -> int:
    """Draw every picture with its boxes."""
    _check_new(options.out)
    print(write_sheets(options.out, read_sets(options.sets), (options.columns, options.rows)))
    return EXIT_DONE


def _check_new(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError("out_not_empty", f"{out} is not empty.", "Name a new folder.")


def _write(out: Path, format_name: str, records: Sequence[ImageRecord]) -> None:
    _check_new(out)
    FORMATS[format_name].write_set(out, records)
    print(f"{out}: {len(records)} pictures", file=sys.stderr)


def _read_map(path: Path) -> dict[str, str | None]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError("map_invalid", f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict) or not all(
        new is None or (isinstance(new, str) and new) for new in content.values()
    ):
        raise DatasetError("map_invalid", f"{path} must hold {{old label: new label or null}}.")
    return content


def _shares(text: str) -> dict[str, float]:
    try:
        pairs = [part.split("=") for part in text.split(",")]
        shares = {name.strip(): float(share) for name, share in pairs}
    except ValueError as error:
        raise DatasetError("shares_invalid", f"{text!r} is not like {DEFAULT_SHARES}.") from error
    if any(not re.fullmatch(r"[\w-]+", name) for name in shares):
        raise DatasetError("shares_invalid", f"{text!r}: parts are named with letters and digits.")
    return shares


if __name__ == "__main__":
    sys.exit(main())
