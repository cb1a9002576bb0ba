"""Cases for the store's tests, without all that leads to one."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from api.cases.places import place_cell
from api.ids import new_id
from api.store.tables import cases

OPENED_AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

AddCase = Callable[..., str]


@pytest.fixture
def add_case() -> AddCase:
    """Return a function that writes a row of `cases` and answers with its id."""
    numbers = itertools.count(1)

    def add(connection: Connection, **values: Any) -> str:
        case_id: str = values.pop("id", None) or new_id()
        lat, lon = values.get("lat"), values.get("lon")
        row: dict[str, Any] = {
            "number": f"2026-{next(numbers):06d}",
            "label": "overflowing_bin",
            "state": "dispatched",
            "source": "citizen",
            "priority": 0,
            "reports_count": 1,
            "reporters_count": 1,
            "opened_at": OPENED_AT,
            "state_since": OPENED_AT,
            "version": 1,
            "place_cell": None if lat is None or lon is None else place_cell(lat, lon),
        }
        connection.execute(cases.insert().values(id=case_id, **row | values))
        return case_id

    return add
