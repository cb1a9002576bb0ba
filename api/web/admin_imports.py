"""Previews of imports as the pages' scripts show them."""

from collections.abc import Sequence
from typing import Any, Final, get_args

from api.cases.grid import GridCell
from api.errors import InvalidError
from api.grid_preview import GridPreview
from api.services import Services
from api.store.toilets import count_toilets, list_toilet_ids, toilets_in_box
from api.toilets.files import parse_csv, parse_geojson
from api.toilets.toilet import Toilet, ToiletFile
from api.web.admin_uploads import SentFile
from api.web.admin_words import say_in
from detector.labels import Language
from detector.photo_facts import Datum

MOST_CELLS: Final = 3000
"""Shown on a map of a preview: an old laptop still moves so many outlines."""
MOST_POINTS: Final = 3000
MOST_ROWS: Final = 200
"""Problems and moves shown; their number is told in full."""


def read_datum(sent: SentFile) -> Datum:
    """Return the datum that a form names.

    Raises:
        InvalidError: It names none that is known.
    """
    datum: Datum
    for datum in get_args(Datum):
        if sent.fields.get("datum", "wgs84") == datum:
            return datum
    raise InvalidError("datum_unknown", "There is no such datum.", "wgs84, gcj02 or bd09.")


def show_cell(cell: GridCell, **more: Any) -> dict[str, Any]:
    """Return a cell as a GeoJSON feature."""
    return {
        "type": "Feature",
        "properties": {"code": cell.code, "name": cell.name, **more},
        "geometry": dict(cell.geometry),
    }


def show_cells(cells: Sequence[GridCell]) -> dict[str, Any]:
    """Return cells as a GeoJSON collection, as many as a map takes."""
    return {
        "type": "FeatureCollection",
        "features": [show_cell(one) for one in cells[:MOST_CELLS]],
    }


def show_grid_preview(preview: GridPreview, language: Language) -> dict[str, Any]:
    """Return what the page shows: on the map first what changes or has a problem."""
    troubled = {code for problem in preview.problems for code in problem.codes}
    ordered = sorted(
        preview.cells, key=lambda one: one.fate == "same" and one.cell.code not in troubled
    )
    return {
        "taken": preview.taken,
        "counts": {fate: preview.count(fate) for fate in ("new", "changed", "same", "gone")},
        "moved": preview.moved,
        "moves": [
            {"before": one.before, "after": one.after, "cases": one.cases}
            for one in preview.moves[:MOST_ROWS]
        ],
        "n_problems": len(preview.problems),
        "problems": [
            {"level": one.level, "message": say_in(language, one.message)}
            for one in preview.problems[:MOST_ROWS]
        ],
        "shown": min(len(ordered), MOST_CELLS),
        "cells": {
            "type": "FeatureCollection",
            "features": [
                show_cell(one.cell, fate=one.fate, troubled=one.cell.code in troubled)
                for one in ordered[:MOST_CELLS]
            ],
        },
    }


def parse_toilets(sent: SentFile, datum: Datum) -> ToiletFile:
    """Read a file by its name's ending.

    Raises:
        InvalidError: It is no list of toilets.
    """
    name = sent.name.lower()
    if name.endswith((".geojson", ".json")):
        return parse_geojson(sent.data, datum)
    if name.endswith((".csv", ".txt", ".tsv")):
        return parse_csv(sent.data, datum)
    raise InvalidError(
        "ending_unknown",
        "The file's name ends neither in .csv nor in .geojson or .json.",
        "Save a table as CSV; Excel's .xlsx is not read.",
    )


def preview_toilets(services: Services, content: ToiletFile, language: Language) -> dict[str, Any]:
    """Return what an import would do; nothing is stored.

    Raises:
        StorageError: The database does not answer.
    """
    with services.database.read() as connection:
        present = list_toilet_ids(connection)
    found = {toilet.id for toilet in content.toilets}
    return {
        "found": len(found),
        "new": len(found - present),
        "replaced": len(found & present),
        "others": len(present - found),
        "n_problems": len(content.problems),
        "problems": [
            {"row": one.row, "reason": say_in(language, one.reason), "kept": one.kept}
            for one in content.problems[:MOST_ROWS]
        ],
        "points": [show_toilet(one) for one in content.toilets[:MOST_POINTS]],
    }


def gather_toilets(services: Services) -> tuple[int, list[dict[str, Any]]]:
    """Return how many toilets there are, and those shown on the map."""
    with services.database.read() as connection:
        count = count_toilets(connection)
        found = toilets_in_box(connection, -90, 90, -180, 180, most=MOST_POINTS)
    return count, [show_toilet(one) for one in found]


def show_toilet(toilet: Toilet) -> dict[str, Any]:
    """Return a toilet as a point of a map, WGS-84."""
    return {"name": toilet.name, "address": toilet.address, "at": [toilet.lat, toilet.lon]}
