"""INSERT … ON CONFLICT, which SQLAlchemy has once for each dialect."""

from typing import TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Upsert: TypeAlias = postgresql.Insert | sqlite.Insert


def upsert(connection: Connection, table: Table) -> Upsert:
    """Return an INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return upsert_for(connection.dialect.name, table)


def upsert_for(dialect: str, table: Table) -> Upsert:
    """Return such an INSERT for a dialect by name: for statements that are made once and kept."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
