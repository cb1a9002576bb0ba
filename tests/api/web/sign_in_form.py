"""A browser that follows no redirects by itself, and the form that signs it in."""

from collections.abc import Callable, Iterator
from typing import Any

from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
HTML = {"Accept": "text/html"}
LOGIN = "/console/login"
PHOTO = "/console/photos/" + 64 * "a"
"""An address that everybody who is signed in may ask for."""


def key(make_key: MakeKey) -> str:
    return make_key("operator")["Authorization"].removeprefix("Bearer ")


def browser(client: TestClient) -> Iterator[TestClient]:
    client.follow_redirects = False
    yield client


def sign_in(browser: TestClient, key: str, **fields: str) -> Any:
    return browser.post(LOGIN, data={"key": key} | fields, headers=HTML)
