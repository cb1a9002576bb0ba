"""One try against receivers that misbehave, on real sockets."""

import contextlib
import random
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import pytest

from api.delivery.addresses import AddressGuard
from api.delivery.schedule import Answer
from api.delivery.sender import MOST_READ, HttpSender

if TYPE_CHECKING:
    from tests.api.delivery.conftest import Receiver

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8", "::1/128")
BODY = b'{"a":1}'


def send(url: str, *, timeout_s: float = 5.0, guard: AddressGuard | None = None) -> Answer:
    sender = HttpSender(guard or AddressGuard(LOOPBACK), timeout_s)
    return sender.send(url, BODY, {"webhook-id": "msg_1", "Content-Type": "text/x"}, NOW)


def write_raw(*parts: bytes, pause_s: float = 0.0) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a behaviour that writes these bytes, and no HTTP of its own."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            for part in parts:
                handler.wfile.write(part)
                handler.wfile.flush()
                time.sleep(pause_s)

    return behave


def test_what_arrives_is_what_was_signed(receiver: "Receiver") -> None:
    answer = send(receiver.url + "?token=x%20y")
    assert (answer.status, answer.error) == (204, None)
    (got,) = receiver.received
    assert got.body == BODY
    assert got.path == "/hook?token=x%20y"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["webhook-id"] == "msg_1"
    assert got.headers["content-type"] == "text/x"
    assert got.headers["user-agent"].startswith("street-issue-detector/")


@pytest.mark.parametrize("status", [400, 401, 404, 410, 418, 429, 500, 502, 503, 504, 599])
def test_a_refusal_is_told_with_its_status(receiver: "Receiver", status: int) -> None:
    receiver.answer_with(status)
    answer = send(receiver.url)
    assert (answer.status, answer.error) == (status, f"It answered {status}.")


def test_retry_after_comes_along(receiver: "Receiver") -> None:
    receiver.answer_with(429, Retry_After="77")
    assert send(receiver.url).retry_after_s == 77


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirects_are_failures_and_not_followed(receiver: "Receiver", status: int) -> None:
    receiver.answer_with(status, Location=f"http://127.0.0.1:{receiver.port}/elsewhere")
    answer = send(receiver.url)
    assert answer.status == status
    assert answer.error is not None and "redirect" in answer.error
    assert [one.path for one in receiver.received] == ["/hook"]


def test_a_receiver_that_is_down(receiver: "Receiver") -> None:
    url = receiver.url
    receiver.server.server_close()
    answer = send(url)
    assert answer.status is None
    assert answer.error == "The connection was refused, or the host cannot be reached."


SLOW = {
    "silent": write_raw(b"", pause_s=10),
    "drips its head": write_raw(*[b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 1000], pause_s=0.05),
    "drips single bytes": write_raw(*[b"H"] * 1000, pause_s=0.05),
    "drips its body": write_raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *[b"x"] * 1000, pause_s=0.05
    ),
    "sends 100 Continue for ever": write_raw(*[b"HTTP/1.1 100 C\r\n\r\n"] * 1000, pause_s=0.05),
}


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW.keys())
def test_no_slowness_takes_longer_than_the_timeout(
    receiver: "Receiver", behaviour: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    receiver.behaviour = behaviour
    started = time.monotonic()
    answer = send(receiver.url, timeout_s=0.7)
    assert time.monotonic() - started < 5
    assert answer.status is None
    assert answer.error is not None


GARBAGE = {
    "nothing": b"",
    "noise": random.Random(1).randbytes(5000),
    "another protocol": b"220 mail.example.org ESMTP\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a broken head": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    "a body cut short": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
    "a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_a_failure_and_no_crash(receiver: "Receiver", garbage: bytes) -> None:
    receiver.behaviour = write_raw(garbage)
    answer = send(receiver.url, timeout_s=2)
    assert answer.error is not None


def test_random_bytes_never_crash_the_sender(receiver: "Receiver") -> None:
    chosen = random.Random(7)
    for _ in range(60):
        head = chosen.choice([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nA:"])
        receiver.behaviour = write_raw(head + chosen.randbytes(chosen.randrange(200)))
        answer = send(receiver.url, timeout_s=2)
        assert answer.status == 200 or answer.error is not None


def test_a_huge_body_is_not_read(receiver: "Receiver") -> None:
    written: list[int] = []

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(2000):
                handler.wfile.write(b"x" * 100_000)
                written.append(100_000)

    receiver.behaviour = pour
    answer = send(receiver.url)
    assert (answer.status, answer.error) == (200, None)
    assert MOST_READ <= sum(written) < 50_000_000  # What the kernel buffers, not 200 MB.


def test_private_networks_are_refused_at_each_try(receiver: "Receiver") -> None:
    answer = send(receiver.url, guard=AddressGuard())
    assert answer.status is None
    assert answer.error is not None and "may not reach" in answer.error
    assert receiver.received == []


def test_a_name_that_changes_its_answer_gains_nothing(receiver: "Receiver") -> None:
    """DNS rebinding: good at the check, and this machine a moment later."""
    asked: list[str] = []

    def rebind(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        # 192.0.2.0/24 is nobody's: the connection must go there and nowhere else.
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    guard = AddressGuard(("192.0.2.0/24",), rebind)
    answer = send(f"http://hook.example.org:{receiver.port}/", timeout_s=0.5, guard=guard)
    assert answer.status is None
    assert asked == ["hook.example.org"]
    assert receiver.received == []
    again = send(f"http://hook.example.org:{receiver.port}/", timeout_s=0.5, guard=guard)
    assert again.error is not None and "may not reach" in again.error
    assert receiver.received == []


def test_the_host_header_stays_the_name(receiver: "Receiver") -> None:
    guard = AddressGuard(LOOPBACK, lambda _host, _port: ["127.0.0.1"])
    answer = send(f"http://hook.example.org:{receiver.port}/a", guard=guard)
    assert answer.error is None
    assert receiver.received[0].headers["host"] == f"hook.example.org:{receiver.port}"


def test_the_next_address_is_tried_when_one_takes_no_connection(receiver: "Receiver") -> None:
    guard = AddressGuard(LOOPBACK, lambda _host, _port: ["::1", "127.9.9.9", "127.0.0.1"])
    assert send(f"http://hook.example.org:{receiver.port}/", guard=guard).error is None


def test_proxies_of_the_environment_are_not_used(
    receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(receiver.url).error is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hook.example.org, with its key in the same file."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("needs the command openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, made, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subject = ["-subj", "/CN=hook.example.org", "-addext", "subjectAltName=DNS:hook.example.org"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *subject]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return both


class TlsServer:
    """Answers one request over TLS, and notes which name was asked for."""

    def __init__(self, certificate: Path) -> None:
        self.names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.set_servername_callback(lambda _socket, name, _context: self.names.append(name))
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            plain, _ = self.listener.accept()
            with self.context.wrap_socket(plain, server_side=True) as secured:
                got = b""
                while not got.endswith(BODY):
                    got += secured.recv(65536)
                secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def stop(self) -> None:
        self.listener.close()
        self.thread.join(5)


def test_tls_asks_for_the_name_and_believes_only_its_certificate(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    guard = AddressGuard(LOOPBACK, lambda _host, _port: ["127.0.0.1"])
    for host, problem in (("hook.example.org", None), ("other.example.org", "certificate")):
        server = TlsServer(certificate)
        answer = send(f"https://{host}:{server.port}/", guard=guard)
        server.stop()
        assert server.names == [host]
        if problem is None:
            assert (answer.status, answer.error) == (204, None)
        else:
            assert answer.error is not None and problem in answer.error


def test_a_certificate_of_nobodys_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    guard = AddressGuard(LOOPBACK, lambda _host, _port: ["127.0.0.1"])
    server = TlsServer(certificate)
    answer = send(f"https://hook.example.org:{server.port}/", guard=guard)
    server.stop()
    assert answer.status is None
    assert answer.error is not None and "certificate" in answer.error
