"""A registered camera, what it sees, and what the ledger then holds."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PIL import Image
from sqlalchemy import func, select

from api.services import Services
from api.store.side_tables import outbox

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]


def jpeg(shade: int = 100) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, shade, shade)).save(stream, "JPEG")
    return stream.getvalue()


CAMERA = {
    "code": "HP-0137",
    "name": "南京东路 100 号路口",
    "position": {"lat": 31.05, "lng": 121.05},
    "labels": ["overflowing_bin"],
    "hours": [["06:00", "22:00"]],
    "zones": [
        {"points": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]], "name": "road"},
        {"points": [[0.1, 0.6], [0.2, 0.6], [0.2, 0.7]], "kind": "exclude"},
    ],
}


def incident(revision: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": "HP-0137.7",
        "camera": "HP-0137",
        "label": "overflowing_bin",
        "state": "open",
        "revision": revision,
        "started_at": "2026-03-02T00:58:00Z",
        "frames": 3,
        "peak": {"score": 0.83, "box_xyxy": [10, 10, 30, 30], "severity": "medium"},
    } | changes


def register_camera(client: "TestClient", make_key: MakeKey) -> dict[str, Any]:
    answer = client.post("/v1/cameras", json=CAMERA, headers=make_key("admin"))
    assert answer.status_code == 201, answer.text
    content: dict[str, Any] = answer.json()
    return content


def events(services: Services, prefix: str) -> list[str]:
    with services.database.read() as connection:
        rows = connection.execute(
            select(outbox.c.type).where(outbox.c.type.contains(prefix)).order_by(outbox.c.seq)
        )
        return [row.type.removeprefix("cn.street-issues.") for row in rows]


def count(services: Services, table: Any) -> int:
    with services.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
