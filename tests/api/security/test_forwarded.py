import asyncio
import logging

import pytest
from starlette.types import Message, Receive, Scope, Send

from api.security.forwarded import ForwardedHeaders


def seen_client(app: ForwardedHeaders, peer: str, *, header: bool = True) -> str:
    """Return the address that the app sees, which stands behind `note`."""
    headers = [(b"x-forwarded-for", b"203.0.113.7")] if header else []
    scope: Scope = {"type": "http", "client": (peer, 5000), "scheme": "http", "headers": headers}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    asyncio.run(app(scope, receive, send))
    host: str = scope["client"][0]
    return host


async def take(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[object]:
    found = [one for one in caplog.records if one.message == "forwarded_header_ignored"]
    assert all(one.levelno == logging.WARNING for one in found)
    return [one.__dict__["peer"] for one in found]


def test_a_trusted_proxys_client_takes_its_place(caplog: pytest.LogCaptureFixture) -> None:
    app = ForwardedHeaders(take, "127.0.0.1, 10.0.0.0/8")
    assert seen_client(app, "10.1.2.3") == "203.0.113.7"
    assert seen_client(app, "127.0.0.1") == "203.0.113.7"
    assert seen_client(ForwardedHeaders(take, "*"), "192.0.2.1") == "203.0.113.7"
    assert warnings_in(caplog) == []


def test_of_another_one_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    app = ForwardedHeaders(take, "127.0.0.1")
    assert seen_client(app, "10.1.2.3", header=False) == "10.1.2.3"
    assert warnings_in(caplog) == []
    for _ in range(3):
        assert seen_client(app, "10.1.2.3") == "10.1.2.3"
    assert warnings_in(caplog) == ["10.1.2.3"]
