"""The wall of cameras: who sees which, in which order, and what it says of each."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.cameras.camera import Camera
from api.cameras.incidents import IncidentNews, record_incident
from api.cameras.watching import Heartbeat, record_heartbeat, register_camera, retire_camera
from api.cases.grid import parse_grid
from api.ids import new_id
from api.principal import Principal
from api.services import Services

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.api.conftest import SetClock

MakeKey = Callable[..., dict[str, str]]
ADMIN = Principal("admin", "an administrator", "admin")
NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def square(code: str, lat: float, lng: float) -> dict[str, Any]:
    ring = [[lng, lat], [lng + 0.1, lat], [lng + 0.1, lat + 0.1], [lng, lat + 0.1], [lng, lat]]
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture
def enter(client: "TestClient", make_key: MakeKey) -> Callable[..., "TestClient"]:
    """Return a function that signs the client in."""

    def sign_in(role: str = "operator", grids: tuple[str, ...] = ()) -> "TestClient":
        key = make_key(role, grids=grids)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
        assert answer.status_code == 303
        return client

    return sign_in


@pytest.fixture
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
    clock: Any, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    add("A", "live")
    clock.advance(minutes=4)
    client = enter()
    assert 'data-state="live"' in client.get("/console/wall").text
    clock.advance(minutes=2)
    text = client.get("/console/wall").text
    assert 'data-state="offline"' in text
    assert "离线" in text
    assert "2026-03-02 09:00" in text


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
    moved = {"code": "HERE", "name": "x", "lat": "31.25", "lng": "121.05"}
    refused = client.post("/console/wall/HERE/edit", data=moved, headers=csrf)
    assert refused.status_code == 403
    assert "网格范围" in refused.text


def test_a_camera_page_tells_its_incidents_its_states_and_how_to_watch_it(
    services: Services,
    clock: Any,
    enter: Callable[..., "TestClient"],
    add: Callable[..., Camera],
) -> None:
    camera = add("HP-1", "live", hours=(("06:00", "22:00"),), labels=("site_dust",), site="滨江")
    clock.advance(minutes=1)
    record_heartbeat(services, ADMIN, "HP-1", Heartbeat("moved"))
    for count in range(25):
        at = services.clock() - timedelta(hours=count + 1)
        see(
            services, "HP-1", "overflowing_bin", id=f"old-{count}", state="cleared",
            started_at=at, ended_at=at + timedelta(minutes=5),
        )  # fmt: skip
    case_id = see(services, "HP-1", "street_vending")
    client = enter("admin")
    text = client.get("/console/wall/HP-1").text
    assert text.index("占道经营</span>") < text.index("垃圾满溢</span>")
    assert f"/console/cases/{case_id}" in text
    assert "视角已偏移" in text
    assert "code: &#34;HP-1&#34;" in text
    assert text.count("已消失") == 20
    following = re.search(r'href="\?cursor=([\w-]+)"', text)
    assert following
    second = client.get(f"/console/wall/{camera.id}?cursor={following[1]}").text
    assert second.count("已消失") == 5
    assert "占道经营</span>" not in second
    assert client.get("/console/wall/HP-1?cursor=nonsense").status_code == 422
    reader = enter("operator").get("/console/wall/HP-1").text
    assert "/edit" not in reader
    assert "url_file" not in reader


def test_the_dust_of_a_site_is_drawn_and_told_in_a_table(
    services: Services,
    clock: Any,
    enter: Callable[..., "TestClient"],
    add: Callable[..., Camera],
) -> None:
    add("S-1", "live", place="site", site="滨江 三期/甲")
    add("S-2", "live", place="site", site="滨江 三期/甲")
    now = services.clock()
    for code, begun, ended in (("S-1", 120, 60), ("S-2", 90, 30)):
        see(
            services, code, "site_dust", state="cleared",
            started_at=now - timedelta(minutes=begun), ended_at=now - timedelta(minutes=ended),
        )  # fmt: skip
    client = enter()
    wall = client.get("/console/wall").text
    assert "1小时30分钟" in wall
    link = re.search(r'href="(/console/wall/sites/[^"]+)"', wall)
    assert link
    for over in ("day", "week"):
        page = client.get(f"{link[1]}?over={over}")
        assert page.status_code == 200
        assert "共见扬尘" in page.text
        assert page.text.count('class="dust"') == 2
        assert re.search(r'<td class="number">90</td>', page.text)
        assert codes(page.text) == ["S-1", "S-2"]
    see(services, "S-1", "site_dust")
    clock.advance(minutes=10)
    assert 'class="dust open"' in client.get(link[1]).text
    assert client.get("/console/wall/sites/没有").status_code == 404
    assert client.get(f"{link[1]}?over=year").status_code == 422


FORM = {
    "code": "HP-0137", "name": "南京东路 100 号路口", "place": "site", "site": "滨江三期",
    "lat": "31.2304", "lng": "121.4737", "labels": ["site_dust", "overflowing_bin"],
    "hours_from": ["06:00", "14:00", ""], "hours_to": ["12:00", "22:00", ""],
}  # fmt: skip


def test_a_manager_registers_changes_and_retires_a_camera(
    services: Services, enter: Callable[..., "TestClient"], make_key: MakeKey
) -> None:
    client = enter("admin")
    csrf = {"X-CSRF-Token": token(client.get("/console/wall/new").text)}
    made = client.post("/console/wall/new", data=FORM, headers=csrf, follow_redirects=False)
    assert made.status_code == 303
    api = make_key("admin")
    camera = client.get("/v1/cameras/HP-0137", headers=api).json()
    assert camera["hours"] == [["06:00", "12:00"], ["14:00", "22:00"]]
    assert camera["labels"] == ["site_dust", "overflowing_bin"]
    assert camera["position"] == {"lat": 31.2304, "lng": 121.4737}
    assert made.headers["location"] == f"/console/wall/{camera['id']}"
    zones = [{"points": [[0, 0], [1, 0], [1, 1]], "kind": "include", "labels": [], "name": None}]
    client.patch("/v1/cameras/HP-0137", json={"zones": zones}, headers=api)
    edit = client.get("/console/wall/HP-0137/edit").text
    assert 'value="31.2304000"' in edit
    changed = FORM | {"name": "新名", "lat": "", "lng": "", "site": "", "place": "street"}
    done = client.post("/console/wall/HP-0137/edit", data=changed, headers=csrf)
    assert done.status_code == 200
    camera = client.get("/v1/cameras/HP-0137", headers=api).json()
    assert (camera["name"], camera["position"], camera["site"]) == ("新名", None, None)
    assert camera["zones"] == zones
    done = client.post("/console/wall/HP-0137/retire", headers=csrf)
    assert "停用" in done.text
    with services.database.read() as connection:
        from api.store.cameras import find_camera

        found = find_camera(connection, "HP-0137")
        assert found is not None
        assert found.retired_at is not None


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        ({"code": "a b"}, "编号须为", "The code has"),
        ({"code": ""}, "编号须为", "The code has"),
        ({"name": " "}, "名称须填写", "The name must"),
        ({"lat": "north"}, "经纬度须同时填写", "Fill in both"),
        ({"lng": ""}, "经纬度须同时填写", "Fill in both"),
        ({"lat": "nan"}, "经纬度须同时填写", "Fill in both"),
        ({"hours_to": ["", "22:00", ""]}, "每个时段", "Each span"),
        ({"hours_to": ["15:00", "22:00", ""]}, "监看时段有误", "begins before"),
        ({"labels": ["potholes"]}, "识别类别不在", "no label"),
        ({"place": "moon"}, "安装类型", "Choose what"),
        ({"code": "TAKEN"}, "已被使用", "already"),
    ],
)
def test_a_form_that_makes_no_sense_comes_back_with_what_was_typed(
    enter: Callable[..., "TestClient"],
    add: Callable[..., Camera],
    change: dict[str, Any],
    zh: str,
    en: str,
) -> None:
    add("TAKEN")
    client = enter("admin")
    csrf = {"X-CSRF-Token": token(client.get("/console/wall/new").text)}
    for language, words in (("zh", zh), ("en", en)):
        headers = csrf | {"Accept-Language": language}
        answer = client.post("/console/wall/new", data=FORM | change, headers=headers)
        assert answer.status_code in (409, 422)
        assert words in answer.text
        assert 'value="滨江三期"' in answer.text
        assert 'value="14:00"' in answer.text
    assert codes(client.get("/console/wall").text) == ["TAKEN"]


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


def test_only_a_manager_may_change_cameras(
    enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    add("A")
    client = enter("operator")
    page = client.get("/console/wall").text
    assert "/console/wall/new" not in page
    csrf = {"X-CSRF-Token": token(page)}
    for path in ("new", "A/edit", "A/zones"):
        assert client.get(f"/console/wall/{path}").status_code == 403
    for path in ("new", "A/edit", "A/retire"):
        assert client.post(f"/console/wall/{path}", data=FORM, headers=csrf).status_code == 403
    zones: dict[str, Any] = {"seen": "", "zones": []}
    assert client.post("/console/wall/A/zones", json=zones, headers=csrf).status_code == 403
    client = enter("admin")
    assert client.post("/console/wall/A/retire").status_code == 403  # No token
    forged = {"X-CSRF-Token": "x" * 43}
    assert client.post("/console/wall/new", data=FORM, headers=forged).status_code == 403
    client.cookies.clear()
    answer = client.get("/console/wall", follow_redirects=False)
    assert answer.headers["location"].startswith("/console/login")


def test_names_are_text_and_never_markup(
    services: Services, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    camera = add("X'\"<b>", "live", name=NASTY, site=NASTY, place="site")
    see(services, camera.id, "site_dust")
    client = enter("admin")
    link = re.search(r'href="(/console/wall/sites/[^"]+)"', client.get("/console/wall").text)
    assert link
    assert client.get(link[1]).status_code == 200
    one = f"/console/wall/{camera.id}"
    for path in ("/console/wall", "/console/wall?by_site=true", one, f"{one}/edit", f"{one}/zones",
                 link[1]):  # fmt: skip
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>" not in text
        assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", text)
