"""Handing out the queue's cases: leases that run out, guarded by a token that only grows.

Handing out is at least once: a lease that runs out is handed out again with a larger token, and
whoever holds the smaller one can change nothing any more.

Waiting ends at `available_at`. No wait is longer than LONGEST_WAIT_S, so one that ends later than
that was set before the clock jumped back, and is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from api.store.scope import visible
from api.store.tables import work_items
from api.store.types import UtcTime

LONGEST_WAIT_S: Final = 3600
"""Longest lease, and longest pause after a nack."""
MOST_ROUNDS: Final = 5
"""How many lots of poison cases one lease clears away before it answers with what it has."""
POISON_PAUSE_S: Final = 60
"""How long a poison case stays away if whoever met it dies before it has parked it."""


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """What a consumer asks for."""

    states: tuple[str, ...]
    """States of cases; at least one."""
    n: int
    """At most so many."""
    seconds: int
    """How long they are held, up to LONGEST_WAIT_S."""
    key_id: str
    """Who holds them."""
    now: datetime
    tries: int
    """A case that was handed out so often is parked instead."""
    labels: tuple[str | None, ...] = ()
    """None stands for cases without a label; empty: all."""
    grids: tuple[str, ...] = ()
    """Prefixes of grid codes that the key sees; empty: everywhere."""
    grid: str | None = None
    """Prefix of grid codes asked for."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A case handed out."""

    case_id: str
    state: str
    label: str | None
    grid_code: str | None
    priority: int
    since: datetime
    """When the case was opened."""
    lease_token: int
    leased_until: datetime
    attempts: int
    """Handed out so often in this state, this time included."""
    last_error: str | None
    """Why it was given back the last time."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What a lease gave: by priority, then age, then id."""

    leased: tuple[Leased, ...]
    poison: tuple[Leased, ...]
    """Cases met on the way that were tried too often: nobody holds them. To be parked with
    `queue.park` in transactions of their own, which lock the case first, as all others do."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What a consumer claims to hold."""

    case_id: str
    lease_token: int


def lease(connection: Connection, request: LeaseRequest) -> Lot:
    """Hand out the cases that come first.

    Several consumers at once get different cases and do not wait for each other (PostgreSQL skips
    rows that another transaction has locked; SQLite's writers come one after the other).

    Returns:
        At most `n` cases. Fewer, or none, does not prove that the queue is empty: another consumer
        may be taking some at this moment.
    """
    leased: list[Leased] = []
    poison: list[Leased] = []
    for _ in range(MOST_ROUNDS):
        wanted = request.n - len(leased)
        rows = connection.execute(_lease_statement(connection, request, wanted)).all()
        for row in rows:
            (poison if row.leased_by is None else leased).append(_leased(row))
        # Only poison cases make a second look worth it.
        if len(rows) < wanted or len(leased) == request.n:
            break
    return Lot(_in_order(leased), _in_order(poison))


def any_ready(connection: Connection, request: LeaseRequest) -> bool:
    """Tell whether a lease would find something now; reads only, for those who wait."""
    wanted = work_items.c.state.in_(sorted(set(request.states)))
    statement = select(work_items.c.case_id).where(wanted, *_conditions(request)).limit(1)
    return connection.execute(statement).first() is not None


def ack(
    connection: Connection, holds: Sequence[Hold], *, key_id: str, now: datetime
) -> tuple[bool, ...]:
    """Acknowledge cases: they are out of the queue until their state changes.

    A lease that ran out counts as long as nobody else got the case: the token decides, not the
    clock. Acknowledging twice is fine.

    Returns:
        For each hold, in order, whether it was still good; False: the case may have been handed
        out again, moved on, been parked or ended, and nothing was changed.
    """
    return _settle(connection, holds, key_id, {"taken_at": now}, taken_too=True)


def nack(
    connection: Connection,
    holds: Sequence[Hold],
    *,
    key_id: str,
    now: datetime,
    pause_s: int,
    error: str | None,
) -> tuple[bool, ...]:
    """Give cases back; they are handed out again after a pause of at most LONGEST_WAIT_S.

    Returns:
        For each hold, in order, whether it was still good, as in `ack`.
    """
    pause = timedelta(seconds=min(pause_s, LONGEST_WAIT_S))
    values = {"leased_by": None, "available_at": now + pause, "last_error": error}
    return _settle(connection, holds, key_id, values)


def extend(
    connection: Connection, holds: Sequence[Hold], *, key_id: str, now: datetime, seconds: int
) -> tuple[bool, ...]:
    """Hold cases for so many seconds from now, at most LONGEST_WAIT_S.

    Returns:
        For each hold, in order, whether it was still good, as in `ack`.
    """
    until = now + timedelta(seconds=min(seconds, LONGEST_WAIT_S))
    return _settle(connection, holds, key_id, {"available_at": until})


def is_available(now: datetime) -> ColumnElement[bool]:
    """Return the condition that no lease and no pause runs."""
    latest = now + timedelta(seconds=LONGEST_WAIT_S)
    return or_(work_items.c.available_at <= now, work_items.c.available_at > latest)


def _conditions(request: LeaseRequest) -> list[ColumnElement[bool]]:
    c = work_items.c
    conditions = [
        c.taken_at.is_(None),
        c.parked_at.is_(None),
        is_available(request.now),
        visible(c.grid_code, request.grids),
    ]
    if request.grid is not None:
        conditions.append(visible(c.grid_code, (request.grid,)))
    if request.labels:
        named = c.label.in_([label for label in request.labels if label is not None])
        conditions.append(or_(named, c.label.is_(None)) if None in request.labels else named)
    return conditions


def _first_ready(connection: Connection, request: LeaseRequest, n: int) -> CTE:
    """Name the ids to hand out.

    Each state is asked for by itself, because the index has the right order only within one.
    """
    c = work_items.c
    conditions = _conditions(request)
    order = (c.priority.desc(), c.since, c.case_id)
    parts: list[Select[Any]] = []
    for state in sorted(set(request.states)):
        part = (
            select(c.case_id, c.priority, c.since)
            .where(c.state == state, *conditions)
            .order_by(*order)
            .limit(n)
        )
        if connection.dialect.name == "postgresql":
            part = part.with_for_update(skip_locked=True)
        parts.append(select(part.subquery()))
    if len(parts) == 1:
        return parts[0].cte("first")
    every = union_all(*parts).subquery()
    best = (every.c.priority.desc(), every.c.since, every.c.case_id)
    return select(every.c.case_id).order_by(*best).limit(n).cte("first")


def _lease_statement(connection: Connection, request: LeaseRequest, n: int) -> Any:
    c = work_items.c
    first = _first_ready(connection, request, n)
    until = request.now + timedelta(seconds=min(request.seconds, LONGEST_WAIT_S))
    away = request.now + timedelta(seconds=POISON_PAUSE_S)
    poison = c.attempts >= request.tries
    return (
        update(work_items)
        .where(c.case_id == first.c.case_id)
        .values(
            lease_token=c.lease_token + 1,
            attempts=c.attempts + case((poison, 0), else_=1),
            leased_by=case((poison, null()), else_=request.key_id),
            available_at=case((poison, literal(away, UtcTime)), else_=literal(until, UtcTime)),
        )
        .returning(*c)
    )


def _leased(row: Row[Any]) -> Leased:
    return Leased(
        case_id=row.case_id,
        state=row.state,
        label=row.label,
        grid_code=row.grid_code,
        priority=row.priority,
        since=row.since,
        lease_token=row.lease_token,
        leased_until=row.available_at,
        attempts=row.attempts,
        last_error=row.last_error,
    )


def _in_order(leased: list[Leased]) -> tuple[Leased, ...]:
    return tuple(sorted(leased, key=lambda one: (-one.priority, one.since, one.case_id)))


def _settle(
    connection: Connection,
    holds: Sequence[Hold],
    key_id: str,
    values: dict[str, Any],
    *,
    taken_too: bool = False,
) -> tuple[bool, ...]:
    if not holds:
        return ()
    c = work_items.c
    pairs = sorted({(hold.case_id, hold.lease_token) for hold in holds})
    held = and_(
        c.case_id.in_([pair[0] for pair in pairs]),  # The primary key finds them.
        tuple_(c.case_id, c.lease_token).in_(pairs),
        c.leased_by == key_id,
        c.parked_at.is_(None),
    )
    if not taken_too:
        held = and_(held, c.taken_at.is_(None))
    found = connection.execute(
        update(work_items).where(held).values(**values).returning(c.case_id, c.lease_token)
    )
    good = {(row.case_id, row.lease_token) for row in found}
    return tuple((hold.case_id, hold.lease_token) in good for hold in holds)
