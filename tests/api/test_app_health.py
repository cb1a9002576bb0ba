"""The service says whether it lives and is ready, and ends in time."""

import asyncio
import shutil
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from api import app as app_module
from api.app import create_app
from api.background import Loop
from api.commands.serve import SHUTDOWN_S
from api.errors import StorageFullError
from api.routes import health
from api.scoring.pool import CLOSE_PATIENCE_S
from api.security.door import Door

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.scoring.fake import FakePool
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_alive(client: "TestClient") -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


class TestReadiness:
    @pytest.fixture(autouse=True)
    def _migrated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # The tests' tables are made without alembic.
        from api.routes import health
        from api.store import schema

        monkeypatch.setattr(schema, "current", lambda _: health._newest())

    def test_ready(self, client: "TestClient") -> None:
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["status"] == "ready"
        assert set(answer.json()["checks"]) == {"database", "schema", "photos", "space", "pool"}
        assert all(check["ok"] for check in answer.json()["checks"].values())

    def test_not_ready_without_workers(self, client: "TestClient", pool: "FakePool") -> None:
        pool.alive = False
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert failed(answer) == {"pool"}

    def test_not_ready_with_little_space(self, client: "TestClient", services: "Services") -> None:
        services.settings = services.settings.model_copy(update={"min_free_mib": 10**12})
        answer = client.get("/readyz")
        assert (answer.status_code, failed(answer)) == (503, {"space"})

    def test_not_ready_if_photos_cannot_be_written(
        self, client: "TestClient", services: "Services", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: bytes) -> str:
            raise StorageFullError("storage_full", "No space is left.")

        monkeypatch.setattr(services.photos, "put", refuse)
        answer = client.get("/readyz")
        assert failed(answer) == {"photos"}
        assert answer.json()["checks"]["photos"]["detail"] == "No space is left."

    def test_not_ready_if_a_check_breaks(
        self, client: "TestClient", services: "Services", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services.database, "check", lambda: 1 / 0)
        answer = client.get("/readyz")
        assert (answer.status_code, failed(answer)) == (503, {"database"})
        assert "ZeroDivision" not in answer.text

    def test_not_ready_with_an_older_ledger(
        self, client: "TestClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from api.store import schema

        monkeypatch.setattr(schema, "current", lambda _: "0001")
        assert failed(client.get("/readyz")) == {"schema"}

    def test_the_ledgers_disk_counts_too(
        self, client: "TestClient", services: "Services", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services.photos, "free_bytes", lambda: None)  # As S3 answers.
        usage = type(shutil.disk_usage("/"))(2**40, 2**40, 2**20)
        asked: list[object] = []

        def tell(path: object) -> object:
            asked.append(path)
            return usage

        monkeypatch.setattr(shutil, "disk_usage", tell)
        answer = client.get("/readyz")
        assert failed(answer) == {"space"}
        assert answer.json()["checks"]["space"]["detail"].startswith("1 MiB free")
        assert asked == [services.settings.data]

    def test_however_many_ask_one_looks(
        self, client: "TestClient", services: "Services", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks: list[int] = []
        put = services.photos.put

        def put_slowly(data: bytes) -> str:
            looks.append(1)
            time.sleep(0.2)
            return put(data)

        monkeypatch.setattr(services.photos, "put", put_slowly)
        monkeypatch.setattr(health, "PROBE_LIFE_S", 60.0)
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda _: client.get("/readyz"), range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len(looks) == 1

    def test_an_answer_does_not_live_long(self, services: "Services", pool: "FakePool") -> None:
        now = 100.0
        probe = health.ReadinessProbe(services, lambda: now)

        async def ask_again() -> list[str]:
            nonlocal now
            found: list[str] = [(await probe.ask()).status]
            pool.alive = False
            for passed_s in (0.0, 0.9, 0.2):
                now += passed_s
                found.append((await probe.ask()).status)
            return found

        assert asyncio.run(ask_again()) == ["ready", "ready", "ready", "not_ready"]

    def test_checks_that_hang_are_told(
        self, client: "TestClient", services: "Services", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on = threading.Event()
        monkeypatch.setattr(services.photos, "free_bytes", lambda: go_on.wait(20) and None)
        monkeypatch.setattr(health, "PROBE_WAIT_S", 0.1)
        for _ in range(2):
            assert failed(client.get("/readyz")) == {"time"}
        go_on.set()

    def test_one_address_may_not_ask_without_end(
        self, client: "TestClient", app: "FastAPI", services: "Services"
    ) -> None:
        few = services.settings.model_copy(update={"requests_per_minute": 3})
        app.state.door = Door(replace(services, settings=few))
        statuses = [client.get("/readyz").status_code for _ in range(4)]
        assert statuses == [200] * 3 + [429]


def failed(answer: "object") -> set[str]:
    checks: dict[str, dict[str, object]] = answer.json()["checks"]  # type: ignore[attr-defined]  # a response
    return {name for name, check in checks.items() if not check["ok"]}


class TestShutdown:
    def test_what_waits_for_the_pool_does_not_hold_the_end_up(
        self, services: "Services", pool: "FakePool", caplog: pytest.LogCaptureFixture
    ) -> None:
        closed, waits = threading.Event(), threading.Event()
        pool.close = closed.set  # type: ignore[method-assign]  # the worker hangs until then

        def score() -> float:
            waits.set()
            assert closed.wait(30)
            return 0.0

        with type_of_client()(create_app(services, loops=[Loop("scoring", score)])):
            assert waits.wait(5)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert "loop_did_not_stop" not in caplog.text

    def test_all_together_end_before_they_are_killed(
        self,
        services: "Services",
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(app_module, "STOP_S", 0.5)
        go_on = threading.Event()

        def hang() -> float:
            go_on.wait(30)
            return 0.0

        loops = [Loop(f"loop {number}", hang) for number in range(3)]
        with type_of_client()(create_app(services, loops=loops)):
            began = time.monotonic()
        assert time.monotonic() - began < 3
        assert caplog.text.count("loop_did_not_stop") == 3
        go_on.set()

    def test_kubernetes_waits_long_enough(self, database_url: str) -> None:
        del database_url  # The module's mark asks for it.
        assert CLOSE_PATIENCE_S < app_module.STOP_S
        assert SHUTDOWN_S + app_module.STOP_S < 30


def type_of_client() -> "type[TestClient]":
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
        from starlette.testclient import TestClient
    return TestClient
