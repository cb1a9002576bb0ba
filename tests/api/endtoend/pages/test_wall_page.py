"""The wall in a browser: it keeps itself fresh, leads to cases, and zones are drawn on it."""

import io
import re
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from api.cameras.incidents import IncidentNews, record_incident
from api.cameras.watching import Heartbeat, record_heartbeat
from api.principal import Principal
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.services import Services

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
SignIn = Callable[..., Page]
FRAMES = Path(__file__).parents[4] / "demo" / "camera"
ADMIN = Principal("admin", "an administrator", "admin")
SIZE = {"width": 1280, "height": 800}
A_ROUND_MS = 40_000
"""The wall asks every 15 s; two rounds and some."""
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class ShrinkingPool(FakePool):
    """Shows pictures as they are, only smaller."""

    def picture(self, data: bytes, request: PictureRequest) -> "Future[bytes]":
        image = Image.open(io.BytesIO(data)).convert("RGB")
        image.thumbnail((request.longest_side_px, request.longest_side_px))
        stream = io.BytesIO()
        image.save(stream, "JPEG")
        future: Future[bytes] = Future()
        future.set_result(stream.getvalue())
        return future


@pytest.fixture
def pool() -> FakePool:
    return ShrinkingPool()


def bare(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def frame(name: str) -> bytes:
    return (FRAMES / f"camera_{name}.jpg").read_bytes()


def check_axe(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.fixture
def street(services: Services, client: "TestClient", make_key: MakeKey, clock: Any) -> Services:
    """Seven cameras, one in each state, two building sites with dust."""
    admin = make_key("admin")
    rows: list[tuple[str, str, str | None, Any, str | None]] = [
        ("HP-0137", "南京东路 100 号路口", None, "live", "bin"),
        ("HP-0138", "福州路书城门前", None, "frozen", "ads"),
        ("HP-0139", "云南南路美食街", None, "moved", "stall"),
        ("HP-0140", "人民广场 2 号口", None, "black", None),
        ("HP-0141", "广东路人行天桥", None, None, None),
        ("SITE-1", "滨江三期东门", "滨江三期", "live", "tidy"),
        ("SITE-2", "滨江三期塔吊", "滨江三期", "blurred", "tidy"),
        ("SITE-9", "轨交 14 号线工地南门", "轨交 14 号线", "live", "tidy"),
    ]
    for code, name, site, state, picture in rows:
        body = {
            "code": code, "name": name, "site": site, "place": "site" if site else "street",
            "hours": [["06:00", "22:00"]],
            "zones": [{"points": [[0.05, 0.45], [0.9, 0.4], [0.95, 0.95], [0, 0.9]], "name": "道"},
                      {"points": [[0.6, 0.5], [0.8, 0.5], [0.8, 0.7]], "kind": "exclude"}],
        }  # fmt: skip
        assert client.post("/v1/cameras", json=body, headers=admin).status_code == 201
        if state is not None:
            photo = None if picture is None else frame(picture)
            record_heartbeat(services, ADMIN, code, Heartbeat(state), photo)
    now = clock.now
    for code, label, begun, ended in (
        ("SITE-1", "site_dust", 400, 340), ("SITE-1", "site_dust", 130, 20),
        ("SITE-2", "site_dust", 150, 100), ("SITE-9", "site_dust", 35, None),
        ("SITE-1", "site_dust", 3000, 2900), ("HP-0137", "overflowing_bin", 12, None),
        ("HP-0137", "street_vending", 600, 500),
    ):  # fmt: skip
        ended_at = None if ended is None else now - timedelta(minutes=ended)
        news = IncidentNews(
            id=f"{code}.{begun}", camera=code, label=label, revision=1, frames=3,
            state="open" if ended is None else "cleared",
            started_at=now - timedelta(minutes=begun), ended_at=ended_at,
            peak={"score": 0.9, "box_xyxy": [1, 1, 9, 9]},
        )  # fmt: skip
        record_incident(services, ADMIN, news)
    return services


@only_sqlite
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_the_wall_looks_as_it_should(
    street: Services,
    app_url: str,
    make_key: MakeKey,
    open_browser: Callable[..., Page],
    screenshots: Path,
    language: str,
) -> None:
    del street
    page = open_browser(f"{app_url}/console/wall", locale=language, viewport=SIZE)
    page.locator("#key").fill(bare(make_key("admin")))
    page.locator("form .primary").click()
    page.wait_for_url("**/console/wall")
    tag = language[:2]
    expect(page.locator(".tile")).to_have_count(8)
    expect(page.locator(".tile").first).to_have_attribute("data-state", re.compile("black|frozen"))
    page.wait_for_load_state("networkidle")
    page.screenshot(path=screenshots / f"wall-{tag}.png", full_page=True)
    check_axe(page)
    for name, path in {
        "wall-by-site": "?by_site=true",
        "wall-site": "/sites/滨江三期",
        "wall-site-week": "/sites/滨江三期?over=week",
        "camera": "/HP-0137",
        "camera-never": "/HP-0141",
        "camera-form": "/SITE-1/edit",
        "zones": "/HP-0137/zones",
        "zones-moved": "/HP-0139/zones",
        "zones-blank": "/HP-0141/zones",
    }.items():
        page.goto(f"{app_url}/console/wall{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=screenshots / f"{name}-{tag}.png", full_page=True)
        check_axe(page)
    page.set_viewport_size({"width": 360, "height": 740})
    for name, path in {"wall": "", "camera": "/HP-0137", "site": "/sites/滨江三期"}.items():
        page.goto(f"{app_url}/console/wall{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=screenshots / f"phone-{name}-{tag}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@only_sqlite
def test_a_camera_that_falls_silent_is_said_and_nothing_flickers(
    street: Services, clock: Any, app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("operator")), "/console/wall", viewport=SIZE)
    link = page.get_by_role("link", name="HP-0137", exact=True)
    link.focus()
    picture = page.locator("[data-code=HP-0137] img")
    picture.evaluate("one => { one.mark = 'the same element'; }")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    clock.advance(minutes=6)
    expect(page.locator("#wall-news")).to_contain_text("HP-0137 离线", timeout=A_ROUND_MS)
    expect(page.locator("[data-code=HP-0137]")).to_have_attribute("data-state", "offline")
    expect(page.locator("#count-offline")).to_contain_text("7")
    expect(link).to_be_focused()
    expect(picture).to_have_js_property("mark", "the same element")
    assert not [url for url in asked if "/console/photos/" in url]
    page.get_by_role("button", name="暂停刷新").click()
    expect(page.get_by_role("button", name="暂停刷新")).to_have_attribute("aria-pressed", "true")


@only_sqlite
def test_a_click_leads_to_the_case_of_an_open_incident(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("operator")), "/console/wall", viewport=SIZE)
    tile = page.locator("[data-code=HP-0137]")
    tile.get_by_role("link", name="垃圾满溢").click()
    page.wait_for_url(re.compile("/console/cases/[0-9a-f-]{36}$"))


@only_sqlite
def test_zones_are_drawn_by_mouse_and_by_keyboard(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn, client: "TestClient"
) -> None:
    del street
    reader = make_key("operator")
    page = sign_in(app_url, bare(make_key("admin")), "/console/wall/HP-0140/zones", viewport=SIZE)

    def stored() -> Any:
        return client.get("/v1/cameras/HP-0140", headers=reader).json()["zones"]

    assert len(stored()) == 2
    for _ in range(2):
        page.get_by_role("button", name="删除此区域").click()
    page.get_by_role("button", name="新区域").click()
    box = page.locator("#drawing").bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.get_by_label("名称").fill("路面")
    page.get_by_role("checkbox", name="垃圾满溢").check()
    # A corner is dragged, and a side is given one more.
    corner = page.locator("[data-corner='2']")
    corner.hover()
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"], steps=4)
    page.mouse.up()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("区域已保存")
    (drawn,) = stored()
    assert drawn["name"] == "路面"
    assert drawn["labels"] == ["overflowing_bin"]
    wanted = [(0.2, 0.2), (0.8, 0.2), (0.9, 0.9), (0.2, 0.8)]
    for (x, y), (u, v) in zip(drawn["points"], wanted, strict=True):
        assert abs(x - u) < 0.01
        assert abs(y - v) < 0.01

    # By keyboard alone: the cross is moved, corners are set, one is moved by arrows.
    page.locator("#main").focus()
    page.keyboard.press("n")
    for keys in (["ArrowLeft"] * 5, ["ArrowRight"] * 10, ["ArrowDown"] * 8):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.keyboard.type("阴影")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")  # From 'include' to 'exclude'
    page.locator("[data-corner='2']").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_label("顶点 1 左").fill("12.5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="保存").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#unsaved")).to_be_hidden()
    expect(page.get_by_role("button", name="保存")).to_be_enabled()
    second = stored()[1]
    assert (second["name"], second["kind"]) == ("阴影", "exclude")
    assert second["points"] == [[0.125, 0.5], [0.6, 0.5], [0.62, 0.66]]


@only_sqlite
def test_a_zone_that_crosses_itself_is_told_and_stays(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("admin")), "/console/wall/HP-0141/zones", viewport=SIZE)
    page.get_by_role("button", name="加一个矩形").click()
    page.get_by_label("顶点 1 左").fill("90")
    page.get_by_label("顶点 1 上").fill("50")
    page.get_by_label("顶点 1 上").press("Tab")
    expect(page.locator("#drawing-news")).to_contain_text("相互交叉")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("3. 区域")
    expect(page.locator("#zone-list li")).to_have_count(3)
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("区域已保存")


@only_sqlite
def test_a_pin_on_the_map_is_where_a_camera_hangs(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("admin")), "/console/wall/new", viewport=SIZE)
    page.get_by_label("编号").fill("NEW-1")
    page.get_by_label("名称", exact=True).fill("新摄像机")
    page.locator("#place-map.leaflet-container").click(position={"x": 200, "y": 150})
    expect(page.get_by_label("纬度")).to_have_value(re.compile(r"\d+\.\d{7}"))
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="NEW-1 新摄像机")).to_be_visible()
    expect(page.get_by_text('code: "NEW-1"')).to_be_visible()


def test_a_camera_freezes_and_the_open_wall_says_so(
    database_url: str, start_server: Callable[..., Any], sign_in: SignIn, screenshots: Path
) -> None:
    server = start_server(database_url)
    admin = server.client()
    made = admin.post("/v1/cameras", json={"code": "HP-0137", "name": "南京东路 100 号路口"})
    assert made.status_code == 201
    watcher: httpx2.Client = server.client(server.make_key("camera"))

    def beat(state: str) -> None:
        photo = {"photo": ("frame.jpg", frame("bin"), "image/jpeg")}
        answer = watcher.post("/v1/cameras/HP-0137/heartbeat", data={"state": state}, files=photo)
        assert answer.status_code == 200, answer.text

    beat("live")
    page = sign_in(server.url, server.make_key("operator"), "/console/wall", viewport=SIZE)
    tile = page.locator("[data-code=HP-0137]")
    expect(tile).to_contain_text("正常")
    expect(tile.locator("img")).not_to_have_js_property("naturalWidth", 0, timeout=A_ROUND_MS)
    beat("frozen")
    expect(page.locator("#wall-news")).to_contain_text("HP-0137 画面冻结", timeout=A_ROUND_MS)
    expect(tile).to_contain_text("画面冻结")
    page.screenshot(path=screenshots / "wall-frozen.png")
