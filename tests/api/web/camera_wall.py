"""Cameras that hang and see things, and a visitor who watches them on the wall."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from api.cameras.camera import Camera
from api.cameras.incidents import IncidentNews, record_incident
from api.cameras.watching import Heartbeat, record_heartbeat, register_camera
from api.ids import new_id
from api.principal import Principal
from api.services import Services

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
ADMIN = Principal("admin", "an administrator", "admin")


def enter(client: "TestClient", make_key: MakeKey) -> Callable[..., "TestClient"]:
    """Return a function that signs the client in."""

    def sign_in(role: str = "operator", grids: tuple[str, ...] = ()) -> "TestClient":
        key = make_key(role, grids=grids)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
        assert answer.status_code == 303
        return client

    return sign_in


def add(services: Services) -> Callable[..., Camera]:
    """Return a function that registers a camera, and lets it say how it is."""

    def register(code: str, state: Any = None, **fields: Any) -> Camera:
        camera = Camera(
            id=new_id(), code=code, name=fields.pop("name", f"camera {code}"), place="street",
            site=None, lat=None, lon=None, labels=(), hours=(), zones=(),
            created_at=services.clock(),
        )  # fmt: skip
        camera = register_camera(services, ADMIN, replace(camera, **fields))
        if state is not None:
            record_heartbeat(services, ADMIN, code, Heartbeat(state))
        return camera

    return register


def see(services: Services, code: str, label: str = "overflowing_bin", **changes: Any) -> str:
    """Let a camera see something; return the case."""
    news = IncidentNews(
        id=new_id(), camera=code, label=label, state="open", revision=1,
        started_at=services.clock(), ended_at=None, frames=3,
        peak={"score": 0.9, "box_xyxy": [1, 1, 9, 9]},
    )  # fmt: skip
    recorded = record_incident(services, ADMIN, replace(news, **changes))
    return recorded.case_ids[0]


def codes(text: str) -> list[str]:
    return re.findall(r'data-code="([^"]*)"', text)


def token(text: str) -> str:
    found = re.search(r'data-csrf="([^"]+)"', text)
    assert found
    return found[1]
