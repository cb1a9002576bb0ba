import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.commands.serve import make_first_key
from api.errors import BusyError, SettingsError
from api.opening import close_services, open_ledger, open_services
from api.security.keys import WantedKey, authenticate, create_key
from api.settings import Settings
from api.store import schema
from api.store.keys import list_keys

SECRET = SecretStr("0123456789abcdef0123456789abcdef")


def make_settings(tmp_path: Path, database_url: str, **kw: object) -> Settings:
    values = {"data": tmp_path / "data", "database_url": database_url, "secret": SECRET, **kw}
    return Settings.model_validate(values)


def test_an_empty_database_is_made_ready(tmp_path: Path, database_url: str) -> None:
    services = open_services(make_settings(tmp_path, database_url), scoring=False)
    try:
        assert schema.is_current(services.database)
        assert len(services.grid) == 0
        with pytest.raises(BusyError):
            services.pool.score(b"")
    finally:
        close_services(services)


def test_an_older_ledger_is_brought_up_only_where_nobody_else_uses_it(
    tmp_path: Path, database_url: str
) -> None:
    settings = make_settings(tmp_path, database_url)
    database = open_ledger(settings)
    schema.downgrade(database, "0001")
    if database.dialect == "sqlite":
        open_ledger(settings).close()
        assert schema.is_current(database)
    else:
        with pytest.raises(SettingsError, match="street-issues-api migrate"):
            open_ledger(settings)
        assert schema.current(database) == "0001"
    database.close()


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path, database_url: str) -> None:
    from api.store.database import Database

    database = Database(database_url)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE cases (id TEXT)")
    with pytest.raises(SettingsError):
        open_ledger(make_settings(tmp_path, database_url))
    database.close()


def test_the_first_key_is_made_once(tmp_path: Path, database_url: str) -> None:
    services = open_services(make_settings(tmp_path, database_url), scoring=False)
    try:
        first = make_first_key(services)
        assert first is not None
        principal = authenticate(services, first)
        assert (principal.role, principal.originals) == ("admin", True)
        assert make_first_key(services) is None
    finally:
        close_services(services)


def test_replicas_that_start_at_once_with_a_preset_key_make_one(
    tmp_path: Path, database_url: str
) -> None:
    preset = "preset-key-0123456789-0123456789-0123456789"
    settings = make_settings(tmp_path, database_url, admin_key=preset)
    services = [open_services(settings, scoring=False) for _ in range(4)]
    shown: list[str | None] = []
    threads = [
        threading.Thread(target=lambda one=one: shown.append(make_first_key(one)))
        for one in services
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == [None] * 4
    with services[0].database.read() as connection:
        assert len(list_keys(connection)) == 1
    assert authenticate(services[0], preset).role == "admin"
    for one in services:
        close_services(one)


def test_postgresql_needs_a_secret_of_its_own(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data": tmp_path, "database_url": "postgresql+psycopg://127.0.0.1:1/x"}
    )
    with pytest.raises(SettingsError, match="STREET_ISSUES_SECRET must be set"):
        open_services(settings, scoring=False)
    assert not (tmp_path / "secret").exists()


def test_the_secret_is_made_once_even_by_several_at_once(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data": tmp_path / "data"})
    made: list[str] = []

    def start() -> None:
        services = open_services(settings, scoring=False)
        made.append(services.keyring.hash("key", "x"))
        close_services(services)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len(set(made)) == 1
    assert sorted(path.name for path in (tmp_path / "data").glob("secret*")) == ["secret"]


def test_keys_outlive_a_restart(tmp_path: Path, database_url: str) -> None:
    settings = make_settings(tmp_path, database_url)
    services = open_services(settings, scoring=False)
    principal, key = create_key(
        services, WantedKey("a", "handler", grids=("1",)), actor="system:test"
    )
    close_services(services)
    services = open_services(settings, scoring=False)
    assert authenticate(services, key) == principal
    close_services(services)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be made"):
        open_services(Settings.model_validate({"data": tmp_path / "file" / "data"}), scoring=False)
