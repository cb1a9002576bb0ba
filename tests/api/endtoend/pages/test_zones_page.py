"""What is drawn of a camera in a browser: zones on its picture, and a pin where it hangs."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Request, Route, expect

from api.services import Services
from tests.api.endtoend.pages import camera_street
from tests.api.endtoend.pages.camera_street import SIZE, MakeKey, SignIn, bare, only_sqlite

if TYPE_CHECKING:
    from starlette.testclient import TestClient

pool = pytest.fixture(camera_street.pool)
street = pytest.fixture(camera_street.street)


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
def test_an_outline_that_is_not_closed_is_neither_saved_nor_lost(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("admin")), "/console/wall/HP-0140/zones", viewport=SIZE)
    sent: list[Request] = []
    page.on("request", lambda one: sent.append(one) if one.method == "POST" else None)
    page.get_by_role("button", name="新区域").click()
    expect(page.locator("#unsaved")).to_be_hidden()
    box = page.locator("#drawing").bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(page.locator("#unsaved")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("还没画完")
    assert not sent
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    page.locator("#drawing").press("Escape")
    expect(page.locator("#unsaved")).to_be_hidden()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("区域已保存")


@only_sqlite
def test_zones_whose_saving_was_not_answered_are_no_one_elses(
    street: Services, app_url: str, make_key: MakeKey, sign_in: SignIn, client: "TestClient"
) -> None:
    del street
    page = sign_in(app_url, bare(make_key("admin")), "/console/wall/HP-0140/zones", viewport=SIZE)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/zones", lose, times=1)
    page.get_by_role("button", name="加一个矩形").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("无法连接到服务")
    page.get_by_role("button", name="加一个矩形").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("区域已保存")
    answer = client.get("/v1/cameras/HP-0140", headers=make_key("operator"))
    assert len(answer.json()["zones"]) == 4


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
