"""What the queue and the case page do by themselves in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

LAT, LNG = 31.2304, 121.4737
MakeKey = Callable[..., dict[str, str]]
REFRESH = """htmx.ajax("GET", document.getElementById("queue-list").getAttribute("hx-get"),
    {source: "#queue-list", target: "#queue-list", swap: "outerHTML"})"""


def check_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert not violations, [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]])
        for one in violations
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_next_case_opens_only_for_who_wants_it(
    app_url: str, client: Any, make_key: MakeKey, sign_in: Callable[..., Page]
) -> None:
    intake = make_key("citizen-intake")
    for n in range(2):
        form = {"service_code": "overflowing_bin", "lat": LAT + n / 100, "long": LNG}
        client.post("/open311/v2/requests.json", data=form, headers=intake).raise_for_status()
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    page = sign_in(app_url, key, "/console/queue")
    page.get_by_role("link", name="开始处理").click()
    page.wait_for_load_state()
    number = page.locator("h1 .number").inner_text()
    page.get_by_label("处理后自动打开下一件").uncheck()
    page.keyboard.press("a")
    expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    expect(page.locator("h1 .number")).to_have_text(number)
    page.reload()
    expect(page.get_by_label("处理后自动打开下一件")).not_to_be_checked()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_place_is_corrected_by_the_keyboard_and_on_the_map(
    app_url: str, client: Any, make_key: MakeKey, sign_in: Callable[..., Page]
) -> None:
    intake = make_key("citizen-intake")
    form = {"service_code": "site_dust", "lat": LAT, "long": LNG, "description": "<b>灰</b>"}
    client.post("/open311/v2/requests.json", data=form, headers=intake).raise_for_status()
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    page = sign_in(app_url, key, "/console/queue/next")
    page.wait_for_load_state("load")
    page.keyboard.press("i")
    pin = page.locator("#correct-map .leaflet-marker-icon")
    expect(pin).to_be_visible()
    page.locator("#correct-map").click(position={"x": 150, "y": 20})
    assert float(page.get_by_label("纬度 (WGS-84)").input_value()) > LAT
    page.get_by_label("纬度 (WGS-84)").fill("31.25")
    page.get_by_label("经度").fill("121.5")
    page.get_by_label("地址").fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    expect(page.locator(".facts")).to_contain_text("31.250000, 121.500000")
    expect(page.locator(".facts")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".own-words").first).to_have_text("<b>灰</b>")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_queue_brings_itself_up_to_date_and_the_focus_stays(
    app_url: str, client: Any, make_key: MakeKey, sign_in: Callable[..., Page]
) -> None:
    intake = make_key("citizen-intake")

    def report(n: int) -> None:
        form = {"service_code": "overflowing_bin", "lat": LAT + n / 100, "long": LNG}
        client.post("/open311/v2/requests.json", data=form, headers=intake).raise_for_status()

    report(1)
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    page = sign_in(app_url, key, "/console/queue")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    link = row.locator("a")
    link.focus()
    focused = link.get_attribute("id")
    report(2)
    page.evaluate(REFRESH)
    expect(row).to_have_count(2)
    assert page.evaluate("document.activeElement.id") == focused


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_handler_works_on_a_phone(
    app_url: str,
    client: Any,
    make_key: MakeKey,
    sign_in: Callable[..., Page],
    screenshots: Path,
) -> None:
    form = {
        "service_code": "overflowing_bin",
        "lat": LAT,
        "long": LNG,
        "address_string": "https://example.com/" + "x" * 150,
    }
    intake, operator = make_key("citizen-intake"), make_key("operator")
    client.post("/open311/v2/requests.json", data=form, headers=intake).raise_for_status()
    case = client.get("/v1/cases", headers=operator).json()["items"][0]
    for move in ("verify", "file", "dispatch"):
        address = f"/v1/cases/{case['id']}/moves"
        client.post(address, json={"move": move}, headers=operator).raise_for_status()
    key = make_key("handler")["Authorization"].removeprefix("Bearer ")
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
    page = sign_in(app_url, key, "/console/queue", **phone)
    for name in ("queue", "case"):
        page.wait_for_load_state("networkidle")
        page.screenshot(path=screenshots / f"{name}-phone.png", full_page=True)
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        if name == "queue":
            page.get_by_role("link", name=case["number"]).click()
    page.get_by_role("button", name="处理完毕").click()
    expect(page.get_by_role("button", name="处理反馈")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_chosen_last_counts_not_what_was_typed_before(
    app_url: str, client: Any, make_key: MakeKey, sign_in: Callable[..., Page]
) -> None:
    intake = make_key("citizen-intake")
    for n in range(2):
        form = {"service_code": "overflowing_bin", "lat": LAT + 0.0006 * n, "long": LNG}
        client.post("/open311/v2/requests.json", data=form, headers=intake).raise_for_status()
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    page = sign_in(app_url, key, "/console/queue/next")
    page.wait_for_load_state("load")
    page.keyboard.press("m")
    number, twin = page.locator("#merge-number"), page.locator("#merge-dialog [name=other]")
    number.fill("2026-999999")
    twin.check()
    expect(number).to_have_value("")
    number.fill("2026-9")
    expect(twin).not_to_be_checked()
    twin.check()
    page.locator("#merge-dialog").get_by_role("button", name="合并").click()
    expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
