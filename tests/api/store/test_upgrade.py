"""A ledger of an earlier release is brought up to date with all that it holds, and works on."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Table, func, insert, inspect, select

from api.store import schema
from api.store.audit import check_chain
from api.store.case_list import CaseFilter, list_cases
from api.store.case_reports import list_reports
from api.store.cases import list_events
from api.store.database import Database
from api.store.reports import get_report
from api.store.tables import metadata

RELEASED = sorted(Path(__file__).parent.glob("ledger-*.sql"))


def load_released(dump: Path, folder: Path, url: str) -> Database:
    """Make the released ledger on a database: from SQLite's dump, or row by row from that."""
    path = folder / "released.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    released = Database(f"sqlite:///{path}")
    if url.startswith("sqlite"):
        return released
    database = Database(url)
    schema.upgrade(database, schema.current(released) or "")
    with released.read() as source, database.write() as target:
        there = inspect(source).get_table_names()
        for table in metadata.sorted_tables:
            if table.name in there:
                copy_rows(source, target, table)
    released.close()
    return database


def copy_rows(source: object, target: object, table: Table) -> None:
    rows = [dict(row._mapping) for row in source.execute(select(table))]  # type: ignore[attr-defined]
    if rows:
        target.execute(insert(table), rows)  # type: ignore[attr-defined]


def test_there_is_a_released_ledger() -> None:
    assert RELEASED


@pytest.mark.parametrize("dump", RELEASED, ids=lambda path: path.stem)
def test_a_released_ledger_is_upgraded(dump: Path, tmp_path: Path, database_url: str) -> None:
    database = load_released(dump, tmp_path, database_url)
    before = count_rows(database)
    schema.upgrade(database)
    assert schema.is_current(database)
    assert {name: n for name, n in count_rows(database).items() if name in before} == before
    assert set(schema.METADATA.tables) == set(count_rows(database))
    with database.read() as connection:
        first, second = list_cases(connection, CaseFilter(), "oldest")
        assert (first.state, first.label, first.reports_count) == (
            "dispatched",
            "overflowing_bin",
            2,
        )
        assert (second.state, second.label) == ("collected", None)
        assert first.due_at is not None
        actions = [event.action for event in list_events(connection, first.id)]
        assert actions == ["opened", "report_joined", "verify", "file", "dispatch"]
        report = get_report(connection, list_reports(connection, first.id)[0].report_id)
        assert report is not None
        assert (report.note, report.state) == ("满了", "scored")
        assert check_chain(connection, None).rows > 0
    database.close()


def count_rows(database: Database) -> dict[str, int]:
    with database.read() as connection:
        there = inspect(connection).get_table_names()
        return {
            table.name: int(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
            )
            for table in metadata.sorted_tables
            if table.name in there
        }
