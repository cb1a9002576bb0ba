"""The queue of cases: what waits, what is parked, how deep it is. `leases` hands it out.

A case is in the queue from its opening to its end. It is ready, leased, paused (after a nack),
taken (acknowledged in its present state), or parked (tried too often; a person has to look).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, case, delete, func, select, update

from api.store.leases import is_available
from api.store.scope import visible
from api.store.tables import work_items
from api.store.upsert import Upsert, upsert_for

Standing = Literal["ready", "leased", "paused", "taken", "parked"]


@dataclass(frozen=True, slots=True)
class Depth:
    """How many cases of one state stand in one way."""

    state: str
    standing: Standing
    count: int
    oldest_since: datetime


@dataclass(frozen=True, slots=True)
class Parked:
    """A case that waits for a person to put it back."""

    case_id: str
    state: str
    parked_at: datetime
    attempts: int
    """It was handed out so often."""
    last_error: str | None
    """Why it was given back the last time."""


def put_work(  # noqa: PLR0913 (the columns of a row)
    connection: Connection,
    *,
    case_id: str,
    state: str,
    label: str | None,
    grid_code: str | None,
    priority: int,
    since: datetime,
    at: datetime,
) -> None:
    """Put a case into the queue, or bring it up to date there.

    A changed state makes it ready again: lease, acknowledgement, parking and tries are of the
    state before. With the same state they stay.

    Args:
        connection: In a transaction that writes.
        case_id: The case.
        state: Its state.
        label: None: unlabelled.
        grid_code: None: in no cell.
        priority: The higher goes first.
        since: When it was opened; the older goes first.
        at: Now.
    """
    row: dict[str, Any] = {
        "case_id": case_id,
        "state": state,
        "label": label,
        "grid_code": grid_code,
        "priority": priority,
        "since": since,
        # A case that left the queue and comes back must not meet tokens from its first time, so
        # they start at the present millisecond: more than one lease of a case in each cannot be.
        "lease_token": max(0, int(at.timestamp() * 1000)),
        **_FRESH,
    }
    connection.execute(_put(connection.dialect.name), row)


_FRESH: Final[Mapping[str, Any]] = {
    # Since ever: a clock that jumps back must not hide what is ready.
    "available_at": datetime(1970, 1, 1, tzinfo=UTC),
    "attempts": 0,
    "leased_by": None,
    "last_error": None,
    "taken_at": None,
    "parked_at": None,
}
"""What a case starts with in each state; it is ready from now on."""


@functools.cache
def _put(dialect: str) -> Upsert:
    """Make the statement once: putting it together takes longer than the database needs for it."""
    statement = upsert_for(dialect, work_items)
    told = statement.excluded
    same = work_items.c.state == told.state
    return statement.on_conflict_do_update(
        index_elements=[work_items.c.case_id],
        set_={
            **{name: told[name] for name in ("state", "label", "grid_code", "priority")},
            "since": told.since,
            "lease_token": work_items.c.lease_token + case((same, 0), else_=1),
            **{name: case((same, work_items.c[name]), else_=told[name]) for name in _FRESH},
        },
    )


def remove_work(connection: Connection, case_id: str) -> None:
    """Take a case that has ended out of the queue; absent is fine."""
    connection.execute(delete(work_items).where(work_items.c.case_id == case_id))


def park(connection: Connection, case_id: str, *, at: datetime, token: int | None = None) -> bool:
    """Take a case out of the queue until a person puts it back; a lease of it is lost.

    Args:
        connection: In a transaction that writes, which has locked the case's own row already.
        case_id: The case.
        at: Now.
        token: Only if nothing has happened to it since this lease token; None: in any case.

    Returns:
        False: it is not in the queue, parked or taken already, or has another token.
    """
    c = work_items.c
    statement = update(work_items).where(
        c.case_id == case_id, c.parked_at.is_(None), c.taken_at.is_(None)
    )
    if token is not None:
        statement = statement.where(c.lease_token == token)
    values = {"parked_at": at, "leased_by": None, "lease_token": c.lease_token + 1}
    return connection.execute(statement.values(values).returning(c.case_id)).first() is not None


def unpark(connection: Connection, case_id: str, *, at: datetime) -> bool:
    """Put a parked case back, ready, with its tries counted anew.

    Args:
        connection: In a transaction that writes, which has locked the case's own row already.
        case_id: The case.
        at: Now.

    Returns:
        False: it is not parked.
    """
    c = work_items.c
    found = connection.execute(
        update(work_items)
        .where(c.case_id == case_id, c.parked_at.is_not(None))
        .values(parked_at=None, attempts=0, available_at=at)
        .returning(c.case_id)
    )
    return found.first() is not None


def list_parked(
    connection: Connection, *, grids: tuple[str, ...], after: str | None, limit: int
) -> tuple[Parked, ...]:
    """Return parked cases, by id.

    Args:
        connection: In a transaction.
        grids: Prefixes of grid codes that the asking key sees; empty: everywhere.
        after: Id of the last one of the page before.
        limit: At most so many.
    """
    c = work_items.c
    columns = (c.case_id, c.state, c.parked_at, c.attempts, c.last_error)
    statement = select(*columns).where(c.parked_at.is_not(None), visible(c.grid_code, grids))
    if after is not None:
        statement = statement.where(c.case_id > after)
    rows = connection.execute(statement.order_by(c.case_id).limit(limit))
    return tuple(Parked(**row._mapping) for row in rows)


def depths(connection: Connection, now: datetime, grids: tuple[str, ...] = ()) -> tuple[Depth, ...]:
    """Count the queue by state and standing, sorted by both; what is empty is left out."""
    c = work_items.c
    standing = case(
        (c.parked_at.is_not(None), "parked"),
        (c.taken_at.is_not(None), "taken"),
        (is_available(now), "ready"),
        (c.leased_by.is_(None), "paused"),
        else_="leased",
    ).label("standing")
    rows = connection.execute(
        select(c.state, standing, func.count().label("n"), func.min(c.since).label("oldest"))
        .where(visible(c.grid_code, grids))
        .group_by(c.state, standing)
    )
    return tuple(
        sorted(
            (Depth(row.state, row.standing, row.n, row.oldest) for row in rows),
            key=lambda one: (one.state, one.standing),
        )
    )
