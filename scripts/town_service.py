"""The service in this process, with a clock that a script sets, for a made-up town."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import uvicorn

from api.app import create_app
from api.opening import close_services, open_services
from api.principal import Role
from api.security.keys import WantedKey, create_key
from api.services import Services
from api.settings import Settings


class TownClock:
    """A clock that the script sets."""

    def __init__(self, now: datetime) -> None:
        """Begin at a time."""
        self.now = now

    def __call__(self) -> datetime:
        """Tell the time, UTC."""
        return self.now.astimezone(ZoneInfo("UTC"))


@dataclass(slots=True)
class Town:
    """A service that runs in this process, and keys to it."""

    url: str
    services: Services
    clock: TownClock
    keys: dict[str, str]
    client: httpx2.Client
    """An administrator's."""

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Ask the service as an administrator; return the JSON of its answer."""
        answer = self.client.request(method, path, **options)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


@contextlib.contextmanager
def open_town(folder: Path, begin: datetime, **settings: Any) -> Iterator[Town]:
    """Start the service on a free port, with the shipped model; it ends with the context.

    Args:
        folder: Where its data lies.
        begin: What its clock says.
        settings: Of the service.
    """
    clock = TownClock(begin)
    chosen = Settings(data=folder, min_free_mib=0, requests_per_minute=1_000_000, **settings)
    services = open_services(chosen, clock=clock)
    try:
        roles: tuple[Role, ...] = ("admin", "operator", "handler", "camera")
        names = {"admin": "管理员", "operator": "坐席 07", "handler": "环卫三队", "camera": "监控"}
        keys: dict[str, str] = {
            role: create_key(services, WantedKey(names[role], role), actor="system:town")[1]
            for role in roles
        }
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(services), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {keys['admin']}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=60) as client:
            yield Town(url, services, clock, keys, client)
        server.should_exit = True
        thread.join(timeout=10)
    finally:
        close_services(services)
