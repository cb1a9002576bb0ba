"""The audit log: rows are only ever added, and each row's hash covers the one before.

A row that is changed, taken out of the middle or moved breaks the chain at that place. Rows cut
from the end leave a shorter chain that is whole: only a head (seq and hash) noted elsewhere shows
that. The hash has no key, so whoever can write to the database can also forge a whole new chain;
against that, too, stands only a head noted elsewhere.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, or_, select

from api.store.database import Database
from api.store.side_tables import audit

FIRST_PREVIOUS_HASH: Final = "0" * 64
BATCH_ROWS: Final = 1000
"""Rows that a check of the chain holds at once."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to what."""

    seq: int
    at: datetime
    actor: str
    action: str
    target: str
    details: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows are listed; None: all."""

    actor: str | None = None
    """Beginning of the actor, such as system: or key:ID."""
    keys: tuple[str, ...] = ()
    """Further actors, taken as well."""
    action: str | None = None
    """Beginning of the action, such as key. or key.created."""
    target: str | None = None
    """Part of the target."""


EVERYTHING: Final = AuditFilter()


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of the chain."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a check of the chain found."""

    rows: int
    """Rows that fit."""
    head: ChainHead
    """The last row that fits; seq 0 if there is none."""
    broken_seq: int | None = None
    """The first row that does not fit."""
    problem: str | None = None
    """What is wrong with it, in words."""


def record_audit(
    database: Database,
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    target: str,
    details: Mapping[str, Any],
) -> ChainHead:
    """Add a row, in the same transaction as what it tells of; call it last there.

    One transaction at a time adds a row, over all replicas, until it ends.

    Args:
        database: The database of the connection.
        connection: In a transaction that writes.
        at: When it happened.
        actor: key:ID, system:NAME or citizen.
        action: area.verb, such as key.created; at most 40 characters.
        target: What it was done to, such as keys/ID.
        details: JSON values; no personal data and no secrets, for a row can never be erased.

    Returns:
        The new end of the chain.

    Raises:
        ValueError: A number in the details is not finite.
    """
    database.serialise(connection, "audit")
    last = connection.execute(
        select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (1, FIRST_PREVIOUS_HASH) if last is None else (last.seq + 1, last.hash)
    row = AuditRow(seq, at.astimezone(UTC), actor, action, target, _plain(details), previous, "")
    digest = hash_row(row)
    connection.execute(
        insert(audit).values(
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            action=row.action,
            target=row.target,
            details=row.details,
            previous_hash=row.previous_hash,
            hash=digest,
        )
    )
    return ChainHead(seq, digest)


def hash_row(row: AuditRow) -> str:
    """Return the SHA-256 of a row's content and the hash before it, 64 hex digits."""
    content = {
        "seq": row.seq,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "details": _plain(row.details),
        "previous_hash": row.previous_hash,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def list_audit(
    connection: Connection,
    *,
    before_seq: int | None = None,
    limit: int = 100,
    wanted: AuditFilter = EVERYTHING,
) -> tuple[AuditRow, ...]:
    """Return rows, the newest first, older than `before_seq`."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(audit.c.seq < before_seq)
    if wanted.actor is not None:
        begins = audit.c.actor.startswith(wanted.actor, autoescape=True)
        query = query.where(or_(begins, audit.c.actor.in_(wanted.keys)))
    if wanted.action is not None:
        query = query.where(audit.c.action.startswith(wanted.action, autoescape=True))
    if wanted.target is not None:
        query = query.where(audit.c.target.contains(wanted.target, autoescape=True))
    return tuple(_row(row) for row in connection.execute(query))


def check_chain(connection: Connection, expected: ChainHead | None = None) -> ChainCheck:
    """Walk the chain from its first row.

    Args:
        connection: In one transaction, so that the chain stands still.
        expected: A head noted earlier: the chain must still hold that row with that hash.
    """
    head = ChainHead(0, FIRST_PREVIOUS_HASH)
    met = expected is None or expected.seq == 0
    while True:
        query = select(audit).where(audit.c.seq > head.seq).order_by(audit.c.seq).limit(BATCH_ROWS)
        batch = [_row(row) for row in connection.execute(query)]
        for row in batch:
            problem = _problem(row, head)
            if problem is not None:
                return ChainCheck(head.seq, head, *problem)
            head = ChainHead(row.seq, row.hash)
            if expected is not None and row.seq == expected.seq:
                if row.hash != expected.hash:
                    words = "its hash is not the one that was noted: the chain was written anew"
                    return ChainCheck(row.seq - 1, head, row.seq, words)
                met = True
        if len(batch) < BATCH_ROWS:
            break
    if expected is not None and not met:
        words = f"the chain ends at {head.seq}, before the row that was noted: its end was cut off"
        return ChainCheck(head.seq, head, head.seq + 1, words)
    return ChainCheck(head.seq, head)


def _problem(row: AuditRow, head: ChainHead) -> tuple[int, str] | None:
    if row.seq != head.seq + 1:
        return head.seq + 1, f"it is missing: after row {head.seq} comes row {row.seq}"
    if row.previous_hash != head.hash:
        return row.seq, "it does not follow the row before it"
    if row.hash != hash_row(row):
        return row.seq, "its content is not what was written"
    return None


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(
        row.seq, row.at, row.actor, row.action, row.target, row.details, row.previous_hash, row.hash
    )


def _plain(value: Any) -> Any:
    # JSONB gives 1e22 back as an integer and -0.0 as 0: whole numbers are kept as integers, so
    # that a row hashes the same after its way through either database.
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str):
        return value.replace("\x00", "")  # PostgreSQL keeps no NUL.
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
