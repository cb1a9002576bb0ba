"""The wall of cameras: who sees which, in which order, and what it says of each."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.cameras.camera import Camera
from api.cameras.watching import notice_silent_cameras, retire_camera
from api.cases.grid import parse_grid
from api.services import Services
from api.web.camera_form import sign_camera
from tests.api.web import camera_wall
from tests.api.web.camera_wall import ADMIN, codes, see, token

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.api.conftest import SetClock

enter = pytest.fixture(camera_wall.enter)
add = pytest.fixture(camera_wall.add)


def square(code: str, lat: float, lng: float) -> dict[str, Any]:
    ring = [[lng, lat], [lng + 0.1, lat], [lng + 0.1, lat + 0.1], [lng, lat + 0.1], [lng, lat]]
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def test_troubled_cameras_come_first_then_those_that_see_something(
    services: Services, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    add("A-live", "live")
    add("B-never")
    add("C-seeing", "live")
    add("D-frozen", "frozen")
    add("E-retired", "live")
    retire_camera(services, ADMIN, "E-retired")
    case_id = see(services, "C-seeing")
    client = enter()
    page = client.get("/console/wall")
    assert page.status_code == 200
    assert codes(page.text) == ["D-frozen", "C-seeing", "B-never", "A-live"]
    assert f'href="/console/cases/{case_id}"' in page.text
    assert "画面冻结" in page.text
    assert "还没有画面" in page.text
    tiles = client.get("/console/wall/tiles")
    assert codes(tiles.text) == ["D-frozen", "C-seeing", "B-never", "A-live"]
    assert "<html" not in tiles.text
    assert "frozen" in client.get("/console/wall", headers={"Accept-Language": "en"}).text
    for query, wanted in {
        "state=frozen": ["D-frozen"],
        "state=trouble": ["D-frozen"],
        "state=never": ["B-never"],
        "state=retired": ["E-retired"],
        "q=SEEING": ["C-seeing"],
        "q=&place=&site=&state=": ["D-frozen", "C-seeing", "B-never", "A-live"],
        "place=site": [],
        "q=%25": [],
        "page=9999": ["D-frozen", "C-seeing", "B-never", "A-live"],
    }.items():
        assert codes(client.get(f"/console/wall/tiles?{query}").text) == wanted, query
    assert client.get("/console/wall?state=angry").status_code == 422
    assert client.get("/console/wall?page=0").status_code == 422


def test_a_silent_camera_is_offline_since_it_was_last_heard_of(
    services: Services,
    clock: Any,
    enter: Callable[..., "TestClient"],
    add: Callable[..., Camera],
) -> None:
    add("A", "live")
    clock.advance(minutes=4)
    client = enter()
    assert 'data-state="live"' in client.get("/console/wall").text
    clock.advance(minutes=2)
    for _ in range(2):
        text = client.get("/console/wall").text
        assert 'data-state="offline"' in text
        assert "离线" in text
        assert "2026-03-02 09:00" in text
        noticed = float(re.findall(r'data-noticed="([0-9.]+)"', text)[0])
        assert services.clock().timestamp() - noticed == 60, "five minutes after the last beat"
        notice_silent_cameras(services)  # The same, now that it is on record


def test_sixty_cameras_stand_on_a_page_and_sites_can_be_grouped(
    enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    for count in range(65):
        site = f"工地{count % 2}" if count < 4 else None
        add(f"C-{count:03}", place="site" if site else "street", site=site)
    client = enter()
    first = client.get("/console/wall").text
    assert len(codes(first)) == 60
    assert "page=2" in first
    assert codes(client.get("/console/wall?page=2").text) == [f"C-{n:03}" for n in range(60, 65)]
    grouped = client.get("/console/wall?by_site=true&place=site").text
    assert codes(grouped) == ["C-000", "C-002", "C-001", "C-003"]
    assert grouped.index('id="group-name-1"') < grouped.index("C-000")
    site = client.get("/console/wall?site=工地1").text
    assert codes(site) == ["C-001", "C-003"]


def test_a_key_sees_only_what_lies_in_its_grid_cells(
    services: Services, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    cells = [square("310101", 31.0, 121.0), square("310104", 31.2, 121.0)]
    services.grid, _ = parse_grid({"type": "FeatureCollection", "features": cells})
    here = add("HERE", "frozen", lat=31.05, lon=121.05, site="此处工地")
    there = add("THERE", "frozen", lat=31.25, lon=121.05, site="别处工地")
    nowhere = add("NOWHERE")
    case_id = see(services, "THERE", "site_dust")
    client = enter("operator", ("310101",))
    assert codes(client.get("/console/wall").text) == ["HERE"]
    for path in ("/console/wall", "/console/wall/tiles", "/console/wall?q=THERE"):
        text = client.get(path).text
        assert "别处工地" not in text
        assert "NOWHERE" not in text
        assert case_id not in text
        assert "THERE" not in codes(text)
    assert client.get(f"/console/wall/{here.id}").status_code == 200
    for hidden in (there.id, "THERE", nowhere.id, "sites/别处工地"):
        assert client.get(f"/console/wall/{hidden}").status_code == 404
    client = enter("admin", ("310101",))
    csrf = {"X-CSRF-Token": token(client.get("/console/wall").text)}
    assert client.get("/console/wall/THERE/edit").status_code == 404
    assert client.get("/console/wall/THERE/zones").status_code == 404
    zones: dict[str, Any] = {"seen": "", "zones": []}
    assert client.post("/console/wall/THERE/zones", json=zones, headers=csrf).status_code == 404
    assert client.post("/console/wall/THERE/retire", headers=csrf).status_code == 404
    seen = sign_camera(here)
    moved = {"code": "HERE", "name": "x", "lat": "31.25", "lng": "121.05", "seen": seen}
    refused = client.post("/console/wall/HERE/edit", data=moved, headers=csrf)
    assert refused.status_code == 403
    assert "网格范围" in refused.text


def test_of_many_sites_the_dustiest_stand_on_the_wall(
    enter: Callable[..., "TestClient"],
    add: Callable[..., Camera],
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.web.dust_view.MOST_SITES", 2)
    for count in range(4):
        add(f"S-{count}", "live", place="site", site=f"工地{count}")
    client = enter()
    see(services, "S-3", "site_dust", started_at=services.clock() - timedelta(minutes=1))
    start = services.clock() - timedelta(hours=2)
    see(services, "S-2", "site_dust", started_at=start)
    over = {"state": "cleared", "ended_at": start + timedelta(hours=1)}
    see(services, "S-0", "site_dust", started_at=start, **over)
    page = client.get("/console/wall/tiles").text
    assert re.findall(r'<th scope="row"><a [^>]*>(工地\d)', page) == ["工地2", "工地3"], (
        "dust now before dust that is over"
    )
    assert "2 / 4" in page
    page = client.get("/console/wall/tiles?site=工地1").text
    assert re.findall(r'<th scope="row"><a [^>]*>(工地\d)', page) == ["工地1"]
    assert "wall-more-sites" not in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wall_in_a_duty_room_stays_on_until_the_session_ends_by_its_hours(
    enter: Callable[..., "TestClient"], services: Services, clock: "SetClock"
) -> None:
    client = enter("auditor")
    tiles = {"HX-Request": "true"}
    for _ in range(int(services.settings.session_hours * 2) - 1):
        clock.advance(minutes=30)
        assert client.get("/console/wall/tiles", headers=tiles).status_code == 200
    clock.advance(minutes=30)
    ended = client.get("/console/wall/tiles", headers=tiles)
    assert (ended.status_code, "hx-redirect" in ended.headers) == (401, True)
