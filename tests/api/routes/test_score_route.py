"""POST /v1/score: answers, refusals, and who may ask."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import jsonschema
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message

from api.principal import ROLES, Role
from api.routes.score import as_error
from api.schemas.scores import SCORE_EXAMPLE, ScoreAnswer
from api.scoring.base import Scored
from api.scoring.fake import FakePool, fake_score
from api.services import Services
from detector.detections import Finding, ScoreFailure
from detector.errors import PHOTO_ERROR_CODES
from detector.score_json import SCHEMA_PATH, score_to_json

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
BIN = Finding("a-0", "overflowing_bin", 0.9, (1.0, 2.0, 3.0, 4.0), True, "small")
MakeKey = Callable[..., dict[str, str]]


def upload(data: bytes = JPEG, name: str = "bin.jpg") -> dict[str, tuple[str, bytes]]:
    return {"photo": (name, data)}


def test_a_photo_is_answered_as_the_command_line_does(
    client: TestClient, pool: FakePool, make_key: MakeKey
) -> None:
    pool.findings = lambda _: (BIN,)
    answer = client.post("/v1/score", files=upload(), headers=make_key("citizen-intake"))
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert content == score_to_json(fake_score(JPEG, "bin.jpg", (BIN,)))
    schema = json.loads(SCHEMA_PATH.read_text("utf-8"))
    jsonschema.validate(content, schema)
    ScoreAnswer.model_validate(content)


def test_the_example_fits_both_schemas(client: TestClient) -> None:
    schema = json.loads(SCHEMA_PATH.read_text("utf-8"))
    jsonschema.validate(SCORE_EXAMPLE, schema)
    ScoreAnswer.model_validate(SCORE_EXAMPLE)
    operation = client.get("/openapi.json").json()["paths"]["/v1/score"]["post"]
    content = operation["responses"]["200"]["content"]["application/json"]
    # FastAPI leaves nulls out of what it publishes.
    assert {**content["example"], "error": None} == SCORE_EXAMPLE
    assert "multipart/form-data" in operation["requestBody"]["content"]
    assert {"408", "413", "415", "422", "503"} <= operation["responses"].keys()


@pytest.mark.parametrize("role", ROLES)
def test_only_keys_with_the_right_may_score(
    client: TestClient, make_key: MakeKey, role: Role
) -> None:
    allowed = role in ("citizen-intake", "operator", "admin")
    answer = client.post("/v1/score", files=upload(), headers=make_key(role))
    assert answer.status_code == (200 if allowed else 403)


def test_without_a_key_nothing_is_scored(client: TestClient) -> None:
    assert client.post("/v1/score", files=upload()).status_code == 401


def test_a_full_pool_is_told_before_the_photo_is_read(
    client: TestClient, app: FastAPI, pool: FakePool, make_key: MakeKey
) -> None:
    pool.full = True
    headers = make_key("operator")
    answer = client.post("/v1/score", files=upload(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "pool_full")
    assert int(answer.headers["retry-after"]) >= 1
    asked: list[int] = []
    sent: list[Message] = []

    async def receive() -> Message:
        asked.append(1)
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/score",
        "query_string": b"",
        "headers": [*raw, (b"content-type", b"multipart/form-data; boundary=x")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 503 and asked == []


def test_too_large_a_body_is_refused(
    client: TestClient, services: Services, make_key: MakeKey
) -> None:
    data = JPEG + bytes(services.settings.max_upload_mib * 2**20)
    answer = client.post("/v1/score", files=upload(data), headers=make_key("operator"))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("code", PHOTO_ERROR_CODES)
def test_a_photo_that_cannot_be_scored_is_a_problem(
    client: TestClient,
    pool: FakePool,
    make_key: MakeKey,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = replace(
        fake_score(JPEG), error=ScoreFailure(code, f"It is {code}.", "Do something else.")
    )
    done: Future[Scored] = Future()
    done.set_result(Scored(failed, None))
    monkeypatch.setattr(pool, "score", lambda *_, **__: done)
    answer = client.post("/v1/score", files=upload(), headers=make_key("operator"))
    wanted = {
        "inference_failed": 503,
        "internal": 503,
        "file_too_large": 413,
        "unsupported_type": 415,
        "not_a_picture": 415,
        "heic_extra_missing": 415,
    }
    assert answer.status_code == wanted.get(code, 422)
    problem = answer.json()
    assert (problem["code"], problem["hint"]) == (code, "Do something else.")
    assert as_error(ScoreFailure(code, "a", "b")).message == "a"


def test_fields_beside_the_photo_are_refused(client: TestClient, make_key: MakeKey) -> None:
    answer = client.post(
        "/v1/score", files=upload(), data={"note": "x"}, headers=make_key("operator")
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"path": "body.note", "message": "Unknown field"}]


def test_scoring_is_measured(client: TestClient, make_key: MakeKey, services: Services) -> None:
    client.post("/v1/score", files=upload(), headers=make_key("operator"))
    assert "score_seconds_count 1.0" in services.metrics.render().decode()
