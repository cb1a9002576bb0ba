import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api.security import head_limit
from api.security.head_limit import HEAD_BYTES, GuardedProtocol


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    while scope["path"] != "/unread" and (await receive()).get("more_body"):
        pass
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"2")],
        }
    )
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server whose heads have half a second."""
    monkeypatch.setattr(head_limit, "HEAD_S", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            answer, http=GuardedProtocol, loop="asyncio", lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(20)


def read_all(connection: socket.socket) -> bytes:
    connection.settimeout(10)
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def read_answer(connection: socket.socket) -> bytes:
    connection.settimeout(10)
    found = b""
    while not found.endswith(b"\r\n\r\nok"):
        piece = connection.recv(65536)
        assert piece, found
        found += piece
    return found


REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"


def test_requests_follow_each_other_on_one_connection(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        for _ in range(3):
            connection.sendall(REQUEST)
            assert b"200 OK" in read_answer(connection)
            time.sleep(0.3)
        time.sleep(0.6)  # Idle between requests is the keep-alive's matter.
        connection.sendall(REQUEST)
        assert b"200 OK" in read_answer(connection)


def test_a_slow_body_is_not_the_heads_matter(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST[:-2])
        time.sleep(0.8)
        connection.sendall(REQUEST[-2:])
        assert b"200 OK" in read_answer(connection)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_a_head_that_does_not_end_is_given_up(address: tuple[str, int], sent: bytes) -> None:
    began = time.monotonic()
    with socket.create_connection(address) as connection:
        connection.sendall(sent)
        assert read_all(connection) == b""
        assert 0.3 < time.monotonic() - began < 5


def test_so_is_a_later_one_on_the_same_connection(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST)
        assert b"200 OK" in read_answer(connection)
        connection.sendall(b"GET / HTTP/1.1\r\nHost")
        began = time.monotonic()
        assert read_all(connection) == b""
        assert time.monotonic() - began < 5


def test_a_head_without_end_is_refused(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        sent = 0
        try:
            while sent < 100 * HEAD_BYTES:
                connection.sendall(b"X-Long: " + b"a" * 8000 + b"\r\n")
                sent += 8000
        except OSError:
            pass
        assert sent < 100 * HEAD_BYTES


TRAILED = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"


def test_trailers_are_read_and_dropped(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    complete = GuardedProtocol.on_message_complete

    def note(self: GuardedProtocol) -> None:
        kept.append(len(self.headers))
        complete(self)

    monkeypatch.setattr(GuardedProtocol, "on_message_complete", note)
    with socket.create_connection(address) as connection:
        for _ in range(2):
            connection.sendall(TRAILED + b"a: b\r\n" * 10 + b"\r\n")
            assert b"200 OK" in read_answer(connection)
    assert kept == [2, 2]


@pytest.mark.parametrize("line", [b"a: b\r\n" * 1000, b"a: " + b"b" * 6000, b"b" * 6000])
def test_trailers_without_end_are_refused(address: tuple[str, int], line: bytes) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(TRAILED)
        sent = 0
        try:
            while sent < 100 * HEAD_BYTES:
                connection.sendall(line)
                sent += len(line)
        except OSError:
            pass
        assert sent < 100 * HEAD_BYTES


def test_a_body_in_many_chunks_is_no_trailer(address: tuple[str, int]) -> None:
    chunk = b"10\r\n" + b"a" * 16 + b"\r\n"
    with socket.create_connection(address) as connection:
        connection.sendall(TRAILED.removesuffix(b"0\r\n"))
        for _ in range(40):
            connection.sendall(chunk * (HEAD_BYTES // len(chunk) // 8))
            time.sleep(0.005)
        connection.sendall(b"0\r\n\r\n")
        assert b"200 OK" in read_answer(connection)


def test_a_line_break_after_an_answer_keeps_no_connection(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST)
        assert b"200 OK" in read_answer(connection)
        began = time.monotonic()
        for _ in range(3):  # Another one does not begin the time again.
            connection.sendall(b"\r\n")
            time.sleep(0.1)
        assert read_all(connection) == b""
        assert 0.3 < time.monotonic() - began < 3


UNREAD = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"


def test_a_body_that_nobody_reads_ends_the_connection(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_limit, "REST_S", 1.5)
    began = time.monotonic()
    with socket.create_connection(address) as connection:
        connection.sendall(UNREAD)
        assert b"200 OK" in read_answer(connection)
        for _ in range(3):
            connection.sendall(b"a")
            time.sleep(0.1)
        assert read_all(connection) == b""
        assert 1.0 < time.monotonic() - began < 4


def test_one_that_comes_all_the_same_leaves_it_open(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_limit, "REST_S", 2)
    with socket.create_connection(address) as connection:
        connection.sendall(UNREAD)
        assert b"200 OK" in read_answer(connection)
        connection.sendall(b"a" * 1000)
        time.sleep(2.5)
        connection.sendall(REQUEST)
        assert b"200 OK" in read_answer(connection)
