"""The ledger's schema: every step forward and back, on both databases."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import String, inspect, text

from api.errors import SettingsError
from api.store import schema
from api.store.database import Database
from api.store.jobs import claim_jobs, insert_job
from api.store.tables import jobs, photos, reports

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def _differences(database: Database) -> list[Any]:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, schema.METADATA))


def _tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def _indexes_of_sqlite(database: Database) -> set[str]:
    with database.read() as connection:
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index'"))
        return {" ".join(row.sql.split()) for row in rows if row.sql}


def test_migrated_tables_are_those_of_the_code(empty: Database) -> None:
    assert schema.current(empty) is None
    assert not schema.is_current(empty)
    schema.upgrade(empty)
    assert schema.is_current(empty)
    assert schema.current(empty) == schema.newest()
    assert _tables(empty) == set(schema.METADATA.tables) | {"alembic_version"}
    assert _differences(empty) == []


def test_a_missing_column_would_be_noticed(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("ALTER TABLE work_items DROP COLUMN last_error"))
    assert "last_error" in str(_differences(empty))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_indexes_are_the_same_to_the_letter(database: Database, tmp_path: Any) -> None:
    migrated = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
    schema.upgrade(migrated)
    assert _indexes_of_sqlite(migrated) == _indexes_of_sqlite(database)
    migrated.close()


def test_each_step_goes_back_and_forth(empty: Database) -> None:
    schema.upgrade(empty)
    names: list[str] = []
    while (name := schema.current(empty)) is not None:
        assert name not in names
        names.append(name)
        schema.downgrade(empty, "-1")
    assert _tables(empty) == {"alembic_version"}
    for name in reversed(names):
        schema.upgrade(empty, name)
        assert schema.current(empty) == name
    assert _differences(empty) == []


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    schema.upgrade(empty)
    schema.upgrade(empty)
    assert schema.is_current(empty)


def test_what_the_earlier_shape_has_place_for_is_kept(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.execute(
            photos.insert().values(
                sha256="a" * 64, size_bytes=1, media_type="image/jpeg", stored_at=NOW
            )
        )
        connection.execute(
            reports.insert().values(
                id="r" * 36,
                received_at=NOW,
                source="citizen",
                photo_sha256="a" * 64,
                contact={"phone": "1"},
                state="waiting",
            )
        )
        insert_job(connection, "r" * 36, NOW, NOW)
    schema.downgrade(empty, "0001")
    assert "work_items" not in _tables(empty)
    with pytest.raises(SettingsError, match="cannot be brought"):
        schema.downgrade(empty, "0002")
    schema.upgrade(empty)
    with empty.write() as connection:
        kept = connection.execute(reports.select()).one()
        assert (kept.contact, kept.received_at) == ({"phone": "1"}, NOW)
        assert [job.report_id for job in claim_jobs(connection, NOW, NOW, 5)] == ["r" * 36]
        assert connection.execute(jobs.select()).one().attempts == 1


def test_replicas_that_start_at_once_wait_for_each_other(database_url: str) -> None:
    replicas = [Database(database_url) for _ in range(4)]
    start = threading.Barrier(len(replicas))
    failures: list[BaseException] = []

    def upgrade(replica: Database) -> None:
        start.wait()
        try:
            schema.upgrade(replica)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade, args=(one,)) for one in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(schema.is_current(one) for one in replicas)
    assert _differences(replicas[0]) == []
    for one in replicas:
        one.close()


def test_a_ledger_of_a_newer_release_is_refused(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema.current(empty) == "9999"
    assert not schema.is_current(empty)
    with pytest.raises(SettingsError) as caught:
        schema.upgrade(empty)
    assert caught.value.code == "ledger_revision_unknown"


def test_foreign_tables_are_refused(database: Database) -> None:
    with pytest.raises(SettingsError) as caught:
        schema.upgrade(database)
    assert caught.value.code == "ledger_unknown"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_step_that_leaves_rows_without_their_parents_is_undone(empty: Database) -> None:
    schema.upgrade(empty, "0001")
    with empty.write() as connection:
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        connection.execute(text("DROP TABLE jobs"))  # Something for the step to do.
        connection.execute(
            text("CREATE TABLE jobs (report_id TEXT PRIMARY KEY REFERENCES reports (id))")
        )
    broken = Database(str(empty.engine.url))
    with broken.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("INSERT INTO jobs VALUES ('nobody')")
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.commit()
    broken.close()
    with pytest.raises(SettingsError) as caught:
        schema.upgrade(empty)
    assert caught.value.code == "ledger_inconsistent"
    assert schema.current(empty) == "0001"


def test_a_step_may_copy_a_table_that_others_refer_to(empty: Database) -> None:
    """SQLite changes a column by copying the table and dropping the old one."""
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.execute(
            reports.insert().values(id="r", received_at=NOW, source="citizen", state="waiting")
        )
        insert_job(connection, "r", NOW, NOW)
    with schema.open_alone(empty) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("reports") as batch:
            batch.alter_column("state", type_=String(17), existing_type=String(16))
    assert len(_differences(empty)) == 1
    with empty.write() as connection:
        assert connection.execute(jobs.select()).one().report_id == "r"
        assert connection.execute(reports.select()).one().received_at == NOW
