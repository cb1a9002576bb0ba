"""Cases for the pages' tests, without all that leads to one, and visitors who are signed in."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.cases.places import place_cell
from api.ids import new_id
from api.principal import Role
from api.store.tables import cases

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

WriteCase = Callable[..., str]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def write_case(services: "Services") -> WriteCase:
    """Return a function that writes a row of `cases` and answers with its id."""
    numbers = itertools.count(1)

    def write(**values: Any) -> str:
        case_id = new_id()
        lat, lon = values.get("lat"), values.get("lon")
        row: dict[str, Any] = {
            "id": case_id,
            "number": f"2026-{next(numbers):06d}",
            "label": "overflowing_bin",
            "state": "collected",
            "source": "citizen",
            "priority": 0,
            "reports_count": 1,
            "reporters_count": 1,
            "opened_at": services.clock(),
            "state_since": services.clock(),
            "version": 1,
            "place_cell": None if lat is None or lon is None else place_cell(lat, lon),
        }
        with services.database.write() as connection:
            connection.execute(cases.insert().values(**row | values))
        return case_id

    return write


@pytest.fixture
def enter(client: "TestClient", make_key: Callable[..., dict[str, str]]) -> Callable[..., str]:
    """Return a function that signs the client in and answers with its CSRF token."""

    def enter(role: Role = "operator", *, grids: tuple[str, ...] = ()) -> str:
        secret = make_key(role, grids=grids)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        answer = client.post(
            "/console/login", data={"key": secret, "next": "/console/ledger"}, follow_redirects=True
        )
        assert answer.status_code == 200, answer.text
        return answer.text.split('data-csrf="', 1)[1].split('"', 1)[0]

    return enter
