"""`street-issues-api import-grid`: the bureau's grid cells from a file into the ledger."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final, get_args

from api.grid_cells import import_grid
from api.settings import Settings
from detector.errors import UsageError
from detector.photo_facts import Datum

EXIT_PROBLEMS: Final = 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import-grid",
        help="take in the bureau's grid cells from GeoJSON",
        description="Put the cells of a GeoJSON FeatureCollection in the place of all that were. "
        "Cells that are no polygons or have no code of their own are told and left out; "
        "overlaps are told.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="*.geojson")
    parser.add_argument(
        "--datum",
        choices=get_args(Datum),
        default="wgs84",
        help="of the file's positions (default: %(default)s)",
    )
    parser.add_argument(
        "--reassign",
        action="store_true",
        help="give open cases the cell that they lie in now; else they keep the old code",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder, as for `serve`")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import the file.

    Returns:
        0 every cell was taken in, 1 some have problems.
    """
    content = read_geojson(options.file)
    from api.opening import open_services

    settings = Settings() if options.data is None else Settings(data=options.data)
    services = open_services(settings)
    try:
        done = import_grid(
            services,
            content,
            actor="system:import-grid",
            datum=options.datum,
            reassign=options.reassign,
        )
    finally:
        services.pool.close()
        services.database.close()
    for problem in done.problems:
        print(f"{problem.level}: {problem.message}", file=sys.stderr)
    print(f"{done.cells} cells taken in, {done.reassigned} cases moved to another cell.")
    return EXIT_PROBLEMS if done.problems else 0


def read_geojson(path: Path) -> Any:
    """Read a file of JSON.

    Raises:
        UsageError: It is none.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}.") from error
