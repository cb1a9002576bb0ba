"""Imports of the administrator's pages: looked at first, then stored."""

import html
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.cases.grid import Grid
from api.store.cases import get_cases
from api.store.grid import grid_version, list_cells
from api.store.toilets import count_toilets

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

GRID = "/console/admin/imports/grid"
TOILETS = "/console/admin/imports/toilets"
SCRIPT = "<script>alert(1)</script>"


def _cell(
    code: Any, west: float, *, name: str | None = None, width: float = 0.01
) -> dict[str, Any]:
    east = west + width
    ring = [[west, 31.2], [east, 31.2], [east, 31.21], [west, 31.21], [west, 31.2]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _file(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _send(
    client: "TestClient",
    address: str,
    token: str,
    data: bytes,
    name: str = "f.geojson",
    **fields: str,
) -> Any:
    return client.post(
        address,
        files={"file": (name, data)},
        data=fields,
        headers={"X-CSRF-Token": token, "Accept": "application/json"},
    )


def test_a_preview_stores_nothing_and_an_import_does(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: Callable[..., str],
) -> None:
    token = enter("admin")
    first = _file(_cell("a", 121.40), _cell("b", 121.41), _cell("c", 121.42))
    assert _send(client, GRID, token, first).json() == {"cells": 3, "reassigned": 0}
    stays = write_case(lat=31.205, lon=121.405, grid_code="a")
    moves = write_case(lat=31.205, lon=121.425, grid_code="c")
    second = _file(
        _cell("a", 121.40),
        _cell("b", 121.41, name=SCRIPT),
        _cell("d", 121.42),
        _cell("e", 121.43),
        _cell("e", 121.44),
        _cell("f", 121.425),
        _cell(None, 121.46),
    )
    found = _send(client, f"{GRID}/preview", token, second).json()
    assert found["counts"] == {"new": 2, "changed": 1, "same": 1, "gone": 1}
    assert found["taken"] == 4
    assert found["moves"] == [{"before": "c", "after": "d", "cases": 1}]
    assert [one["level"] for one in found["problems"]] == ["warning", "error", "error"]
    assert "编码 e 在 2 个要素中重复" in found["problems"][1]["message"]
    assert "重叠" in found["problems"][0]["message"]
    fates = {one["properties"]["code"]: one["properties"] for one in found["cells"]["features"]}
    assert {code: one["fate"] for code, one in fates.items()} == {
        **{"a": "same", "b": "changed", "c": "gone", "d": "new", "f": "new"},
    }
    assert [code for code, one in fates.items() if one["troubled"]] == ["d", "f"]
    with services.database.read() as connection:
        assert [cell.code for cell in list_cells(connection)] == ["a", "b", "c"]
        assert grid_version(connection) == 1
        assert get_cases(connection, [moves])[moves].grid_code == "c"
    done = _send(client, GRID, token, second, reassign="1").json()
    assert done == {"cells": 4, "reassigned": 1}
    with services.database.read() as connection:
        cases = get_cases(connection, [stays, moves])
    assert [cases[stays].grid_code, cases[moves].grid_code] == ["a", "d"]
    page = client.get(f"{GRID}?cells=4&reassigned=1")
    assert "已导入 4 个网格" in page.text
    assert SCRIPT not in page.text
    assert html.escape(SCRIPT) in page.text
    assert html.escape(SCRIPT) in client.get(f"{GRID}?q=SCRIPT").text
    assert 'data-cell="a"' not in client.get(f"{GRID}?q=script").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "file_not_json"),
        (b"[NaN", "file_not_json"),
        (b'{"type":"Feature"}', "grid_invalid"),
        (b"", "file_empty"),
        (b"[" * 100_000, "file_not_json"),
    ],
)
def test_bad_files_are_told_in_words(
    client: "TestClient", enter: Callable[..., str], data: bytes, code: str
) -> None:
    token = enter("admin")
    for address in (f"{GRID}/preview", GRID):
        answer = _send(client, address, token, data)
        assert answer.status_code == 422
        assert answer.json()["code"] == code


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_forms_that_are_none_are_refused(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    token = enter("admin")
    headers = {"X-CSRF-Token": token, "Accept": "application/json"}
    broken = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    assert client.post(GRID, content=b"--y--", headers=broken).status_code == 422
    assert client.post(GRID, data={"datum": "wgs84"}, headers=headers).json()["code"] == (
        "file_missing"
    )
    two = [("file", ("a", b"1")), ("file", ("b", b"2"))]
    assert client.post(GRID, files=two, headers=headers).json()["code"] == "form_damaged"
    good = _file(_cell("a", 121.4))
    assert _send(client, GRID, token, good, datum="mars").json()["code"] == "datum_unknown"
    large = b" " * (services.settings.max_upload_mib * 2**20)
    assert _send(client, GRID, token, large).status_code == 413
    assert _send(client, GRID, "forged", good).status_code == 403
    with services.database.read() as connection:
        assert not list_cells(connection)


def test_toilets_are_looked_at_then_taken(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    token = enter("admin")
    rows = ["编号,名称,纬度,经度,无障碍", f"1,{SCRIPT},31.2,121.4,有", "2,乙,31.3,121.5,也许"]
    first = "\n".join([*rows, "3,丙,91,121,有"]).encode("gb18030")
    found = _send(client, f"{TOILETS}/preview", token, first, "list.csv").json()
    assert (found["found"], found["new"], found["replaced"], found["others"]) == (2, 2, 0, 0)
    assert [(one["row"], one["kept"]) for one in found["problems"]] == [(3, True), (4, False)]
    assert "超出范围" in found["problems"][1]["reason"]
    assert found["points"][0]["at"] == [31.2, 121.4]
    with services.database.read() as connection:
        assert count_toilets(connection) == 0
    done = _send(client, TOILETS, token, first, "list.csv").json()
    assert done == {"saved": 2, "removed": 0, "total": 2}
    page = client.get(f"{TOILETS}?saved=2&removed=0").text
    assert "已导入 2 座" in page
    assert SCRIPT not in page
    second = "\n".join(rows[:2]).encode()
    found = _send(client, f"{TOILETS}/preview", token, second, "list.csv", datum="gcj02").json()
    assert (found["new"], found["replaced"], found["others"]) == (0, 1, 1)
    assert found["points"][0]["at"] != [31.2, 121.4]
    assert _send(client, TOILETS, token, second, "list.csv", whole="1").json() == (
        {"saved": 1, "removed": 1, "total": 1}
    )
    none = "\n".join(rows[:1]).encode()
    refused = _send(client, TOILETS, token, none, "list.csv", whole="1")
    assert refused.json()["code"] == "toilets_empty"
    assert _send(client, TOILETS, token, b"x", "list.xlsx").json()["code"] == "ending_unknown"
    with services.database.read() as connection:
        assert count_toilets(connection) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_limited_administrators_import_nothing_and_see_their_cells(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    token = enter("admin", grids=("a",))
    for address in (GRID, f"{GRID}/preview", TOILETS, f"{TOILETS}/preview"):
        assert _send(client, address, token, _file(_cell("a", 121.4))).status_code == 403
    assert len(services.grid) == 0
    grid = enter("admin")
    _send(client, GRID, grid, _file(_cell("a1", 121.4), _cell("b1", 121.5)))
    assert isinstance(services.grid, Grid)
    enter("admin", grids=("a",))
    page = client.get(GRID).text
    assert "a1" in page
    assert 'data-cell="b1"' not in page  # The token might hold those two letters.
    assert "grid-form" not in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_map_holds_the_cells_of_every_page_of_the_table(
    client: "TestClient", enter: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = enter("admin")
    cells = [_cell(f"c{i}", 121.4 + 0.01 * i) for i in range(5)]
    assert _send(client, GRID, token, _file(*cells)).json()["cells"] == 5
    monkeypatch.setattr("api.web.admin_imports.MOST_CELLS", 3)
    monkeypatch.setattr("api.web.routes.admin_imports.PAGE_CELLS", 2)
    page = client.get(f"{GRID}?page=3").text
    assert 'data-cell="c4"' in page
    shown = html.unescape(page.split('data-cells="')[1].split('"')[0])
    assert [one["properties"]["code"] for one in json.loads(shown)["features"]] == [
        "c4",
        "c0",
        "c1",
    ]
    assert "地图只显示 3 个网格" in page
