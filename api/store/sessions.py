"""Who is signed in to the console: keyed hashes of cookies, each of one key."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from api.principal import Principal
from api.store.people_tables import sessions
from api.store.side_tables import keys


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in."""

    id: str
    """Keyed hash of what the cookie holds."""
    principal: Principal
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    """It ends then, however busy."""


def insert_session(connection: Connection, session: Session) -> None:
    """Store a new one."""
    connection.execute(
        insert(sessions).values(
            id=session.id,
            key_id=session.principal.id,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
        )
    )


def find_session(connection: Connection, session_id: str) -> Session | None:
    """Return a session whose key still opens something, ended by its time or not."""
    row = connection.execute(
        select(
            sessions.c.created_at,
            sessions.c.seen_at,
            sessions.c.expires_at,
            keys.c.id,
            keys.c.name,
            keys.c.role,
            keys.c.originals,
            keys.c.grids,
        )
        .join(keys, keys.c.id == sessions.c.key_id)
        .where(sessions.c.id == session_id, keys.c.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    principal = Principal(row.id, row.name, row.role, row.originals, tuple(row.grids))
    return Session(session_id, principal, row.created_at, row.seen_at, row.expires_at)


def touch_session(connection: Connection, session_id: str, at: datetime) -> None:
    """Note that it is in use."""
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=at))


def delete_session(connection: Connection, session_id: str) -> None:
    """End it."""
    connection.execute(delete(sessions).where(sessions.c.id == session_id))


def forget_sessions(connection: Connection, *, expired: datetime, unseen: datetime) -> int:
    """Delete sessions that ended before `expired` or were last used before `unseen`.

    Returns:
        How many.
    """
    done = connection.execute(
        delete(sessions).where(or_(sessions.c.expires_at < expired, sessions.c.seen_at < unseen))
    )
    return done.rowcount
