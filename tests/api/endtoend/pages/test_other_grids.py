"""An operator of another grid gets nowhere, on the real server and both databases."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.api.endtoend.pages.errands import LAT, LNG, SIDE, import_cells, list_cases, post, report


def test_another_grid_s_operator_gets_nowhere(
    start_server: Callable[..., Any], database_url: str, sign_in: Callable[..., Page]
) -> None:
    server = start_server(database_url)
    admin = server.client()
    import_cells(admin)
    words = "东边的秘密"
    for at in (0.0049, 0.0055):  # Eleven and more metres on either side of the border
        report(admin, note=words, address=words, lng=LNG + at)
    west, east = sorted(list_cases(admin), key=lambda one: one["grid_code"])
    assert (west["grid_code"], east["grid_code"]) == ("310101", "440101")
    admin.post(
        "/v1/cameras",
        json={
            "code": "EAST-1",
            "name": words,
            "place": "site",
            "site": words,
            "position": {"lat": LAT, "lng": LNG + SIDE},
        },
    ).raise_for_status()
    for move in ("verify", "file", "dispatch"):
        sent = {"move": move} | ({"unit": "东边的单位"} if move == "dispatch" else {})
        admin.post(f"/v1/cases/{east['id']}/moves", json=sent).raise_for_status()
    (east,) = (one for one in list_cases(admin) if one["id"] == east["id"])
    page = sign_in(server.url, server.make_key("operator", "--grid", "3101"))
    hidden = (east["number"], east["id"], "440101", "EAST-1", "东边的单位")
    for path in (
        *("/console/queue", "/console/queue?lane=dispatch", "/console/queue?lane=handling"),
        *("/console/ledger", f"/console/ledger?q={east['number']}", "/console/ledger?grid=44"),
        *("/console/statistics", "/console/statistics/judged", "/console/statistics/heat"),
        *("/console/wall", "/console/wall/tiles", f"/console/cases/{west['id']}"),
        f"/console/cases/{west['id']}/near",
        *("/console/statistics/figures.csv", "/console/ledger/export.csv"),
    ):
        text = read(page, server.url + path)
        answer = text.replace(path, "")
        for one in hidden:
            if one not in path:
                assert one not in answer, f"{one} on {path}"
    page.goto(f"{server.url}/console/ledger")
    assert page.locator("#ledger tbody tr").count() == 1
    page.goto(f"{server.url}/console/queue")
    counts = page.locator("[id^=lane-] > .number").all_inner_texts()
    assert sum(map(int, counts)) == 1
    token = page.locator("body").get_attribute("data-csrf")
    for path in ("", "/near"):
        unseen = page.request.get(f"{server.url}/console/cases/{east['id']}{path}")
        assert unseen.status == 404
        assert words not in unseen.text()
    tries: tuple[tuple[str, dict[str, str]], ...] = (
        (f"cases/{east['id']}/moves", {"move": "handle"}),
        (f"cases/{east['id']}/merge", {"other": west["id"]}),
        (f"cases/{west['id']}/merge", {"other": east["id"]}),
        (f"cases/{west['id']}/merge", {"number": east["number"]}),
        (f"cases/{east['id']}/correct", {"label": "street_vending"}),
    )
    for where, fields in tries:
        assert post(page, f"/console/{where}", fields, token) == 404, where
    chosen = {"case": f"{east['id']}:{east['version']}", "move": "handle"}
    assert post(page, "/console/ledger/moves", chosen, token) in (200, 403)
    assert page.request.get(f"{server.url}/console/wall/EAST-1").status == 404
    assert page.request.get(f"{server.url}/console/wall/sites/{words}").status == 404
    (now,) = (one for one in list_cases(admin) if one["id"] == east["id"])
    assert json.dumps(now) == json.dumps(east)
    (own,) = (one for one in list_cases(admin) if one["id"] == west["id"])
    assert own["version"] == west["version"]


def read(page: Page, url: str) -> str:
    answer = page.request.get(url)
    assert answer.ok, url
    return answer.text()
