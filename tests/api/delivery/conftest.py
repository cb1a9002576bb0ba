"""A receiver that behaves as badly as a test wants, on a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import pytest

from api.delivery.signing import make_secret
from api.delivery.step import Deliverer, open_deliverer
from api.ids import new_id
from api.services import Services
from api.store import webhooks as store
from api.store.database import Database
from api.store.deliveries import (
    ClaimedDelivery,
    Delivery,
    claim_deliveries,
    find_ready_deliveries,
    finish_delivery,
    list_deliveries,
)
from api.store.outbox import record_event
from api.store.webhooks import Webhook, WebhookSecret
from tests.api.conftest import MONDAY_MORNING as NOW

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.api.conftest import MakeKey

LOOPBACK = "127.0.0.0/8"
OPENED = "cn.street-issues.case.opened"
CLAIM = timedelta(seconds=120)


@dataclass
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, **headers: str) -> Behaviour:
    """Return a behaviour that answers with a status."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    receiver: "Receiver"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up on a bad receiver is what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = cast(_Server, self.server).receiver
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.received.append(Received(self.path, headers, body))
        receiver.behaviour(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Stay silent."""


class Receiver:
    """Keeps what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.behaviour: Behaviour = answer(204)
        self.received: list[Received] = []
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.receiver = self
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.received]

    def answer_with(self, status: int, **headers: str) -> None:
        self.behaviour = answer(status, **headers)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def make_receiver() -> Iterator[Callable[[], Receiver]]:
    receivers: list[Receiver] = []

    def make() -> Receiver:
        receivers.append(Receiver())
        return receivers[-1]

    yield make
    for receiver in receivers:
        receiver.stop()


@pytest.fixture
def receiver(make_receiver: Callable[[], Receiver]) -> Receiver:
    return make_receiver()


@pytest.fixture
def local(services: Services) -> Services:
    """The services, with webhooks allowed to reach this machine."""
    settings = services.settings.model_copy(update={"webhook_networks": (LOOPBACK,)})
    return replace(services, settings=settings)


def subscribe(services: Services, url: str) -> tuple[Webhook, str]:
    secret = make_secret()
    webhook = Webhook(
        id=new_id(),
        url=url,
        types=(),
        grids=(),
        secrets=(WebhookSecret(secret),),
        created_at=services.clock(),
        created_by="system:test",
    )
    with services.database.write() as connection:
        store.insert_webhook(connection, webhook)
    return webhook, secret


def tell(services: Services, subject: str = "cases/1", kind: str = OPENED) -> str:
    with services.database.write() as connection:
        return record_event(
            connection,
            type=kind,
            subject=subject,
            grid_code=None,
            at=services.clock(),
            data={"label": "site_dust"},
        )


def listed(services: Services, webhook: Webhook) -> list[Delivery]:
    with services.database.read() as connection:
        return list(reversed(list_deliveries(connection, webhook.id, limit=1000)))


def states(services: Services, webhook: Webhook) -> list[str]:
    return [one.state for one in listed(services, webhook)]


def work(deliverer: Deliverer, until: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Step until something holds."""
    deadline = time.monotonic() + timeout_s
    while not until():
        assert time.monotonic() < deadline, "it did not come about in time"
        if deliverer.step() > 0:
            time.sleep(0.01)


@pytest.fixture
def deliverer(local: Services) -> Iterator[Deliverer]:
    made = open_deliverer(local)
    yield made
    made.close()


class Ledger:
    """The store's functions, each in a transaction of its own, at a fixed time."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def subscribe(self, types: tuple[str, ...] = (), grids: tuple[str, ...] = ()) -> Webhook:
        webhook = Webhook(
            id=new_id(),
            url="https://example.org/hook",
            types=types,
            grids=grids,
            secrets=(WebhookSecret("whsec_AAAA"),),
            created_at=NOW,
            created_by="system:test",
        )
        with self.database.write() as connection:
            store.insert_webhook(connection, webhook)
        return webhook

    def tell(
        self,
        subject: str = "cases/1",
        kind: str = OPENED,
        grid: str | None = None,
        at: datetime = NOW,
    ) -> str:
        with self.database.write() as connection:
            return record_event(
                connection,
                type=kind,
                subject=subject,
                grid_code=grid,
                at=at,
                data={},
            )

    def claim(
        self, webhook: Webhook, now: datetime = NOW, most: int = 10
    ) -> tuple[ClaimedDelivery, ...]:
        with self.database.write() as connection:
            present = store.get_webhook(connection, webhook.id)
            found = find_ready_deliveries(connection, webhook.id, now=now, most=most)
            return claim_deliveries(connection, present, found, now=now, until=now + CLAIM)

    def finish(self, taken: ClaimedDelivery, at: datetime = NOW) -> bool:
        with self.database.write() as connection:
            return finish_delivery(connection, taken, at=at, status=204)

    def listed(self, webhook: Webhook) -> list[Delivery]:
        with self.database.read() as connection:
            return list(reversed(list_deliveries(connection, webhook.id)))


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def web(local: Services) -> Iterator["TestClient"]:
    from starlette.testclient import TestClient

    from api.app import create_app

    with TestClient(create_app(local)) as client:
        yield client


@pytest.fixture
def admin(make_key: "MakeKey") -> dict[str, str]:
    return make_key("admin")
