"""Cases for the statistics to count, written in a transaction that leaves no trace."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.ids import new_id
from api.store.database import Database
from api.store.tables import case_events, cases

ZONES = tuple(
    map(
        ZoneInfo,
        (
            "Asia/Shanghai",
            "Asia/Kolkata",
            "America/New_York",  # Summer time begins on 2026-03-08
            "Australia/Lord_Howe",  # by half an hour, ends on 2026-04-05
            "Africa/Cairo",  # at midnight, on 2026-04-24
        ),
    )
)
NOW = datetime(2026, 3, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A case with what happened to it."""

    id: str
    opened_at: datetime
    label: str | None
    source: str
    grid_code: str | None
    state: str
    ended_at: datetime | None
    due_at: datetime | None
    lat: float | None
    reports_count: int
    events: tuple[tuple[str, datetime], ...]


class _UndoneError(Exception):
    """Ends a test's transaction without a trace."""


@contextlib.contextmanager
def undone(database: Database) -> Iterator[Connection]:
    with contextlib.suppress(_UndoneError), database.write() as connection:
        yield connection
        raise _UndoneError


def write(connection: Connection, ledger: list[Row]) -> None:
    for number, row in enumerate(ledger):
        values = {name: getattr(row, name) for name in Row.__dataclass_fields__ if name != "events"}
        connection.execute(
            cases.insert().values(
                **values,
                number=str(number),
                lon=None if row.lat is None else 121.4712,
                priority=0,
                reporters_count=1,
                state_since=row.opened_at,
                version=1,
            )
        )
        for action, at in row.events:
            add_event(connection, row.id, action, at)


def add_event(
    connection: Connection, case_id: str, action: str, at: datetime, actor: str = "key:1"
) -> None:
    connection.execute(
        case_events.insert().values(
            id=new_id(),
            case_id=case_id,
            at=at,
            actor=actor,
            action=action,
            to_state="collected",
            details={},
        )
    )


def add_case(connection: Connection, grid_code: str | None = "A1", **values: Any) -> str:
    row = Row(
        new_id(), NOW, "site_dust", "citizen", grid_code, "collected", None, None, None, 1, ()
    )
    write(connection, [replace(row, **values)])
    connection.execute(cases.update().where(cases.c.id == row.id).values(number=row.id[-24:]))
    return row.id
