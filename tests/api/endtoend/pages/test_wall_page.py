"""The wall in a browser: it keeps itself fresh, leads to cases, and says what falls silent."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.cameras.watching import Heartbeat, record_heartbeat
from api.services import Services
from api.web.wall_view import PAGE_CAMERAS
from tests.api.endtoend.pages import camera_street
from tests.api.endtoend.pages.camera_street import (
    ADMIN,
    SIZE,
    MakeKey,
    SignIn,
    bare,
    frame,
    only_sqlite,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

A_ROUND_MS = 40_000
"""The wall asks every 15 s; two rounds and some."""

pool = pytest.fixture(camera_street.pool)
street = pytest.fixture(camera_street.street)


def check_axe(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


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
    page.wait_for_load_state("networkidle")  # The pictures are lazy.
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
def test_a_silent_camera_that_comes_from_the_second_page_is_said(
    services: Services,
    client: "TestClient",
    clock: Any,
    app_url: str,
    make_key: MakeKey,
    sign_in: SignIn,
) -> None:
    codes = [f"A-{number:03}" for number in range(PAGE_CAMERAS + 1)]
    for code in codes:
        body = {"code": code, "name": code, "place": "street"}
        answer = client.post("/v1/cameras", json=body, headers=make_key("admin"))
        assert answer.status_code == 201
        record_heartbeat(services, ADMIN, code, Heartbeat("live"))
    page = sign_in(app_url, bare(make_key("operator")), "/console/wall", viewport=SIZE)
    last = page.locator(f"[data-code={codes[-1]}]")
    expect(page.locator(".tile")).to_have_count(PAGE_CAMERAS)
    expect(last).to_have_count(0)
    clock.advance(minutes=4)
    for code in codes[:-1]:
        record_heartbeat(services, ADMIN, code, Heartbeat("live"))
    clock.advance(minutes=2)
    news = page.locator("#wall-news p")
    pause = page.get_by_role("button", name="暂停刷新")
    pause.click()
    pause.click()  # It looks at once.
    expect(last).to_have_attribute("data-state", "offline")
    expect(news).to_contain_text([f"{codes[-1]} 离线"])
    pause.click()
    with page.expect_response("**/console/wall/tiles*"):
        pause.click()
    expect(news).to_have_count(1)  # It is said once.


@only_sqlite
def test_a_click_leads_to_the_case_of_an_open_incident(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("operator")), "/console/wall", viewport=SIZE)
    tile = page.locator("[data-code=HP-0137]")
    tile.get_by_role("link", name="垃圾满溢").click()
    page.wait_for_url(re.compile("/console/cases/[0-9a-f-]{36}$"))


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
