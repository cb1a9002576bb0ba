"""street-issues-api import-grid."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from api.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add `import-grid`."""
    parser = commands.add_parser(
        "import-grid",
        help="take in the bureau's grid cells from GeoJSON",
        description="Put the cells of a GeoJSON FeatureCollection in the place of all that were. "
        "Cells that are no polygons, or whose code is missing or not their own, are told and left "
        "out; overlaps are told. Running servers take the cells over within seconds.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="*.geojson")
    add_datum_option(parser)
    parser.add_argument(
        "--reassign",
        action="store_true",
        help="give open cases the cell that they lie in now; else they keep the code they have",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import the file and say what is wrong in it.

    Returns:
        0 every cell was taken in, 1 there are problems.
    """
    from api.grid_cells import import_grid
    from api.opening import close_services, open_services

    content = read_geojson(options.file)
    services = open_services(read_settings(options), scoring=False)
    try:
        done = import_grid(
            services, content, actor=ACTOR, datum=options.datum, reassign=options.reassign
        )
    finally:
        close_services(services)
    for problem in done.problems:
        print(f"{problem.level}: {problem.message}", file=sys.stderr)
    print(f"{done.cells} cells taken in, {done.reassigned} cases moved to another cell.")
    return EXIT_PROBLEMS if done.problems else EXIT_DONE


def read_geojson(path: Path) -> Any:
    """Read a file of JSON.

    Raises:
        UsageError: It is none.
        OSError: It cannot be read.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}.") from error
