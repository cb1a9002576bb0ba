"""Who may come in: keys, limits of requests, other origins."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.api.trial_routes import problem, with_trial_routes

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.services import Services

MakeKey = Callable[..., dict[str, str]]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(app: "FastAPI") -> "FastAPI":
    return with_trial_routes(app)


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
