"""street-issues-api import-toilets."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.commands import (
    ACTOR,
    EXIT_DONE,
    EXIT_PROBLEMS,
    add_datum_option,
    add_settings_options,
    read_settings,
)
from detector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.commands import Subparsers
    from api.toilets.toilet import RowProblem

SHOWN_PROBLEMS: Final = 100
"""More lines help nobody."""


def add_parser(commands: "Subparsers") -> None:
    """Add `import-toilets`."""
    parser = commands.add_parser(
        "import-toilets",
        help="take in public toilets from GeoJSON or CSV",
        description="Take in public toilets from a GeoJSON FeatureCollection with OpenStreetMap's "
        "property names, or from a CSV file (UTF-8 or GB 18030) whose first line is "
        "名称,纬度,经度,地址,开放时间,无障碍,收费. Toilets whose id is known are replaced. "
        "Rows that cannot be used are told, and the rest is taken in.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="*.geojson, *.json or *.csv")
    add_datum_option(parser)
    parser.add_argument(
        "--whole",
        action="store_true",
        help="the file is the whole list: remove toilets that are not in it",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import the file and say what is wrong in it.

    Returns:
        0 every row was taken in as it is, 1 some have problems.
    """
    from api.opening import close_services, open_services
    from api.toilets.importing import import_toilets, read_toilet_file

    content = read_toilet_file(options.file, options.datum)
    _print_problems(content.problems)
    if not content.toilets:
        raise UsageError(f"{options.file} holds no toilet that can be used; nothing was changed.")
    services = open_services(read_settings(options), scoring=False)
    try:
        done = import_toilets(
            services, content, actor=ACTOR, source=options.file.name, whole=options.whole
        )
    finally:
        close_services(services)
    print(f"{done.saved} toilets taken in, {done.removed} removed, {done.total} in all.")
    return EXIT_PROBLEMS if content.problems else EXIT_DONE


def _print_problems(problems: "Sequence[RowProblem]") -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        word = "taken in, but" if problem.kept else "left out:"
        print(f"row {problem.row} {word} {problem.reason}", file=sys.stderr)
    if len(problems) > SHOWN_PROBLEMS:
        print(f"… and {len(problems) - SHOWN_PROBLEMS} more.", file=sys.stderr)
