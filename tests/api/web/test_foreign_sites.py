"""Other sites sign nobody in and lead nobody away, and a session that nobody uses ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from api.web.visitor import is_from_elsewhere
from tests.api.conftest import MakeKey
from tests.api.web.conftest import SQLITE

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.api.conftest import SetClock

LOGIN = "/console/login"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
    ],
)
@SQLITE
def test_another_site_signs_nobody_in(
    client: "TestClient", make_key: MakeKey, headers: dict[str, str]
) -> None:
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    answer = client.post(LOGIN, data={"key": key}, headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert not client.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://testserver"},
        {"Origin": "http://testserver:8443"},  # nginx's $host has no port.
        {"Origin": "https://city.example", "X-Forwarded-Host": "city.example"},
        {"Origin": "https://city.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
@SQLITE
def test_our_own_page_signs_in(
    client: "TestClient", make_key: MakeKey, headers: dict[str, str]
) -> None:
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    answer = client.post(LOGIN, data={"key": key}, headers=headers, follow_redirects=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\\\\evil.example",
        "/console\r\nSet-Cookie: a=b",
        " //evil.example",
    ],
)
@SQLITE
def test_nobody_is_led_elsewhere(client: "TestClient", make_key: MakeKey, back: str) -> None:
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    answer = client.post(LOGIN, data={"key": key, "next": back}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert "a=b" not in answer.headers.get("set-cookie", "")
    chosen = client.get("/language", params={"to": "en", "back": back}, follow_redirects=False)
    assert chosen.headers["location"] == "/"
    form = client.get(LOGIN, params={"next": back}).text
    assert 'name="next" value="/console"' in form


@SQLITE
def test_a_queue_that_refreshes_itself_keeps_nobody_signed_in(
    client: "TestClient", enter: Callable[..., str], clock: "SetClock"
) -> None:
    enter("operator")
    for _ in range(12):
        clock.advance(minutes=4.9)
        assert client.get("/console/queue/list").status_code == 200
    clock.advance(minutes=1.2)
    answer = client.get("/console/queue/list", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    enter("operator")
    for _ in range(3):
        clock.advance(minutes=50)
        assert client.get("/console/queue", follow_redirects=False).status_code == 200


def test_is_from_elsewhere_needs_a_host() -> None:
    from starlette.requests import Request

    scope = {"type": "http", "headers": [(b"origin", b"http://a.example")]}
    assert is_from_elsewhere(Request(scope))
