"""A street with cameras in every state, two building sites with dust, and their pictures."""

import io
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import Page

from api.cameras.incidents import IncidentNews, record_incident
from api.cameras.watching import Heartbeat, record_heartbeat
from api.principal import Principal
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.services import Services

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
SignIn = Callable[..., Page]
FRAMES = Path(__file__).parents[4] / "demo" / "camera"
ADMIN = Principal("admin", "an administrator", "admin")
SIZE = {"width": 1280, "height": 800}
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class ShrinkingPool(FakePool):
    """Shows pictures as they are, only smaller."""

    def picture(self, data: bytes, request: PictureRequest) -> "Future[bytes]":
        image = Image.open(io.BytesIO(data)).convert("RGB")
        image.thumbnail((request.longest_side_px, request.longest_side_px))
        stream = io.BytesIO()
        image.save(stream, "JPEG")
        future: Future[bytes] = Future()
        future.set_result(stream.getvalue())
        return future


def pool() -> FakePool:
    return ShrinkingPool()


def bare(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def frame(name: str) -> bytes:
    return (FRAMES / f"camera_{name}.jpg").read_bytes()


def street(services: Services, client: "TestClient", make_key: MakeKey, clock: Any) -> Services:
    """Seven cameras, one in each state, two building sites with dust."""
    admin = make_key("admin")
    rows: list[tuple[str, str, str | None, Any, str | None]] = [
        ("HP-0137", "南京东路 100 号路口", None, "live", "bin"),
        ("HP-0138", "福州路书城门前", None, "frozen", "ads"),
        ("HP-0139", "云南南路美食街", None, "moved", "stall"),
        ("HP-0140", "人民广场 2 号口", None, "black", None),
        ("HP-0141", "广东路人行天桥", None, None, None),
        ("SITE-1", "滨江三期东门", "滨江三期", "live", "tidy"),
        ("SITE-2", "滨江三期塔吊", "滨江三期", "blurred", "tidy"),
        ("SITE-9", "轨交 14 号线工地南门", "轨交 14 号线", "live", "tidy"),
    ]
    for code, name, site, state, picture in rows:
        body = {
            "code": code, "name": name, "site": site, "place": "site" if site else "street",
            "hours": [["06:00", "22:00"]],
            "zones": [{"points": [[0.05, 0.45], [0.9, 0.4], [0.95, 0.95], [0, 0.9]], "name": "道"},
                      {"points": [[0.6, 0.5], [0.8, 0.5], [0.8, 0.7]], "kind": "exclude"}],
        }  # fmt: skip
        assert client.post("/v1/cameras", json=body, headers=admin).status_code == 201
        if state is not None:
            photo = None if picture is None else frame(picture)
            record_heartbeat(services, ADMIN, code, Heartbeat(state), photo)
    now = clock.now
    for code, label, begun, ended in (
        ("SITE-1", "site_dust", 400, 340), ("SITE-1", "site_dust", 130, 20),
        ("SITE-2", "site_dust", 150, 100), ("SITE-9", "site_dust", 35, None),
        ("SITE-1", "site_dust", 3000, 2900), ("HP-0137", "overflowing_bin", 12, None),
        ("HP-0137", "street_vending", 600, 500),
    ):  # fmt: skip
        ended_at = None if ended is None else now - timedelta(minutes=ended)
        news = IncidentNews(
            id=f"{code}.{begun}", camera=code, label=label, revision=1, frames=3,
            state="open" if ended is None else "cleared",
            started_at=now - timedelta(minutes=begun), ended_at=ended_at,
            peak={"score": 0.9, "box_xyxy": [1, 1, 9, 9]},
        )  # fmt: skip
        record_incident(services, ADMIN, news)
    return services
