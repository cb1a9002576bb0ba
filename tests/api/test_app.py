"""Every answer keeps the same form: problems, headers, times, the access log, OpenAPI."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from detector.version import __version__
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


@pytest.fixture
def quiet_client(app: "FastAPI", client: "TestClient") -> Iterator["TestClient"]:
    """A client that takes an answer where a test's would raise."""
    assert client.app is app
    yield type(client)(app, raise_server_exceptions=False)


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


def test_a_body_too_large_is_refused(client: "TestClient", services: "Services") -> None:
    size = services.settings.max_upload_mib * 2**20 + 1
    headers = {"Content-Type": "application/json", "Content-Length": str(size)}
    answer = client.post("/v1/test/sent", content=b"{}", headers=headers)
    assert answer.status_code == 413
    problem(answer)
    assert answer.headers["x-content-type-options"] == "nosniff"


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
