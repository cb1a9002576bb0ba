"""Bodies that are too large or too slow, at the level of ASGI messages."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.types import Message, Scope

from api.http.problems import install_problems
from api.http.unforeseen import UnforeseenErrors
from api.security.body_limit import BodyLimit

MOST_BYTES = 1000


class Numbers(BaseModel):
    numbers: list[int]


def make_app(**limits: Any) -> FastAPI:
    app = FastAPI()

    @app.post("/stream")
    async def count_streamed(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @app.post("/json")
    def add(body: Numbers) -> int:
        return sum(body.numbers)

    @app.post("/unread")
    def ignore() -> str:
        return "did not look"

    install_problems(app)
    app.add_middleware(UnforeseenErrors)
    app.add_middleware(BodyLimit, most_bytes=MOST_BYTES, **limits)
    return app


class Sender:
    """Sends pieces, each after so many seconds; a None piece never comes."""

    def __init__(self, pieces: Iterable[bytes | None], pause_s: float = 0.0) -> None:
        self.waiting = list(pieces)
        self.pause_s = pause_s
        self.asked = 0

    async def receive(self) -> Message:
        self.asked += 1
        await asyncio.sleep(self.pause_s)
        if not self.waiting:
            return {"type": "http.disconnect"}
        piece = self.waiting.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(self.waiting)}


def post(
    app: FastAPI, path: str, sender: Sender, length: str | None = None
) -> tuple[int, dict[str, str], Any]:
    headers = [(b"content-type", b"application/json")]
    if length is not None:
        headers.append((b"content-length", length.encode()))
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, sender.receive, send))
    starts = [one for one in sent if one["type"] == "http.response.start"]
    assert len(starts) == 1
    body = b"".join(one.get("body", b"") for one in sent)
    answer = {name.decode(): value.decode() for name, value in starts[0]["headers"]}
    return starts[0]["status"], answer, json.loads(body)


@pytest.mark.parametrize("path", ["/stream", "/json", "/unread", "/nowhere"])
def test_a_body_said_to_be_too_large_is_refused_unread(path: str) -> None:
    sender = Sender([b"x" * 1001])
    status, headers, problem = post(make_app(), path, sender, "1001")
    assert (status, problem["code"], sender.asked) == (413, "body_too_large", 0)
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/problem+json"
    assert problem["instance"] == path


def test_a_body_of_just_the_size_passes() -> None:
    assert post(make_app(), "/stream", Sender([b"x" * 400, b"x" * 600]), "1000")[2] == 1000
    assert post(make_app(), "/unread", Sender([]))[0] == 200


@pytest.mark.parametrize("path", ["/stream", "/json"])
@pytest.mark.parametrize("length", [None, "10", "no number"])
def test_a_body_that_grows_too_large_is_cut(path: str, length: str | None) -> None:
    sender = Sender([b"x" * 600] * 50)
    status, headers, problem = post(make_app(), path, sender, length)
    assert (status, problem["code"], sender.asked) == (413, "body_too_large", 2)
    assert headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/stream", "/json"])
def test_a_body_that_stops_coming_is_given_up(path: str) -> None:
    status, headers, problem = post(make_app(idle_s=0.1), path, Sender([b"{", None]))
    assert (status, problem["code"]) == (408, "body_too_slow")
    assert headers["connection"] == "close"


def test_a_body_that_drips_is_given_up() -> None:
    sender = Sender([b"x"] * 500, pause_s=0.03)
    status, _, problem = post(make_app(idle_s=5, total_s=0.3), "/stream", sender)
    assert (status, problem["code"]) == (408, "body_too_slow")
    assert sender.asked < 30


def test_once_the_body_is_whole_there_is_no_hurry() -> None:
    app = FastAPI()

    @app.post("/slow")
    async def wait_for_the_end(request: Request) -> str:
        await request.body()
        return str((await request.receive())["type"])

    app.add_middleware(BodyLimit, most_bytes=MOST_BYTES, idle_s=0.2, total_s=0.2)

    class Leaving(Sender):
        async def receive(self) -> Message:
            if not self.waiting:
                await asyncio.sleep(0.5)
            return await super().receive()

    assert post(app, "/slow", Leaving([b"{}"]))[2] == "http.disconnect"


def test_a_fault_of_the_app_stays_one() -> None:
    app = make_app()

    @app.post("/broken")
    async def break_down(request: Request) -> None:
        await request.body()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        post(app, "/broken", Sender([b"x"]))
