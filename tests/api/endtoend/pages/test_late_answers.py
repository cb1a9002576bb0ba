"""Answers that come after somebody has gone on: nothing is taken for saved that was not sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.endtoend.pages.network import hold

MakeKey = Callable[..., dict[str, str]]
SignIn = Callable[..., Page]
OpenPage = Callable[..., Page]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DRAWN_WHILE_SAVING = """async () => {
  const { History } = await import("/static/any/js/boxes_model.js");
  const history = new History([], []);
  history.remember();
  history.items.push({ key: "1" });
  const sent = history.present;
  history.remember();
  history.items.push({ key: "2" });
  history.markSaved(sent);
  const dirty = history.isDirty;
  history.undo();
  const undone = [history.isDirty, history.items.length];
  history.markSaved(history.present);
  return [dirty, undone, history.isDirty, history.past.length];
}"""

PRESSED_TWICE = """(name) => {
  let sent = 0;
  window.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) sent += 1;
    event.preventDefault();
  });
  for (const _ of [1, 2]) document.querySelector(name).click();
  return sent;
}"""


def test_a_box_drawn_while_others_are_saved_is_not_saved(
    app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    page = sign_in(app_url, _secret(make_key("operator")))
    assert page.evaluate(DRAWN_WHILE_SAVING) == [True, [False, 1], False, 0]


def test_a_preview_of_a_file_that_was_changed_meanwhile_is_not_shown(
    app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), "/console/admin/imports/grid")
    held = hold(page, "**/imports/grid/preview")
    files = page.locator("#grid-form input[type=file]")
    files.set_input_files(_file("old.geojson"))
    with page.expect_request("**/imports/grid/preview"):
        page.locator("#grid-form button").first.click()
    files.set_input_files(_file("new.geojson"))
    with page.expect_response("**/imports/grid/preview"):
        held.pop().continue_()
    expect(page.locator("#grid-form")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#grid-preview")).to_be_hidden()
    page.unroute("**/imports/grid/preview")
    page.locator("#grid-form button").first.click()
    expect(page.locator("#grid-preview")).to_be_visible()


def test_what_was_said_of_one_file_of_rules_is_not_said_of_another(
    app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), "/console/admin/rules")
    said = page.locator("#rules-result")
    files = page.get_by_label("检查改过的文件")
    button = page.get_by_role("button", name="检查", exact=True)
    files.set_input_files(_rules("a: ["))
    button.click()
    expect(said).to_contain_text("YAML")
    files.set_input_files(_rules("b: ["))
    expect(said).to_be_empty()
    held = hold(page, "**/rules/check")
    with page.expect_request("**/rules/check"):
        button.click()
    files.set_input_files(_rules("c: ["))
    with page.expect_response("**/rules/check"):
        held.pop().continue_()
    expect(page.locator("#rules-check")).not_to_have_attribute("aria-busy", "true")
    expect(said).to_be_empty()


@pytest.mark.parametrize("address", ["rules", "imports/grid", "imports/toilets"])
def test_a_file_that_was_not_sent_is_to_be_chosen_again(
    app_url: str, make_key: MakeKey, sign_in: SignIn, address: str
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), f"/console/admin/{address}")
    page.locator("main input[type=file]").set_input_files(_file("file.json"))
    # As Chromium gives up a file that was written to after it was chosen
    page.route("**/console/admin/**", lambda route: route.abort())
    page.locator("form:has(input[type=file]) button").first.click()
    expect(page.locator("#messages")).to_contain_text("请重新选择文件")


def test_a_preview_is_read_without_its_map(
    app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), "/console/admin/imports/grid")
    page.route("**/leaflet.js", lambda route: route.abort())
    page.locator("#grid-form input[type=file]").set_input_files(_file("cells.geojson"))
    page.locator("#grid-form button").first.click()
    expect(page.locator("#messages")).to_have_text("地图暂时打不开。")
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("已导入 1 个网格")).to_be_visible()


def test_a_form_pressed_twice_goes_out_once(
    app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), "/console/admin/keys")
    page.get_by_label("使用人").fill("环卫三队")
    assert page.evaluate(PRESSED_TWICE, "[aria-labelledby=new-key] button") == 1


def test_toilets_are_looked_for_where_it_was_reported_even_before_that_is_known(
    app_url: str, open_browser: OpenPage, write_jpeg: Callable[..., Path], tmp_path: Path
) -> None:
    here = {"latitude": 31.2304, "longitude": 121.4737}
    page = open_browser(app_url, permissions=["geolocation"], geolocation=here)
    page.set_input_files("#choose", write_jpeg(tmp_path / "photo.jpg"))
    page.locator("#locate").click()
    expect(page.locator("#place-said")).to_contain_text("31.23040")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    link = page.locator("#follow-link").input_value()
    page.context.set_geolocation({"latitude": 39.9, "longitude": 116.4})

    again = page.context.new_page()
    held = hold(again, "**/v1/reports/*")
    with again.expect_request("**/v1/reports/*"):
        again.goto(link)
    again.get_by_role("button", name="查找附近公厕").click()
    expect(again.locator("#toilets-said")).to_have_text("正在查找……")
    with again.expect_request("**/v1/toilets?lat=31.*"):
        held.pop().continue_()
    expect(again.locator("#toilets-said")).to_have_text("5 公里内没有登记的公厕。")


def _rules(text: str) -> Any:
    return {"name": "rules.yaml", "mimeType": "application/yaml", "buffer": text.encode()}


def _file(name: str) -> Any:
    ring = [[121.4, 31.2], [121.5, 31.2], [121.5, 31.3], [121.4, 31.3], [121.4, 31.2]]
    cell = {
        "type": "Feature",
        "properties": {"code": "310101001001", "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    content = json.dumps({"type": "FeatureCollection", "features": [cell]}).encode()
    return {"name": name, "mimeType": "application/geo+json", "buffer": content}


def _secret(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")
