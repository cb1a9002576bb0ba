"""A case is closed with an after-photo, on the real server and both databases."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

LAT, LNG = 31.2304, 121.4737
PATIENCE_S = 60
PATIENCE_MS = 60_000
SignIn = Callable[..., Page]


def report_bin(server: Any, photo: bytes) -> str:
    """Hand in one report; return its case's id."""
    citizen = server.client(server.make_key("citizen-intake"))
    citizen.post(
        "/v1/reports",
        files={"photo": ("bin.jpg", photo, "image/jpeg")},
        data={"lat": LAT, "lng": LNG},
    ).raise_for_status()
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = server.client().get("/v1/cases").json()["items"]
        if found:
            case_id: str = found[0]["id"]
            return case_id
        time.sleep(0.1)
    raise AssertionError("no case was opened")


def find_violations(page: Page) -> list[str]:
    found = Axe().run(page, context="#closing").response["violations"]
    return [f"{one['id']}: {node['target']}" for one in found for node in one["nodes"]]


def open_case(page: Page, url: str) -> None:
    # Blurring its photos takes the server seconds on a busy machine.
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url, wait_until="domcontentloaded")


def hand_in(handler: Page, files: dict[str, Path], screenshots: Path) -> None:
    """Stand there with a phone: show the bin as it was, then the clean place on a bad line."""
    closing = handler.locator("#closing")
    send = closing.get_by_role("button", name="提交并核查")
    send.tap()
    expect(closing.get_by_role("alert")).to_have_text("请先选择照片。")
    closing.get_by_label("照片", exact=True).set_input_files(files["dirty"])
    expect(closing.get_by_alt_text("选中的照片")).to_be_visible()
    closing.get_by_role("button", name="附上我的位置").tap()
    expect(closing.get_by_text("已定位，误差约 12 米。")).to_be_visible()
    closing.screenshot(path=screenshots / "after-photo-phone-zh.png")
    assert find_violations(handler) == []
    send.tap()
    expect(closing.get_by_text("✗ 未处置")).to_be_visible()
    handler.wait_for_load_state("domcontentloaded")  # The page loaded anew; its scripts have run.
    expect(closing.get_by_text("处置后照片中仍有该问题（垃圾满溢）")).to_be_visible()
    assert handler.evaluate("document.documentElement.scrollWidth") <= 360

    # The line goes dead for a moment; the photo stays chosen and is sent with the next press.
    closing.get_by_label("照片", exact=True).set_input_files(files["clean"])
    closing.get_by_role("button", name="附上我的位置").tap()
    expect(closing.get_by_text("已定位")).to_be_visible()
    handler.context.set_offline(True)
    send.tap()
    expect(closing.get_by_role("alert")).to_contain_text("网络不通")
    handler.context.set_offline(False)
    send.tap()
    expect(closing.get_by_role("heading", name="以前的核查")).to_be_visible()
    expect(closing.locator(".outcome").first).not_to_contain_text("未处置")
    closing.screenshot(path=screenshots / "after-photo-phone-checked-zh.png")


def compare(dispatcher: Page, screenshots: Path) -> None:
    """Look at before and after: by keyboard, by mouse, side by side."""
    closing = dispatcher.locator("#closing")
    slider = closing.get_by_role("slider")
    slider.focus()
    for _ in range(10):
        dispatcher.keyboard.press("ArrowRight")
    expect(slider).to_have_value("60")
    after = closing.locator("figure.after")
    expect(after).to_have_css("clip-path", "inset(0px 0px 0px 60%)")
    expect(slider).to_have_attribute("aria-valuetext", "before 60 %")
    for picture in closing.locator("#compare img").all():
        expect(picture).to_have_js_property("complete", True)
    closing.screenshot(path=screenshots / "slider-en.png")
    closing.locator("#compare").scroll_into_view_if_needed()
    frame = closing.locator("#compare").bounding_box()
    assert frame is not None
    dispatcher.mouse.move(frame["x"] + 0.3 * frame["width"], frame["y"] + frame["height"] / 2)
    dispatcher.mouse.down()
    dispatcher.mouse.up()
    expect(slider).to_have_value(re.compile("^(29|30|31)$"))
    closing.get_by_label("Side by side").check()
    expect(after).to_have_css("clip-path", "none")
    closing.screenshot(path=screenshots / "side-by-side-en.png")
    assert find_violations(dispatcher) == []
    closing.get_by_label("Side by side").uncheck()


def decide_by_key(page: Page, key: str) -> None:
    page.wait_for_load_state("domcontentloaded")  # The scripts have run.
    page.locator("main").focus()
    page.keyboard.press(key)
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Enter")  # A reason may be given and need not: the check says resolved.


def test_a_dispatcher_closes_a_case_with_an_after_photo(
    start_server: Callable[..., Any],
    database_url: str,
    bin_photos: tuple[bytes, ...],
    clean_photo: bytes,
    sign_in: SignIn,
    screenshots: Path,
    tmp_path: Path,
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    server = start_server(database_url)
    case_id = report_bin(server, bin_photos[0])
    path = f"/console/cases/{case_id}"
    files = {"dirty": tmp_path / "dirty.jpg", "clean": tmp_path / "clean.jpg"}
    files["dirty"].write_bytes(bin_photos[1])
    files["clean"].write_bytes(clean_photo)
    decide = server.client(server.make_key("operator"))
    for move in ("verify", "file", "dispatch"):
        decide.post(f"/v1/cases/{case_id}/moves", json={"move": move}).raise_for_status()

    handler = sign_in(
        server.url,
        server.make_key("handler"),
        "/console/ledger",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        geolocation={"latitude": LAT, "longitude": LNG, "accuracy": 12},
        permissions=["geolocation"],
    )
    open_case(handler, server.url + path)
    hand_in(handler, files, screenshots)
    for move in ("handle", "report_back"):
        decide.post(f"/v1/cases/{case_id}/moves", json={"move": move}).raise_for_status()

    dispatcher = sign_in(
        server.url,
        server.make_key("operator"),
        "/console/ledger",
        viewport={"width": 1280, "height": 800},
    )
    open_case(dispatcher, f"{server.url}/language?to=en&back={path}")
    compare(dispatcher, screenshots)
    for key, state in (("c", "waits to be closed"), ("z", "closed")):
        decide_by_key(dispatcher, key)
        expect(dispatcher.locator("h1")).to_contain_text(state)
    assert decide.get(f"/v1/cases/{case_id}").json()["state"] == "closed"
    expect(dispatcher.locator("#after-photo")).to_have_count(0)
    expect(dispatcher.locator("#closing")).to_be_visible()
    assert server.stop() == 0
