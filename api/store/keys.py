"""API keys, as keyed hashes: the keys themselves are nowhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from api.principal import Principal, Role
from api.store.side_tables import keys


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is known of a key."""

    principal: Principal
    created_at: datetime
    created_by: str
    revoked_at: datetime | None = None
    """Since then it opens nothing."""


def insert_key(connection: Connection, key: StoredKey, key_hash: str) -> None:
    """Store a new key by its hash."""
    principal = key.principal
    connection.execute(
        insert(keys).values(
            id=principal.id,
            name=principal.name,
            role=principal.role,
            originals=principal.originals,
            grids=list(principal.grids),
            hash=key_hash,
            created_at=key.created_at,
            created_by=key.created_by,
            revoked_at=key.revoked_at,
        )
    )


def find_key_by_hash(connection: Connection, key_hash: str) -> StoredKey | None:
    """Return the key with this hash, revoked or not."""
    row = connection.execute(select(keys).where(keys.c.hash == key_hash)).first()
    return None if row is None else _stored(row)


def find_key(connection: Connection, key_id: str) -> StoredKey | None:
    """Return the key with this id, revoked or not."""
    row = connection.execute(select(keys).where(keys.c.id == key_id)).first()
    return None if row is None else _stored(row)


def list_keys(connection: Connection) -> tuple[StoredKey, ...]:
    """Return every key, the oldest first, the revoked too."""
    rows = connection.execute(select(keys).order_by(keys.c.created_at, keys.c.id))
    return tuple(_stored(row) for row in rows)


def count_keys(connection: Connection) -> int:
    """Return how many keys were ever made."""
    return connection.execute(select(func.count()).select_from(keys)).scalar_one()


def revoke_key(connection: Connection, key_id: str, at: datetime) -> bool:
    """Let a key open nothing from now on.

    Returns:
        False if there is no such key, or it is revoked already.
    """
    changed = connection.execute(
        update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return changed.rowcount == 1


def _stored(row: Row[tuple[object, ...]]) -> StoredKey:
    values = row._mapping
    role: Role = values["role"]
    principal = Principal(
        values["id"], values["name"], role, values["originals"], tuple(values["grids"])
    )
    return StoredKey(principal, values["created_at"], values["created_by"], values["revoked_at"])
