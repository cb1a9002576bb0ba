"""street-issues-data convert | split | dedupe: sets in, sets out."""

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from datasets.commands import EXIT_DONE
from datasets.commands.files import add_sets_and_out, read_map, write_new_set
from datasets.dedupe import MOST_BITS, find_near_copies, hash_file
from datasets.errors import DatasetError
from datasets.formats import FORMATS, read_sets
from datasets.remap import remap_records
from datasets.split import compile_group, group_of, split_groups

if TYPE_CHECKING:
    from datasets.commands import Subparsers

DEFAULT_SHARES: Final = "train=0.8,val=0.2"


def add_parsers(commands: "Subparsers") -> None:
    """Add `convert`, `split` and `dedupe`."""
    convert = commands.add_parser("convert", help="write a set in another format")
    convert.add_argument("--to", required=True, choices=sorted(FORMATS))
    convert.add_argument("--map", type=Path, metavar="FILE", help="JSON {old label: new or null}")
    convert.set_defaults(run=run_convert)
    split = commands.add_parser("split", help="split a set by capture group")
    split.add_argument("--to", default="coco", choices=sorted(FORMATS))
    split.add_argument("--shares", default=DEFAULT_SHARES, metavar="NAME=SHARE,…")
    split.add_argument(
        "--group",
        metavar="REGEX",
        help="its first (…) in the file name is the capture group; default: as the sets say",
    )
    split.add_argument("--seed", type=int, default=0)
    split.set_defaults(run=run_split)
    dedupe = commands.add_parser("dedupe", help="write a set without near-copies")
    dedupe.add_argument("--to", default="coco", choices=sorted(FORMATS))
    dedupe.add_argument("--bits", type=int, default=MOST_BITS, help="most bits that may differ")
    dedupe.set_defaults(run=run_dedupe)
    for one in (convert, split, dedupe):
        add_sets_and_out(one)


def run_convert(options: argparse.Namespace) -> int:
    """Write the sets as one, in another format."""
    records = read_sets(options.sets)
    if options.map is not None:
        records = remap_records(records, read_map(options.map))
    write_new_set(options.out, options.to, records)
    return EXIT_DONE


def run_split(options: argparse.Namespace) -> int:
    """Write a set for each part; a photo of which nobody knows the group is one of its own."""
    records = read_sets(options.sets)
    pattern = compile_group(options.group)
    if pattern is not None:
        records = tuple(replace(one, group=group_of(one.path, pattern)) for one in records)
    groups = [group_of(one.path, None) if one.group is None else one.group for one in records]
    for name, positions in split_groups(groups, _shares(options.shares), options.seed).items():
        write_new_set(options.out / name, options.to, [records[i] for i in positions])
    return EXIT_DONE


def run_dedupe(options: argparse.Namespace) -> int:
    """Write the sets as one, of near-copies only the first."""
    records = read_sets(options.sets)
    pairs = find_near_copies(np.stack([hash_file(record.path) for record in records]), options.bits)
    dropped = {pair.second for pair in pairs}
    for pair in pairs:
        print(f"{records[pair.second].path}: like {records[pair.first].path}, {pair.bits} bits")
    kept = [one for i, one in enumerate(records) if i not in dropped]
    write_new_set(options.out, options.to, kept)
    return EXIT_DONE


def _shares(text: str) -> dict[str, float]:
    try:
        pairs = [part.split("=") for part in text.split(",")]
        shares = {name.strip(): float(share) for name, share in pairs}
    except ValueError as error:
        raise DatasetError("shares_invalid", f"{text!r} is not like {DEFAULT_SHARES}.") from error
    if any(not re.fullmatch(r"[\w-]+", name) for name in shares):
        raise DatasetError("shares_invalid", f"{text!r}: parts are named with letters and digits.")
    return shares
