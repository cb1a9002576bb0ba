"""Room for bodies: shared in turn, and given back whatever happens."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from api.http import upload_room
from api.http.problems import install_problems
from api.http.upload_room import UploadRoom, check_room, leave_room_to_keys, take_room
from api.security.body_limit import BodyLimit

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await main()

    asyncio.run(bounded())


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_who_does_not_fit_waits_and_comes_in_turn() -> None:
    async def main() -> None:
        room = UploadRoom(10)
        assert await room.take(6) == 6
        large = asyncio.create_task(room.take(8))
        small = asyncio.create_task(room.take(1))
        await settle()
        assert not large.done()
        assert not small.done()  # It would fit, but small ones must not starve the large.
        assert not room.has_room(1)
        room.give_back(6)
        assert (await large, await small) == (8, 1)
        assert room.free_bytes == 1

    run(main)


def test_a_body_larger_than_all_takes_all() -> None:
    async def main() -> None:
        room = UploadRoom(10)
        assert await room.take(10**9) == 10
        second = asyncio.create_task(room.take(10**9))
        await settle()
        room.give_back(10)
        assert await second == 10

    run(main)


def test_who_gives_up_waiting_holds_up_nobody() -> None:
    async def main() -> None:
        room = UploadRoom(10)
        await room.take(6)
        large = asyncio.create_task(room.take(8))
        small = asyncio.create_task(room.take(4))
        await settle()
        large.cancel()
        assert await small == 4
        late = asyncio.create_task(room.take(2))
        await settle()
        room.give_back(4)  # Its turn comes, and in the same moment it is cancelled.
        late.cancel()
        await asyncio.wait([late])
        assert late.cancelled()
        assert room.free_bytes == 4

    run(main)


def test_any_order_ends_with_all_room_free() -> None:
    async def main() -> None:
        room = UploadRoom(100)

        async def visit(number: int) -> None:
            async with asyncio.timeout(0.001 * (number % 7 + 1)):
                taken = await room.take(number * 13 % 150)
            try:
                await asyncio.sleep(0.001 * (number % 3))
            finally:
                room.give_back(taken)

        done = await asyncio.gather(*(visit(i) for i in range(300)), return_exceptions=True)
        assert {type(one) for one in done} <= {type(None), TimeoutError}
        assert room.free_bytes == 100
        assert room.has_room(100)

    run(main)


class Server:
    """An app whose uploads share 100 bytes, and how it was left."""

    def __init__(self) -> None:
        self.room = UploadRoom(100)
        self.inside: list[int] = []
        self.go_on = asyncio.Event()
        app = FastAPI()

        @app.post("/wait")
        async def wait_for_room(request: Request) -> int:
            await take_room(request)
            await take_room(request)  # Once is enough.
            self.inside.append(self.room.free_bytes)
            body = await request.body()
            await self.go_on.wait()
            return len(body)

        @app.post("/keyless")
        async def wait_without_key(request: Request) -> int:
            leave_room_to_keys(request)
            return await wait_for_room(request)

        @app.post("/now")
        async def refuse(request: Request) -> int:
            check_room(request)
            return len(await request.body())

        @app.post("/broken")
        async def fail(request: Request) -> int:
            await take_room(request)
            raise RuntimeError

        install_problems(app)
        app.add_middleware(BodyLimit, most_bytes=80, room=self.room)
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=20)


def test_a_request_holds_its_room_until_it_is_answered() -> None:
    async def main() -> None:
        server = Server()
        first = asyncio.create_task(server.client.post("/wait", content=b"a" * 70))
        while not server.inside:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(server.client.post("/wait", content=b"a" * 40))
        await asyncio.sleep(0.02)
        assert server.inside == [30]
        refused = await server.client.post("/now", content=b"a" * 10)
        assert (refused.status_code, refused.json()["code"]) == (503, "uploads_full")
        assert int(refused.headers["retry-after"]) > 0
        server.go_on.set()
        assert [(await one).json() for one in (first, second)] == [70, 40]
        assert server.room.free_bytes == 100
        assert (await server.client.post("/now", content=b"a" * 10)).json() == 10

    run(main)


def test_strangers_leave_room_to_those_with_a_key() -> None:
    async def main() -> None:
        server = Server()
        strangers = [
            asyncio.create_task(server.client.post("/keyless", content=b"a" * 25)) for _ in range(9)
        ]
        while len(server.inside) < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        assert server.inside == [75, 50]  # The others wait, and hold nothing.
        keyed = asyncio.create_task(server.client.post("/wait", content=b"a" * 50))
        while len(server.inside) < 3:
            await asyncio.sleep(0.001)
        assert server.inside == [75, 50, 0]
        for gone in strangers[:4]:  # Two who hold room, two who wait.
            gone.cancel()
        await asyncio.wait(strangers[:4])
        while len(server.inside) < 5:
            await asyncio.sleep(0.001)
        server.go_on.set()
        assert [(await one).json() for one in (keyed, *strangers[4:])] == [50] + [25] * 5
        assert (server.room.free_bytes, server.room.keyless.free_bytes) == (100, 50)

    run(main)


def test_a_stranger_who_waits_in_vain_gives_everything_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload_room, "WAIT_S", 0.05)

    async def main() -> None:
        server = Server()
        taken = await server.room.take(100)  # His own line has room, the line of all has none.
        answer = await server.client.post("/keyless", content=b"a")
        assert (answer.status_code, answer.json()["code"]) == (503, "uploads_full")
        assert server.room.keyless.free_bytes == 50
        server.room.give_back(taken)
        assert server.room.free_bytes == 100

    run(main)


def test_a_body_of_unknown_size_takes_the_largest() -> None:
    async def main() -> None:
        server = Server()
        server.go_on.set()

        async def pieces() -> Any:
            yield b"a"

        headers = {"Transfer-Encoding": "chunked"}
        answer = await server.client.post("/wait", content=pieces(), headers=headers)
        assert answer.json() == 1
        assert server.inside == [20]

    run(main)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_room, "WAIT_S", 0.05)

    async def main() -> None:
        server = Server()
        taken = await server.room.take(100)
        answer = await server.client.post("/wait", content=b"a")
        assert (answer.status_code, answer.json()["code"]) == (503, "uploads_full")
        server.room.give_back(taken)
        assert server.room.free_bytes == 100

    run(main)


def test_room_comes_back_after_a_failure_and_from_who_goes_away() -> None:
    async def main() -> None:
        server = Server()
        assert (await server.client.post("/broken", content=b"a" * 70)).status_code == 500
        assert server.room.free_bytes == 100
        gone = asyncio.create_task(server.client.post("/wait", content=b"a" * 70))
        while not server.inside:
            await asyncio.sleep(0.001)
        gone.cancel()
        await asyncio.wait([gone])
        assert server.room.free_bytes == 100

    run(main)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/v1/score", "/v1/reports", "/v1/incidents"])
def test_uploads_share_the_room(
    client: "TestClient",
    make_key: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.setattr(upload_room, "WAIT_S", 0.05)
    monkeypatch.setattr(UploadRoom, "has_room", lambda *_: False)
    files = {"photo": ("a.jpg", b"\xff\xd8\xff" + b"0" * 100, "image/jpeg")}
    answer = client.post(path, files=files, headers=make_key("admin"))
    assert (answer.status_code, answer.json()["code"]) == (503, "uploads_full")
    assert int(answer.headers["retry-after"]) > 0
    if path != "/v1/reports":  # Where anybody may report, strangers have a part of the room.
        assert client.post(path, files=files).status_code == 401  # They get no room at all.


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_report_without_a_key_waits_among_its_own(
    client: "TestClient", make_key: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_room, "WAIT_S", 0.05)
    full = UploadRoom(1)
    assert asyncio.run(full.take(1)) == 1
    monkeypatch.setattr(UploadRoom, "keyless", full)
    files = {"photo": ("a.jpg", b"\xff\xd8\xff" + b"0" * 100, "image/jpeg")}
    refused = client.post("/v1/reports", files=files)
    assert (refused.status_code, refused.json()["code"]) == (503, "uploads_full")
    assert client.post("/v1/reports", files=files, headers=make_key("admin")).status_code != 503
