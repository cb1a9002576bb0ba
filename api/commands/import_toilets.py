"""`street-issues-api import-toilets`: public toilets from a file into the ledger."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from api.settings import Settings
from api.store.audit import record_audit
from api.store.toilets import count_toilets, remove_other_toilets, save_toilets
from api.toilet_files import parse_csv, parse_geojson
from api.toilets import RowProblem, ToiletFile
from detector.errors import UsageError
from detector.photo_facts import Datum

if TYPE_CHECKING:
    from api.services import Services

EXIT_PROBLEMS: Final = 1
SHOWN_PROBLEMS: Final = 100
"""More lines help nobody."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import-toilets",
        help="take in public toilets from GeoJSON or CSV",
        description="Take in public toilets from a GeoJSON FeatureCollection with OpenStreetMap's "
        "property names, or from a CSV file (UTF-8 or GB 18030) whose first line is "
        "名称,纬度,经度,地址,开放时间,无障碍,收费. Toilets with an id that is known are replaced. "
        "Rows that cannot be used are told, and the rest is taken in.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="*.geojson, *.json or *.csv")
    parser.add_argument(
        "--datum",
        choices=get_args(Datum),
        default="wgs84",
        help="of the file's positions (default: %(default)s; AMap and Tencent: gcj02, Baidu: bd09)",
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="the file is the whole list: remove toilets that are not in it",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder, as for `serve`")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import the file.

    Returns:
        0 all rows were taken in as they are, 1 some have problems.
    """
    content = read_toilet_file(options.file, options.datum)
    if not content.toilets:
        _print_problems(content.problems)
        raise UsageError(f"{options.file} holds no toilet that can be used; nothing was changed.")
    services = _open_services(options.data)
    try:
        saved, removed, total = import_toilets(
            services, content, whole=options.whole, source=options.file.name
        )
    finally:
        services.database.close()
        services.pool.close()
    _print_problems(content.problems)
    print(f"{saved} toilets taken in, {removed} removed, {total} in all.")
    return EXIT_PROBLEMS if content.problems else 0


def read_toilet_file(path: Path, datum: Datum) -> ToiletFile:
    """Read a file by its ending.

    Raises:
        UsageError: The ending is neither of GeoJSON nor of CSV.
        InvalidError: It is no such file.
    """
    kind = path.suffix.lower()
    if kind not in {".geojson", ".json", ".csv"}:
        raise UsageError(f"{path} is neither *.geojson, *.json nor *.csv.")
    parse = parse_csv if kind == ".csv" else parse_geojson
    return parse(path.read_bytes(), datum)


def import_toilets(
    services: "Services", content: ToiletFile, *, whole: bool, source: str
) -> tuple[int, int, int]:
    """Put what a file holds into the ledger, all of it or nothing.

    Returns:
        How many were taken in, how many removed, and how many there are now.
    """
    with services.database.write() as connection:
        saved = save_toilets(connection, content.toilets)
        kept = [toilet.id for toilet in content.toilets]
        removed = remove_other_toilets(connection, kept) if whole else 0
        total = count_toilets(connection)
        details: dict[str, Any] = {"file": source, "saved": saved, "removed": removed}
        record_audit(
            services.database,
            connection,
            at=services.clock(),
            actor="system:import-toilets",
            action="toilets.imported",
            target="toilets",
            details=details,
        )
    return saved, removed, total


def _open_services(data: Path | None) -> "Services":
    # Heavy, and not needed to say what is wrong with a file.
    from api.opening import open_services

    settings = Settings() if data is None else Settings(data=data)
    return open_services(settings)


def _print_problems(problems: tuple[RowProblem, ...]) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        word = "taken in, but" if problem.kept else "left out:"
        print(f"row {problem.row} {word} {problem.reason}", file=sys.stderr)
    if len(problems) > SHOWN_PROBLEMS:
        print(f"… and {len(problems) - SHOWN_PROBLEMS} more.", file=sys.stderr)
