"""Grid cells come in as a whole, and every replica takes them over."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from api.cases.grid import Grid
from api.errors import InvalidError
from api.grid_cells import import_grid, load_grid, watch_grid
from api.ids import new_id
from api.intake.accepting import NewReport, accept_report
from api.services import Services
from api.store.side_tables import audit, deliveries
from api.store.tables import case_events, cases, work_items
from api.store.webhooks import Webhook, insert_webhook

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]


def cell(code: str, west: float, *, south: float = 31.0, size: float = 0.1) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": f"网格 {code}"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_cells_are_replaced_and_found(client: "TestClient", make_key: MakeKey) -> None:
    admin, reader = make_key("admin"), make_key("operator")
    first = collection(cell("A1", 121.0), cell("A2", 121.1))
    answer = client.post("/v1/grid", json=first, headers=admin)
    assert answer.status_code == 200
    assert answer.json() == {"cells": 2, "version": 1, "reassigned": 0, "problems": []}
    found = client.get("/v1/grid/find?lat=31.05&lng=121.15", headers=reader).json()
    assert found == {"code": "A2", "name": "网格 A2"}
    outside = client.get("/v1/grid/find?lat=0&lng=0", headers=reader).json()
    assert outside == {"code": None, "name": None}

    answer = client.post("/v1/grid", json=collection(cell("B", 121.0)), headers=admin)
    assert answer.json()["version"] == 2
    listed = client.get("/v1/grid", headers=reader).json()
    assert [one["id"] for one in listed["features"]] == ["B"]
    again = client.post("/v1/grid", json=listed, headers=admin)
    assert (again.json()["cells"], again.json()["problems"]) == (1, [])
    limited = client.get("/v1/grid", headers=make_key("operator", grids=("A",))).json()
    assert limited["features"] == []
    own = make_key("admin", grids=("B",))
    refused = client.post("/v1/grid", json=collection(cell("B2", 100.0, size=5)), headers=own)
    assert (refused.status_code, refused.json()["code"]) == (403, "limited_to_grids")
    assert [one["id"] for one in client.get("/v1/grid", headers=reader).json()["features"]] == ["B"]


def test_problems_are_told_and_a_useless_file_changes_nothing(
    client: "TestClient", make_key: MakeKey, services: Services
) -> None:
    admin = make_key("admin")
    twice = collection(cell("A", 121.0), cell("A", 121.3), cell("B", 121.5), cell("C", 121.55))
    answer = client.post("/v1/grid", json=twice, headers=admin).json()
    assert answer["cells"] == 2
    assert {one["kind"] for one in answer["problems"]} == {"duplicate", "overlap"}
    useless_files: tuple[Any, ...] = (
        collection(cell("A", 121.0), cell("A", 121.3)),
        collection(),
        {"type": "Point"},
        [],
        "grid",
    )
    for useless in useless_files:
        assert client.post("/v1/grid", json=useless, headers=admin).status_code == 422
    broken = client.post(
        "/v1/grid", content=b'{"type":', headers=admin | {"Content-Type": "application/json"}
    )
    assert broken.status_code == 422
    deep = client.post("/v1/grid", content=b"[" * 100_000, headers=admin)
    assert deep.status_code == 422
    assert [one.code for one in load_grid(services.database).cells] == ["B", "C"]
    assert services.grid.find(31.05, 121.52) == "B"


def test_only_those_who_manage_import(client: "TestClient", make_key: MakeKey) -> None:
    content = collection(cell("A", 121.0))
    assert client.post("/v1/grid", json=content).status_code == 401
    assert client.post("/v1/grid", json=content, headers=make_key("operator")).status_code == 403
    assert client.get("/v1/grid", headers=make_key("citizen-intake")).status_code == 403


def test_another_replica_takes_the_cells_over(services: Services) -> None:
    other = replace(services, grid=Grid.empty())
    step = watch_grid(other)
    step()
    assert len(other.grid) == 0
    import_grid(services, collection(cell("A", 121.0)), actor="system:test")
    assert other.grid.find(31.05, 121.05) is None
    assert step() > 0
    assert other.grid.find(31.05, 121.05) == "A"
    with pytest.raises(InvalidError):
        import_grid(services, collection(), actor="system:test")
    assert len(load_grid(services.database)) == 1


def test_the_district_that_a_case_leaves_is_told(services: Services) -> None:
    import_grid(services, collection(cell("OLD", 121.0)), actor="system:test")
    accept_report(services, NewReport("citizen", label="site_dust", lat=31.05, lon=121.05))
    hooks = {
        code: Webhook(
            id=new_id(), url=f"https://{code}.example/", types=(), grids=(code,), secrets=(),
            created_at=services.clock(), created_by="key:me",
        )
        for code in ("OLD", "NEW", "FAR")
    }  # fmt: skip
    with services.database.write() as connection:
        for one in hooks.values():
            insert_webhook(connection, one)
    import_grid(services, collection(cell("NEW", 121.0)), actor="key:me", reassign=True)
    import_grid(services, collection(cell("FAR", 120.0)), actor="key:me", reassign=True)
    with services.database.read() as connection:
        told = connection.scalars(select(deliveries.c.webhook_id)).all()
    assert sorted(told) == sorted([hooks["OLD"].id, hooks["NEW"].id, hooks["NEW"].id])


def test_open_cases_move_only_when_asked(services: Services) -> None:
    import_grid(services, collection(cell("OLD", 121.0)), actor="system:test")
    accept_report(services, NewReport("citizen", label="site_dust", lat=31.05, lon=121.05))
    accept_report(services, NewReport("citizen", label="site_dust", address="somewhere"))
    new = collection(cell("NEW", 121.0))

    def codes() -> list[str | None]:
        with services.database.read() as connection:
            rows = connection.execute(
                select(cases.c.grid_code, work_items.c.grid_code)
                .join(work_items, work_items.c.case_id == cases.c.id)
                .order_by(cases.c.id)
            ).all()
        assert all(one == other for one, other in rows)
        return [one for one, _ in rows]

    assert codes() == ["OLD", None]
    assert import_grid(services, new, actor="key:me").reassigned == 0
    assert codes() == ["OLD", None]
    assert import_grid(services, new, actor="key:me", reassign=True).reassigned == 1
    assert codes() == ["NEW", None]
    assert import_grid(services, new, actor="key:me", reassign=True).reassigned == 0
    with services.database.read() as connection:
        line = connection.execute(
            select(case_events).where(case_events.c.action == "corrected")
        ).one()
        noted = connection.scalars(select(audit.c.action)).all()
    assert (line.actor, line.details) == ("key:me", {"grid_code": ["OLD", "NEW"]})
    assert noted.count("grid.imported") == 4
