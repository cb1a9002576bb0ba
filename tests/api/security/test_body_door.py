from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from api.app import ROUTES
from api.security.body_door import SMALL_BYTES, find_uploads

if TYPE_CHECKING:
    from starlette.testclient import TestClient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_uploads_are_the_routes_that_read_after_the_key(client: "TestClient") -> None:
    patterns = find_uploads(module.router for module in ROUTES)

    def is_upload(path: str) -> bool:
        return any(pattern.match(path) for pattern in patterns)

    assert is_upload("/v1/score")
    assert is_upload("/v1/reports")
    assert not is_upload("/v1/queue/lease")
    assert not is_upload("/v1/webhooks")
    assert client.post("/v1/score", content=b"x" * (SMALL_BYTES + 1)).status_code == 401


@pytest.mark.parametrize("in_pieces", [False, True])
def test_anybodys_large_json_is_not_even_read(client: "TestClient", in_pieces: bool) -> None:
    def pieces() -> "object":
        for _ in range(3):
            yield b" " * (SMALL_BYTES // 2)

    body = pieces() if in_pieces else b" " * (SMALL_BYTES + 1)
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/webhooks", content=body, headers=headers)  # type: ignore[arg-type]  # bytes or pieces
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


def test_small_json_gets_as_far_as_the_route(
    client: "TestClient", make_key: Callable[..., dict[str, str]]
) -> None:
    body = b'{"url":' + b" " * (SMALL_BYTES - 100)
    headers = {**make_key("admin"), "Content-Type": "application/json"}
    assert client.post("/v1/webhooks", content=body, headers=headers).status_code == 422
