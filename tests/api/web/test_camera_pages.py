"""The pages of one camera and of one site: incidents, states, dust, and names that stay text."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from api.cameras.camera import Camera
from api.cameras.watching import Heartbeat, record_heartbeat, retire_camera
from api.services import Services
from tests.api.web import camera_wall
from tests.api.web.camera_wall import ADMIN, codes, see

if TYPE_CHECKING:
    from starlette.testclient import TestClient

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'

enter = pytest.fixture(camera_wall.enter)
add = pytest.fixture(camera_wall.add)


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
    clock.advance(minutes=4)
    assert 'class="dust open"' in client.get(link[1]).text
    assert client.get("/console/wall/sites/没有").status_code == 404
    assert client.get(f"{link[1]}?over=year").status_code == 422


def test_dust_is_not_counted_while_nobody_watches(
    services: Services, clock: Any, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    add("S-1", "live", place="site", site="滨江三期")
    see(services, "S-1", "site_dust", started_at=services.clock() - timedelta(minutes=30))
    client = enter()
    site = "/console/wall/sites/滨江三期"
    for address in ("/console/wall/tiles", site):
        assert "正在扬尘" in client.get(address).text
    clock.advance(minutes=25)
    for address in ("/console/wall/tiles", site):
        page = client.get(address).text
        assert "30分钟" in page
        assert "正在扬尘" not in page
        assert "仍在继续" not in page


def test_dust_that_a_retired_camera_saw_is_not_forgotten(
    services: Services, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    now = services.clock()
    for code in ("S-1", "S-2"):
        add(code, "live", place="site", site="滨江三期")
    begun, ended = now - timedelta(minutes=50), now - timedelta(minutes=9)
    see(services, "S-1", "site_dust", state="cleared", started_at=begun, ended_at=ended)
    retire_camera(services, ADMIN, "S-1")
    client = enter()
    tiles = client.get("/console/wall/tiles").text
    assert "41分钟" in tiles
    assert re.search(r'滨江三期</a></th><td class="number">1</td>', tiles)
    page = client.get("/console/wall/sites/滨江三期").text
    assert "41分钟" in page
    assert codes(page) == ["S-2"]
    retire_camera(services, ADMIN, "S-2")
    answer = client.get("/console/wall/sites/滨江三期")
    assert answer.status_code == 200
    assert codes(answer.text) == ["S-1", "S-2"]
    assert ">S-2</a></th><td>" not in answer.text  # It saw nothing.


def test_a_site_shows_all_its_dust_whatever_state_is_asked_for(
    services: Services, enter: Callable[..., "TestClient"], add: Callable[..., Camera]
) -> None:
    add("S-1", "live", place="site", site="滨江三期")
    add("S-2", "frozen", place="site", site="滨江三期")
    add("S-3", "live", place="site", site="别处")
    see(services, "S-1", "site_dust", started_at=services.clock() - timedelta(minutes=30))
    page = enter().get("/console/wall/tiles?state=frozen").text
    assert codes(page) == ["S-2"]
    assert "正在扬尘" in page
    assert re.search(r'滨江三期</a></th><td class="number">2</td>', page)
    assert "/console/wall/sites/" + quote("别处") not in page


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
