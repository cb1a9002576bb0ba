"""Look-ups for the cases that a report may join: near ones, and those with the same photo.

`api.cases.duplicates` decides among what is found here.
"""

import functools
import math
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    delete,
    func,
    select,
    union,
)

from api.cases.duplicates import BANDS, Candidate, differing_bits, hash_bands
from api.cases.places import cells_around, distance_m
from api.store.tables import case_reports, cases, photo_bands, photos, reports
from api.store.upsert import upsert

MOST_CANDIDATES: Final = 50
MOST_PER_BAND: Final = 200
"""A band that more photos share, such as a row of plain sky, tells little; reading on would take
longer than it is worth, and the other bands find what is really alike."""


def near_cases(
    connection: Connection,
    label: str | None,
    lat: float,
    lon: float,
    radius_m: float,
    limit: int = MOST_CANDIDATES,
) -> tuple[Candidate, ...]:
    """Return the cases of a label, not ended, within a circle, nearest first.

    Args:
        connection: In a transaction.
        label: None: cases without a label.
        lat: Degrees, WGS-84.
        lon: Degrees, WGS-84.
        radius_m: Of the circle.
        limit: At most so many.
    """
    c = cases.c
    # Flat, and good enough to choose the nearest few; the sphere decides afterwards.
    north = c.lat - lat
    turn = func.abs(c.lon - lon)
    east = case((turn > 180, 360 - turn), else_=turn) * math.cos(math.radians(lat))
    statement = (
        _open_cases()
        .where(
            c.place_cell.in_(cells_around(lat, lon, radius_m)),
            c.label.is_(None) if label is None else c.label == label,
        )
        .order_by(north * north + east * east, c.opened_at, c.id)
        .limit(limit)
    )
    found = [_candidate(row, (lat, lon)) for row in connection.execute(statement)]
    inside = [one for one in found if one.distance_m is not None and one.distance_m <= radius_m]
    return tuple(
        sorted(inside, key=lambda one: (one.distance_m or 0.0, one.opened_at, one.case_id))
    )


def same_photo_cases(
    connection: Connection, sha256: str, *, place: tuple[float, float] | None = None
) -> tuple[Candidate, ...]:
    """Return the cases, not ended, of which a report has this very photo, oldest first.

    Args:
        connection: In a transaction.
        sha256: Of the photo.
        place: Latitude and longitude of the report, for the distances; None: it has none.
    """
    ids = (
        select(case_reports.c.case_id)
        .join(reports, reports.c.id == case_reports.c.report_id)
        .where(reports.c.photo_sha256 == sha256)
    )
    statement = (
        _open_cases()
        .where(cases.c.id.in_(ids))
        .order_by(cases.c.opened_at, cases.c.id)
        .limit(MOST_CANDIDATES)
    )
    rows = connection.execute(statement)
    return tuple(_candidate(row, place, same_photo=True) for row in rows)


def similar_photo_cases(
    connection: Connection,
    perceptual_hash: str,
    most_bits: int,
    *,
    place: tuple[float, float] | None = None,
) -> tuple[Candidate, ...]:
    """Return the cases, not ended, with a photo that looks like this one, most alike first.

    A photo is found by any band of its hash that it shares with this one
    (`api.cases.duplicates.hash_bands` says which near-copies that misses).

    Args:
        connection: In a transaction.
        perceptual_hash: Of the photo, 64 hex digits.
        most_bits: How many bits may differ.
        place: Latitude and longitude of the report, for the distances; None: it has none.

    Raises:
        ValueError: The hash is not 64 hex digits.
    """
    bits = {f"bits_{band}": bits for band, bits in enumerate(hash_bands(perceptual_hash))}
    closest: dict[str, Candidate] = {}
    for row in connection.execute(_find_alike(), bits):
        differing = differing_bits(perceptual_hash, row.perceptual_hash)
        before = closest.get(row.id)
        if differing <= most_bits and (before is None or differing < (before.photo_bits or 0)):
            closest[row.id] = _candidate(row, place, photo_bits=differing)
    ranked = sorted(closest.values(), key=lambda one: (one.photo_bits, one.opened_at, one.case_id))
    return tuple(ranked[:MOST_CANDIDATES])


def index_photo(connection: Connection, case_id: str, sha256: str, perceptual_hash: str) -> None:
    """Make a case's photo findable by what it looks like; twice is fine.

    Raises:
        ValueError: The hash is not 64 hex digits.
    """
    rows = [
        {"band": band, "bits": bits, "case_id": case_id, "sha256": sha256}
        for band, bits in enumerate(hash_bands(perceptual_hash))
    ]
    statement = upsert(connection, photo_bands).on_conflict_do_nothing()
    connection.execute(statement, rows)


def forget_photos(connection: Connection, case_id: str) -> None:
    """Let a case's photos not be found any more: it has ended."""
    connection.execute(delete(photo_bands).where(photo_bands.c.case_id == case_id))


@functools.cache
def _find_alike() -> Select[Any]:
    """Make the statement once: putting it together takes longer than the database needs for it."""
    b = photo_bands.c
    parts: list[Select[Any]] = []
    for band in range(BANDS):
        shared = select(b.case_id, b.sha256).where(
            b.band == band, b.bits == bindparam(f"bits_{band}")
        )
        parts.append(select(shared.limit(MOST_PER_BAND).subquery()))
    alike = union(*parts).subquery()
    return (
        _open_cases()
        .add_columns(photos.c.perceptual_hash)
        .join(alike, alike.c.case_id == cases.c.id)
        .join(photos, photos.c.sha256 == alike.c.sha256)
        .where(photos.c.perceptual_hash.is_not(None))
    )


def _open_cases() -> Select[Any]:
    c = cases.c
    return select(c.id, c.label, c.lat, c.lon, c.opened_at).where(c.ended_at.is_(None))


def _candidate(
    row: Row[Any],
    place: tuple[float, float] | None,
    *,
    same_photo: bool = False,
    photo_bits: int | None = None,
) -> Candidate:
    away_m = None
    if place is not None and row.lat is not None and row.lon is not None:
        away_m = distance_m(*place, row.lat, row.lon)
    return Candidate(
        case_id=row.id,
        label=row.label,
        distance_m=away_m,
        same_photo=same_photo,
        photo_bits=photo_bits,
        opened_at=row.opened_at,
    )
