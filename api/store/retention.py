"""What is old enough to go, and how much has gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from api.store.photo_uses import is_used, shown_by_open_case, used_since
from api.store.side_tables import retention
from api.store.tables import counters, idempotency, photos
from api.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What came before these is old."""

    originals: datetime
    """Photos of reports, cases, closing checks and incidents."""
    unused: datetime
    """Photos that nothing refers to, such as a camera's frame after the next one came."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What housekeeping deleted."""

    originals: int = 0
    size_bytes: int = 0


def is_due(cutoffs: Cutoffs) -> ColumnElement[bool]:
    """Return the condition that a photo's original is to be deleted."""
    name = photos.c.sha256
    return and_(
        photos.c.original_deleted_at.is_(None),
        or_(
            and_(
                photos.c.stored_at < cutoffs.originals,
                ~used_since(name, cutoffs.originals),
                ~shown_by_open_case(name),
            ),
            and_(photos.c.stored_at < cutoffs.unused, ~is_used(name)),
        ),
    )


def list_due(
    connection: Connection, cutoffs: Cutoffs, *, after: str, look_at: int
) -> tuple[tuple[str, ...], str | None]:
    """Look at some of the photos, by name, behind a name.

    Returns:
        Those whose originals are to be deleted, and the last one looked at; None: all were.
    """
    named = select(photos.c.sha256).where(
        photos.c.sha256 > after, photos.c.original_deleted_at.is_(None)
    )
    window = named.order_by(photos.c.sha256).limit(look_at).subquery()
    size, last = connection.execute(select(func.count(), func.max(window.c.sha256))).one()
    if size == 0:
        return (), None
    due = select(photos.c.sha256).where(
        photos.c.sha256 > after, photos.c.sha256 <= last, is_due(cutoffs)
    )
    found = tuple(connection.execute(due.order_by(photos.c.sha256)).scalars())
    return found, last if size == look_at else None


def count_due(connection: Connection, cutoffs: Cutoffs) -> Deleted:
    """Return what a run would delete now."""
    query = select(func.count(), func.coalesce(func.sum(photos.c.size_bytes), 0))
    row = connection.execute(query.select_from(photos).where(is_due(cutoffs))).one()
    return Deleted(row[0], int(row[1]))


def mark_deleted(
    connection: Connection, sha256: str, at: datetime, kept_sha256: str | None
) -> None:
    """Write that a photo's original is gone, and which blurred copy stayed."""
    connection.execute(
        update(photos)
        .where(photos.c.sha256 == sha256)
        .values(original_deleted_at=at, kept_sha256=kept_sha256)
    )


def known_photos(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    """Return those of the files' names that are to be there, as an original or a kept copy.

    An original that was deleted is not: its file is back if an upload stored it and then failed.
    """
    originals = select(photos.c.sha256).where(
        photos.c.sha256.in_(names), photos.c.original_deleted_at.is_(None)
    )
    copies = select(photos.c.kept_sha256).where(photos.c.kept_sha256.in_(names))
    return frozenset(connection.execute(originals.union(copies)).scalars())


def sample_photos(connection: Connection) -> tuple[str, ...]:
    """Return at most sixteen photos whose originals are to be there, spread over the store."""
    found: set[str] = set()
    for digit in "0123456789abcdef":
        query = select(photos.c.sha256).where(
            photos.c.sha256 >= digit, photos.c.original_deleted_at.is_(None)
        )
        found.update(connection.execute(query.order_by(photos.c.sha256).limit(1)).scalars())
    return tuple(sorted(found))


def list_originals(connection: Connection, *, after: str, limit: int) -> tuple[str, ...]:
    """Return photos whose originals are to be there, by name, behind a name."""
    query = select(photos.c.sha256).where(
        photos.c.sha256 > after, photos.c.original_deleted_at.is_(None)
    )
    return tuple(connection.execute(query.order_by(photos.c.sha256).limit(limit)).scalars())


def deleted_of(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    """Return those of the photos that were deleted without leaving a copy."""
    query = select(photos.c.sha256).where(
        photos.c.sha256.in_(names),
        photos.c.original_deleted_at.is_not(None),
        photos.c.kept_sha256.is_(None),
    )
    return frozenset(connection.execute(query).scalars())


def is_copy_of_another(connection: Connection, kept_sha256: str, sha256: str) -> bool:
    """Tell whether a kept copy's file is also that of another photo."""
    query = select(photos.c.sha256).where(
        photos.c.sha256 != sha256,
        or_(photos.c.kept_sha256 == kept_sha256, photos.c.sha256 == kept_sha256),
    )
    return connection.execute(query.limit(1)).first() is not None


def forget_idempotency(connection: Connection, before: datetime) -> int:
    """Delete what remembers Idempotency-Keys that nobody sends again; return how many."""
    done = connection.execute(delete(idempotency).where(idempotency.c.created_at < before))
    return done.rowcount


def record_run(connection: Connection, at: datetime, deleted: Deleted) -> None:
    """Write down what a run deleted."""
    connection.execute(
        insert(retention).values(
            at=at, originals_deleted=deleted.originals, bytes_deleted=deleted.size_bytes
        )
    )


def total_deleted(connection: Connection) -> Deleted:
    """Return what all runs deleted: for /metrics."""
    columns = (retention.c.originals_deleted, retention.c.bytes_deleted)
    row = connection.execute(select(*(func.coalesce(func.sum(one), 0) for one in columns))).one()
    return Deleted(int(row[0]), int(row[1]))


def claim_run(connection: Connection, name: str, now_s: int, every_s: int) -> int:
    """Let one replica at a time do what is done every so often.

    Args:
        connection: A transaction that writes, past `Database.serialise`.
        name: Of what is done.
        now_s: Unix time.
        every_s: Seconds from one run to the next.

    Returns:
        0 if the caller is to do it now; else the seconds until somebody may.
    """
    query = select(counters.c.value).where(counters.c.name == name)
    last_s = connection.execute(query).scalar_one_or_none()
    if last_s is not None:
        waited_s = now_s - last_s
        if 0 <= waited_s < every_s:  # A clock that jumped back must not stop it for long.
            return int(every_s - waited_s)
    connection.execute(
        upsert(connection, counters)
        .values(name=name, value=now_s)
        .on_conflict_do_update(index_elements=["name"], set_={"value": now_s})
    )
    return 0


def advance_run(connection: Connection, name: str, now_s: int, every_s: int, in_s: int) -> None:
    """Let what was done just now be done again sooner than `claim_run` would allow.

    Args:
        connection: A transaction that writes.
        name: Of what is done.
        now_s: Unix time.
        every_s: As given to `claim_run`.
        in_s: Seconds until it is due.
    """
    connection.execute(
        update(counters).where(counters.c.name == name).values(value=now_s - every_s + in_s)
    )
