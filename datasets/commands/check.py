"""street-issues-data check | stats | sheet: look at sets before anybody trains on them."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.checks import Problem, check_records, count_labels, find_group_leaks
from datasets.commands import EXIT_DONE, EXIT_PROBLEMS
from datasets.commands.files import add_sets_and_out, check_new
from datasets.errors import DatasetError
from datasets.formats import read_sets
from datasets.records import ImageRecord
from datasets.sheet import write_sheets
from datasets.split import compile_group, group_of
from datasets.versions import hash_records

if TYPE_CHECKING:
    from datasets.commands import Subparsers


def add_parsers(commands: "Subparsers") -> None:
    """Add `check`, `stats` and `sheet`."""
    check = commands.add_parser("check", help="look for wrong boxes, broken pictures, leaks")
    check.add_argument(
        "--group",
        metavar="REGEX",
        help="its first (…) in the file name is the capture group; default: as the sets say",
    )
    check.set_defaults(run=run_check)
    stats = commands.add_parser("stats", help="count pictures and boxes by label")
    stats.set_defaults(run=run_stats)
    for one in (check, stats):
        one.add_argument("sets", type=Path, nargs="+", metavar="DIR", help="a set, or a folder of")
    sheet = commands.add_parser("sheet", help="draw contact sheets: look before you train")
    sheet.add_argument("--columns", type=int, default=5)
    sheet.add_argument("--rows", type=int, default=5)
    add_sets_and_out(sheet)
    sheet.set_defaults(run=run_sheet)


def run_check(options: argparse.Namespace) -> int:
    """Print each problem; near-copies and groups are looked for across all the folders."""
    pattern = compile_group(options.group)
    by_folder = {str(folder): read_sets(folder) for folder in options.sets}
    problems: list[Problem] = []
    if pattern is not None:
        for folder, records in by_folder.items():
            by_folder[folder] = tuple(_regroup(records, pattern, problems))
    everything = [record for records in by_folder.values() for record in records]
    problems += check_records(everything)
    problems += find_group_leaks(_parts(by_folder))
    for problem in problems:
        print(f"{problem.severity}: {problem.code}: {problem.where}: {problem.message}")
    errors = sum(problem.severity == "error" for problem in problems)
    print(
        f"{len(everything)} pictures: {errors} errors, {len(problems) - errors} warnings",
        file=sys.stderr,
    )
    return EXIT_PROBLEMS if errors else EXIT_DONE


def _regroup(
    records: Sequence[ImageRecord], pattern: re.Pattern[str], problems: list[Problem]
) -> Iterator[ImageRecord]:
    # Sets with names of another kind may stand beside: that is worth a word and no refusal.
    unfit: Counter[Path] = Counter()
    for record in records:
        try:
            yield replace(record, group=group_of(record.path, pattern))
        except DatasetError:
            unfit[record.path.parent] += 1
            yield record
    for folder, count in sorted(unfit.items()):
        message = f"The pattern finds no group in the names of {count} pictures."
        problems.append(Problem("warning", "group_unknown", str(folder), message))


def _parts(
    by_folder: Mapping[str, tuple[ImageRecord, ...]],
) -> dict[str, list[ImageRecord]]:
    # Several folders are the parts, such as train and val; of one folder, each set in it is one.
    parts: dict[str, list[ImageRecord]] = {}
    for folder, records in by_folder.items():
        for record in records:
            name = folder if len(by_folder) > 1 else record.set_name
            parts.setdefault(name, []).append(record)
    return parts


def run_stats(options: argparse.Namespace) -> int:
    """Print a table: by set and label, what was looked at and found; then the sets' versions."""
    heading = f"{'looked at':>9} {'also marked':>11} {'held by':>8} {'boxes':>6}"
    print(f"{'set':28} {'label':18} {heading}")
    versions = []
    for folder in options.sets:
        by_set: dict[str, list[ImageRecord]] = {}
        for record in read_sets(folder):
            by_set.setdefault(record.set_name, []).append(record)
        for name, records in by_set.items():
            for label, count in count_labels(records).items():
                print(
                    f"{name:28} {label:18} {count.looked_at:9} {count.also_marked:11} "
                    f"{count.held_by:8} {count.boxes:6}"
                )
            versions.append((name, len(records), hash_records(records)))
    print()
    for name, n_pictures, version in versions:
        print(f"{name:28} {n_pictures} pictures, version {version}")
    return EXIT_DONE


def run_sheet(options: argparse.Namespace) -> int:
    """Draw every picture with its boxes."""
    check_new(options.out)
    print(write_sheets(options.out, read_sets(options.sets), (options.columns, options.rows)))
    return EXIT_DONE
