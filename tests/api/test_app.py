import asyncio
import json
import logging
import re
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import Depends
from pydantic import BaseModel
from sqlalchemy import insert, update

from api import app as app_module
from api.app import create_app
from api.background import Loop
from api.commands.serve import SHUTDOWN_S
from api.errors import StorageError, StorageFullError
from api.gauges import read_gauges
from api.http.deps import key_or_none, limit_address, require
from api.ids import new_id
from api.intake.accepting import NewReport, accept_report
from api.routes import health
from api.schemas.types import Latitude, ShortText, UtcDatetime
from api.scoring.pool import CLOSE_PATIENCE_S
from api.security.door import Door
from api.store.outbox import record_event
from api.store.queue import put_work
from api.store.side_tables import webhooks
from api.store.tables import cases
from detector.errors import EvidenceError, PhotoError
from detector.version import __version__

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.scoring.fake import FakePool
    from api.services import Services

MakeKey = Callable[..., dict[str, str]]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Sent(BaseModel):
    name: ShortText
    lat: Latitude
    at: UtcDatetime


@pytest.fixture
def app(app: "FastAPI") -> "FastAPI":
    """The app with routes that go wrong in every way."""

    @app.get("/v1/test/broken")
    def fail() -> None:
        raise RuntimeError("password=hunter2 /etc/secret/path")

    @app.get("/v1/test/full")
    def fill() -> None:
        raise StorageFullError("storage_full", "No space is left.", "Come back.", retry_after_s=60)

    @app.get("/v1/test/photo")
    def show() -> None:
        raise PhotoError("truncated", "The photo ends too early.", "Send it again.")

    @app.get("/v1/test/evidence")
    def draw() -> None:
        raise EvidenceError("font", "/usr/share/fonts is broken")

    @app.post("/v1/test/sent")
    def take(sent: Sent) -> Sent:
        return sent

    @app.get("/v1/test/limited", dependencies=[Depends(limit_address)])
    def show_limited() -> str:
        return "in"

    @app.get("/v1/test/judge", dependencies=[Depends(require("judge"))])
    def show_judge() -> str:
        return "in"

    @app.get("/v1/test/either", dependencies=[Depends(key_or_none)])
    def show_either() -> str:
        return "in"

    return app


@pytest.fixture
def quiet_client(app: "FastAPI", client: "TestClient") -> Iterator["TestClient"]:
    """A client that takes an answer where a test's would raise."""
    assert client.app is app
    yield type(client)(app, raise_server_exceptions=False)


def problem(answer: "object") -> dict[str, object]:
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]  # a response
    content: dict[str, object] = answer.json()  # type: ignore[attr-defined]  # a response
    assert content["status"] == answer.status_code  # type: ignore[attr-defined]  # a response
    assert content["type"] == f"urn:street-issues:problem:{content['code']}"
    return content


def test_an_unknown_address_is_a_problem(client: "TestClient") -> None:
    found = problem(client.get("/v1/none"))
    assert (found["code"], found["instance"]) == ("no_such_address", "/v1/none")


def test_a_wrong_method_names_the_right_ones(client: "TestClient") -> None:
    answer = client.delete("/v1/audit")
    assert problem(answer)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET"


def test_what_nobody_foresaw_is_told_without_internals(
    quiet_client: "TestClient", caplog: pytest.LogCaptureFixture
) -> None:
    answer = quiet_client.get("/v1/test/broken", headers={"X-Request-Id": "trace-7"})
    assert problem(answer)["code"] == "internal"
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"] == "trace-7"
    assert answer.headers["x-content-type-options"] == "nosniff"
    (line,) = (one for one in caplog.records if one.message == "unforeseen_error")
    assert line.exc_info is not None
    assert "hunter2" in str(line.exc_info[1])


def test_a_test_sees_what_nobody_foresaw(client: "TestClient") -> None:
    with pytest.raises(RuntimeError, match="hunter2"):
        client.get("/v1/test/broken")


def test_errors_that_pass_tell_when(client: "TestClient") -> None:
    answer = client.get("/v1/test/full")
    assert problem(answer)["code"] == "storage_full"
    assert (answer.status_code, answer.headers["retry-after"]) == (507, "60")


def test_a_bad_photo_is_the_senders_and_a_bad_font_is_ours(client: "TestClient") -> None:
    assert problem(client.get("/v1/test/photo"))["code"] == "truncated"
    answer = client.get("/v1/test/evidence")
    assert problem(answer)["code"] == "internal"
    assert "/usr" not in answer.text


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"name": "a", "lat": 91, "at": "2026-03-02T01:00:00Z"}', "body.lat"),
        ('{"name": "a", "lat": NaN, "at": "2026-03-02T01:00:00Z"}', "body.lat"),
        ('{"name": "a\\u0000b", "lat": 1, "at": "2026-03-02T01:00:00Z"}', "body.name"),
        ('{"name": "\\ud800", "lat": 1, "at": "2026-03-02T01:00:00Z"}', "body.name"),
        ('{"name": "a", "lat": 1, "at": "2026-03-02T01:00:00"}', "body.at"),
        ('{"name": "a", "lat": 1, "at": "0001-01-01T00:00:00+14:00"}', "body.at"),
        ('{"name": "a", "lat": 1}', "body.at"),
        ('{"name": "a", "lat": 1', "body"),
        ("[]", "body"),
        ("", "body"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(client: "TestClient", body: str, path: str) -> None:
    answer = client.post(
        "/v1/test/sent", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    errors = problem(answer)["errors"]
    assert isinstance(errors, list)
    assert path in {error["path"] for error in errors}


@pytest.mark.parametrize("body", ["[" * 100_000, "1" * 10_000, "\ufeff{}"])
def test_odd_json_is_refused_cleanly(client: "TestClient", body: str) -> None:
    answer = client.post(
        "/v1/test/sent", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    problem(answer)


def test_a_wrong_value_is_not_sent_back(client: "TestClient") -> None:
    body = {"name": "13800138000" * 40, "lat": 1, "at": "2026-03-02T01:00:00Z"}
    assert "13800138000" not in client.post("/v1/test/sent", json=body).text


def test_times_are_answered_in_utc(client: "TestClient") -> None:
    body = {"name": "a", "lat": 1, "at": "2026-03-02T09:00:00+08:00"}
    assert client.post("/v1/test/sent", json=body).json()["at"] == "2026-03-02T01:00:00Z"


def test_every_answer_carries_the_headers(client: "TestClient", make_key: MakeKey) -> None:
    for answer in (
        client.get("/healthz"),
        client.get("/v1/none"),
        client.get("/v1/audit"),
        client.get("/v1/audit", headers=make_key("auditor")),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in answer.headers
        if answer.url.path.startswith("/v1"):
            assert answer.headers["cache-control"] == "no-store"


def test_browsers_are_told_to_stay_on_https(app: "FastAPI", client: "TestClient") -> None:
    secure = type(client)(app, base_url="https://issues.example.cn")
    assert "max-age" in secure.get("/healthz").headers["strict-transport-security"]


def test_a_harmless_request_id_is_taken_over(client: "TestClient") -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "a-1.B_2"}).headers["x-request-id"] == (
        "a-1.B_2"
    )


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, 'a"b', "a\tb", "é"])
def test_another_request_id_is_not(client: "TestClient", sent: str) -> None:
    answer = client.get("/healthz", headers=[(b"X-Request-Id", sent.encode())])
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_the_access_log_holds_no_query_and_no_path_parameter(
    client: "TestClient", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.get("/v1/toilets", params={"lat": "39.9042", "lng": "116.4074"})
    client.get("/v1/cases/01890a5d-ac96-774b-bcce-b302099a8057", headers={"X-API-Key": "k" * 40})
    lines = [one.__dict__ for one in caplog.records if one.name == "api.access"]
    assert [line["route"] for line in lines] == ["/v1/toilets", "/v1/cases/{case_id}"]
    shown = json.dumps(lines, default=str)
    for private in ("39.9042", "116.4074", "01890a5d", "kkkk"):
        assert private not in shown


def test_a_key_comes_in_either_header(client: "TestClient", make_key: MakeKey) -> None:
    bearer = make_key("operator")
    secret = bearer["Authorization"].removeprefix("Bearer ")
    assert client.get("/v1/test/judge", headers=bearer).status_code == 200
    assert client.get("/v1/test/judge", headers={"X-API-Key": secret}).status_code == 200
    assert client.get("/v1/test/judge", headers={"authorization": f"bearer {secret}"}).is_success


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic dTpw"},
        {"X-API-Key": ""},
        {"X-API-Key": "sid_" + "A" * 43},
    ],
)
def test_without_a_known_key_nobody_comes_in(client: "TestClient", headers: dict[str, str]) -> None:
    answer = client.get("/v1/test/judge", headers=headers)
    assert problem(answer)["code"] == "unauthenticated"
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_key_without_the_right_is_told_which(client: "TestClient", make_key: MakeKey) -> None:
    answer = client.get("/v1/test/judge", headers=make_key("handler"))
    assert problem(answer)["code"] == "right_missing"
    assert "judge" in answer.text


def test_where_no_key_is_needed_a_wrong_one_is_still_refused(
    client: "TestClient", make_key: MakeKey
) -> None:
    assert client.get("/v1/test/either").status_code == 200
    assert client.get("/v1/test/either", headers=make_key("handler")).status_code == 200
    assert client.get("/v1/test/either", headers={"X-API-Key": "x" * 40}).status_code == 401


class TestFewRequests:
    @pytest.fixture
    def services(self, services: "Services") -> "Services":
        services.settings = services.settings.model_copy(update={"requests_per_minute": 5})
        return services

    def test_an_address_is_limited(self, client: "TestClient") -> None:
        answers = [client.get("/v1/test/limited") for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
        assert problem(answers[-1])["code"] == "rate_limited"

    def test_each_key_is_limited_by_itself(self, client: "TestClient", make_key: MakeKey) -> None:
        first, second = make_key("operator"), make_key("operator")
        statuses = [client.get("/v1/test/judge", headers=first).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert client.get("/v1/test/judge", headers=second).status_code == 200

    def test_health_is_not(self, client: "TestClient") -> None:
        assert {client.get("/healthz").status_code for _ in range(8)} == {200}


def test_wrong_keys_are_limited_and_right_ones_come_in_still(
    client: "TestClient", make_key: MakeKey
) -> None:
    good, fresh = make_key("operator"), make_key("operator")
    assert client.get("/v1/test/judge", headers=good).status_code == 200
    wrong = {"X-API-Key": "sid_" + "A" * 43}
    statuses = [client.get("/v1/test/judge", headers=wrong).status_code for _ in range(33)]
    assert statuses == [401] * 30 + [429] * 3
    assert client.get("/v1/test/judge", headers=good).status_code == 200
    assert client.get("/v1/test/judge", headers=fresh).status_code == 200  # Never seen before


def test_the_door_asks_the_database_about_a_key_once(
    client: "TestClient", make_key: MakeKey, services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = make_key("operator")
    assert client.get("/v1/test/judge", headers=headers).status_code == 200
    monkeypatch.setattr(services.database, "read", None)
    assert client.get("/v1/test/judge", headers=headers).status_code == 200


def test_browsers_of_other_origins_may_not_call(client: "TestClient") -> None:
    answer = client.get("/healthz", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


class TestOrigins:
    @pytest.fixture
    def services(self, services: "Services") -> "Services":
        origins = ("https://desk.example.cn",)
        services.settings = services.settings.model_copy(update={"cors_origins": origins})
        return services

    def test_only_the_named_may_call(self, client: "TestClient") -> None:
        asked = {"Access-Control-Request-Method": "POST"}
        answer = client.options("/v1/score", headers={"Origin": "https://desk.example.cn", **asked})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://desk.example.cn"
        assert "access-control-allow-credentials" not in answer.headers
        other = client.options("/v1/score", headers={"Origin": "https://a.example", **asked})
        assert other.status_code == 400
        assert "access-control-allow-origin" not in other.headers

    @pytest.mark.parametrize("sent", ["Authorization", "X-Follow-Token", "If-None-Match"])
    def test_a_page_may_send_what_routes_read(self, client: "TestClient", sent: str) -> None:
        origin = {"Origin": "https://desk.example.cn", "Access-Control-Request-Method": "GET"}
        asked = {**origin, "Access-Control-Request-Headers": sent}
        assert client.options("/v1/reports/a", headers=asked).status_code == 200

    def test_a_page_may_read_what_routes_answer(self, client: "TestClient") -> None:
        answer = client.get("/healthz", headers={"Origin": "https://desk.example.cn"})
        shown = set(answer.headers["access-control-expose-headers"].split(", "))
        assert shown == {"Location", "ETag", "Next-Cursor", "X-Request-Id", "Retry-After"}


def test_a_body_too_large_is_refused(client: "TestClient", services: "Services") -> None:
    size = services.settings.max_upload_mib * 2**20 + 1
    headers = {"Content-Type": "application/json", "Content-Length": str(size)}
    answer = client.post("/v1/test/sent", content=b"{}", headers=headers)
    assert answer.status_code == 413
    problem(answer)
    assert answer.headers["x-content-type-options"] == "nosniff"


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


class TestMetrics:
    def test_the_same_machine_needs_no_key(self, app: "FastAPI", client: "TestClient") -> None:
        local = type(client)(app, client=("127.0.0.1", 50000))
        answer = local.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "street_issues_ledger_up 1.0" in answer.text
        assert "street_issues_photos_free_bytes" in answer.text

    def test_behind_a_proxy_it_is_not_the_same_machine(
        self, app: "FastAPI", client: "TestClient"
    ) -> None:
        local = type(client)(app, client=("127.0.0.1", 50000))
        assert local.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401

    def test_others_need_the_right(self, client: "TestClient", make_key: MakeKey) -> None:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=make_key("handler")).status_code == 403
        assert client.get("/metrics", headers=make_key("auditor")).status_code == 200

    def test_requests_are_counted_by_route(self, client: "TestClient", make_key: MakeKey) -> None:
        client.get("/v1/cases/01890a5d-ac96-774b-bcce-b302099a8057")
        text = client.get("/metrics", headers=make_key("auditor")).text
        assert 'route="/v1/cases/{case_id}",status="401"' in text
        assert "01890a5d" not in text

    def test_a_lost_database_is_shown_as_lost(self, services: "Services") -> None:
        def refuse() -> None:
            raise StorageError("database_unavailable", "It does not answer.")

        services.database.read = refuse  # type: ignore[method-assign,assignment]  # as if it were lost
        shown = {metric.name: metric.samples for metric in read_gauges(services)}
        assert shown["street_issues_ledger_up"][0].value == 0
        assert "street_issues_queue_depth" not in shown

    def test_the_queue_is_shown_by_state(self, services: "Services") -> None:
        now = services.clock()
        since = now - timedelta(seconds=90)
        with services.database.write() as connection:
            connection.execute(
                insert(cases).values(
                    id="a case",
                    number="2026-000001",
                    state="dispatched",
                    source="citizen",
                    priority=1,
                    reports_count=1,
                    reporters_count=1,
                    opened_at=since,
                    state_since=since,
                    version=1,
                )
            )
            put_work(
                connection,
                case_id="a case",
                state="dispatched",
                label=None,
                grid_code=None,
                priority=1,
                since=since,
                at=now,
            )
        shown = {metric.name: metric.samples for metric in read_gauges(services)}
        (depth,) = shown["street_issues_queue_depth"]
        assert (depth.labels, depth.value) == ({"state": "dispatched", "standing": "ready"}, 1)
        (age,) = shown["street_issues_queue_oldest_seconds"]
        assert age.value == 90

    def test_what_waits_beside_the_requests_is_shown(
        self, services: "Services", clock: "Any"
    ) -> None:
        assert waiting(services) == {"jobs": (0, 0), "deliveries": (0, 0)}
        on, off = new_id(), new_id()
        with services.database.write() as connection:
            for webhook_id in (on, off):
                connection.execute(
                    insert(webhooks).values(
                        id=webhook_id,
                        url="https://desk.example.cn/",
                        types=[],
                        grids=[],
                        secrets=["whsec_a"],
                        created_at=clock(),
                        created_by="system:test",
                    )
                )
        accept_report(
            services, NewReport("citizen", b"\xff\xd8\xff\xe0 a photo", lat=39.9, lon=116.4)
        )
        clock.advance(seconds=60)
        accept_report(
            services, NewReport("citizen", b"\xff\xd8\xff\xe0 another photo", lat=39.9, lon=116.4)
        )
        with services.database.write() as connection:
            record_event(
                connection,
                type="cn.street-issues.case.opened",
                subject="cases/a",
                grid_code=None,
                at=clock(),
                data={},
            )
        assert waiting(services)["deliveries"] == (6, 60)
        with services.database.write() as connection:
            disabled = update(webhooks).where(webhooks.c.id == off)
            connection.execute(disabled.values(disabled_at=clock()))
        clock.advance(seconds=30)
        assert waiting(services) == {"jobs": (2, 90), "deliveries": (3, 90)}
        clock.advance(days=-1)  # Nothing is younger than just come.
        assert waiting(services) == {"jobs": (2, 0), "deliveries": (3, 0)}


def waiting(services: "Services") -> dict[str, tuple[float, float]]:
    shown = {
        metric.name: metric.samples[0].value for metric in read_gauges(services) if metric.samples
    }
    return {
        name: (
            shown[f"street_issues_{name}_waiting"],
            shown[f"street_issues_{name}_oldest_seconds"],
        )
        for name in ("jobs", "deliveries")
    }


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


class TestOpenApi:
    def test_it_says_what_it_is(self, client: "TestClient") -> None:
        document = client.get("/openapi.json").json()
        assert document["info"]["version"] == __version__
        assert "street photos" in document["info"]["description"]
        assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
        assert "ProblemBody" in document["components"]["schemas"]
        assert "HTTPValidationError" not in json.dumps(document)

    def test_every_reference_leads_somewhere(self, client: "TestClient") -> None:
        document = client.get("/openapi.json").json()
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
            place = document
            for part in reference.split("/"):
                place = place[part]

    def test_every_operation_is_described(self, client: "TestClient") -> None:
        document = client.get("/openapi.json").json()
        names = []
        for path, operations in document["paths"].items():
            if path.startswith("/v1/test/"):
                continue
            for method, operation in operations.items():
                assert operation.get("summary"), (method, path)
                assert operation.get("tags"), (method, path)
                names.append(operation["operationId"])
        assert len(names) == len(set(names))
        known = {tag["name"] for tag in document["tags"]}
        used = {
            tag
            for path, operations in document["paths"].items()
            for operation in operations.values()
            for tag in operation.get("tags", ())
            if not path.startswith("/v1/test/")
        }
        assert used <= known

    def test_it_is_valid(self, client: "TestClient") -> None:
        import schemathesis

        document = client.get("/openapi.json").json()
        schemathesis.openapi.from_dict(document).validate()

    def test_no_page_loads_scripts_from_elsewhere(self, client: "TestClient") -> None:
        assert client.get("/docs").status_code == 404
        assert client.get("/redoc").status_code == 404
