"""street-issues-api migrate, as it is typed."""

from pathlib import Path

import pytest

from api.cli import main
from api.store import schema
from api.store.database import Database


@pytest.fixture
def data(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that is not there yet; PostgreSQL is empty."""
    folder = tmp_path / "data"
    if database_url.startswith("postgresql"):
        monkeypatch.setenv("STREET_ISSUES_DATABASE_URL", database_url)
    return folder


def _migrate(data: Path, *more: str) -> int:
    return main(["migrate", "--data", str(data), *more])


def test_there_and_back_and_there(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newest = schema.newest()
    assert _migrate(data, "--check") == 1
    assert not data.exists()
    assert _migrate(data) == 0
    assert f"has {newest} now" in capsys.readouterr().out
    assert _migrate(data, "--check") == 0
    assert _migrate(data) == 0
    assert capsys.readouterr().out == f"The ledger has {newest}.\n" * 2
    assert _migrate(data, "--to", "0001") == 2
    assert "--accept-loss" in capsys.readouterr().err
    assert _migrate(data, "--check") == 0
    assert _migrate(data, "--to", "0001", "--accept-loss") == 0
    assert _migrate(data, "--check") == 1
    assert _migrate(data, "--to", "base", "--accept-loss") == 0
    assert _migrate(data, "--to", newest) == 0
    assert _migrate(data, "--check") == 0


def test_an_unknown_shape_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _migrate(data, "--to", "9999") == 2
    assert "There is no shape '9999'" in capsys.readouterr().err
    assert not data.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_newer_ledger_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _migrate(data) == 0
    database = Database(f"sqlite:///{next(data.glob('*.db'))}")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert _migrate(data, "--check") == 1
    assert _migrate(data) == 2
    assert "newer release" in capsys.readouterr().err


def test_the_shapes_have_an_order() -> None:
    names = schema.names()
    assert names == tuple(sorted(names))
    assert names[-1] == schema.newest()
