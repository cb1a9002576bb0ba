"""Public toilets in the ledger."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from api.store.side_tables import toilets
from api.store.upsert import upsert
from api.toilets.toilet import Toilet

_FIELDS: Final = tuple(column.name for column in toilets.c)
BATCH_IDS: Final = 500
"""Ids of one statement: SQLite takes 32,766 values in one."""


def save_toilets(connection: Connection, found: Iterable[Toilet]) -> int:
    """Add toilets, or put them in the place of those with the same id.

    Returns:
        How many there were.
    """
    rows = [_values(toilet) for toilet in found]
    if rows:
        statement = upsert(connection, toilets)
        changed = {name: statement.excluded[name] for name in _FIELDS if name != "id"}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[toilets.c.id], set_=changed), rows
        )
    return len(rows)


def remove_other_toilets(connection: Connection, kept: Sequence[str]) -> int:
    """Remove the toilets that are not among these.

    Returns:
        How many went.
    """
    known = set(connection.scalars(select(toilets.c.id)))
    gone = sorted(known - set(kept))
    for start in range(0, len(gone), BATCH_IDS):
        ids = gone[start : start + BATCH_IDS]
        connection.execute(delete(toilets).where(toilets.c.id.in_(ids)))
    return len(gone)


def list_toilet_ids(connection: Connection) -> frozenset[str]:
    """Return the ids of all toilets."""
    return frozenset(connection.scalars(select(toilets.c.id)))


def count_toilets(connection: Connection) -> int:
    """Return how many toilets there are."""
    return int(connection.execute(select(func.count()).select_from(toilets)).scalar_one())


def toilets_in_box(
    connection: Connection,
    south: float,
    north: float,
    west: float,
    east: float,
    *,
    most: int | None = None,
) -> tuple[Toilet, ...]:
    """Return the toilets in a box of WGS-84 degrees, edges included.

    A box whose west lies east of its east crosses the date line. `most`: no more than so many.
    """
    lon = toilets.c.lon
    across = lon.between(west, east) if west <= east else (lon >= west) | (lon <= east)
    rows = connection.execute(
        select(toilets)
        .where(toilets.c.lat.between(south, north), across)
        .order_by(toilets.c.id)
        .limit(most)
    )
    return tuple(Toilet(**row._mapping) for row in rows)


def _values(toilet: Toilet) -> dict[str, Any]:
    values = {name: getattr(toilet, name) for name in _FIELDS}
    return values | {"details": dict(toilet.details)}
