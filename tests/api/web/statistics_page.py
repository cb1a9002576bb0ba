"""The statistics page, somebody who reads it, and cases for it to count."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.cases.grid import Grid, GridCell
from api.ids import new_id
from api.store.tables import cases

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services
    from tests.api.conftest import MakeKey

PAGE = "/console/statistics"
EVIL = '<script>alert("x")</script>'
SQUARE = [[[121.0, 31.0], [121.01, 31.0], [121.01, 31.01], [121.0, 31.01], [121.0, 31.0]]]


def sign_in(client: "TestClient", headers: dict[str, str]) -> "TestClient":
    key = headers["Authorization"].removeprefix("Bearer ")
    answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
    assert answer.status_code == 303
    client.headers["Accept-Language"] = "en"
    return client


def seed(services: "Services", opened_at: datetime, **values: Any) -> str:
    """Write a case without all that leads to one."""
    case_id = new_id()
    row: dict[str, Any] = {
        "id": case_id,
        "number": case_id[-24:],
        "label": "overflowing_bin",
        "state": "collected",
        "source": "citizen",
        "lat": 31.005,
        "lon": 121.005,
        "grid_code": "A1",
        "priority": 0,
        "reports_count": 1,
        "reporters_count": 1,
        "opened_at": opened_at,
        "state_since": opened_at,
        "version": 1,
    }
    with services.database.write() as connection:
        connection.execute(cases.insert().values(row | values))
    return case_id


def reader(client: "TestClient", make_key: "MakeKey") -> "TestClient":
    return sign_in(client, make_key("operator"))


def grid(services: "Services") -> None:
    geometry = {"type": "Polygon", "coordinates": SQUARE}
    services.grid = Grid.from_rows([GridCell("A1", EVIL, geometry), GridCell("B1", None, geometry)])
