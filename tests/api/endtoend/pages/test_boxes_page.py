"""Boxes of a case's photo corrected in a browser, by mouse and by keyboard alone."""

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.api.endtoend.pages import photo_case
from tests.api.endtoend.pages.photo_case import OpenCase, SignIn

open_case = pytest.fixture(photo_case.open_case)


def find_violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        for node in one["nodes"]
        if re.search(r"photo|box|findings|strip|thumb|original|closing|compare|after", str(node))
    ]


def box_of(page: Page, number: int) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^(方框|Box) {number} "))


def save(page: Page) -> None:
    with page.expect_response(re.compile("/verdict$")) as answered:
        page.keyboard.press("s")
    assert answered.value.status == 201, answered.value.text()


def corner(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a pixel of the photo is."""
    frame = page.locator("svg.boxes:visible").bounding_box()
    assert frame is not None
    return frame["x"] + x / 1000 * frame["width"], frame["y"] + y / 1000 * frame["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*corner(page, *start))
    page.mouse.down()
    page.mouse.move(*corner(page, *((a + b) / 2 for a, b in zip(start, end, strict=True))))
    page.mouse.move(*corner(page, *end))
    page.mouse.up()


def read_box(line: Any) -> list[float]:
    return [float(edge) for edge in line]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_box_by_mouse_and_another_by_keyboard_alone(
    open_case: OpenCase, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(
        open_case.url, open_case.key, open_case.path, viewport={"width": 1280, "height": 800}
    )
    expect(page.locator("#photos").get_by_text("桶满了 <script>")).to_be_visible()
    expect(page.locator("svg.boxes:visible .box")).to_have_count(3)
    page.screenshot(path=screenshots / "boxes-zh.png")
    assert find_violations(page) == []

    # By mouse: the first box is dragged, and its lower right handle.
    page.get_by_role("button", name="编辑方框").click()
    drag(page, (250, 350), (290, 390))
    place = page.locator("[data-part=place]")
    expect(place).not_to_be_empty()
    moved = read_box(re.findall(r"\d+", place.inner_text()))
    assert moved == pytest.approx([140, 240, 440, 540], abs=2)
    drag(page, (moved[2], moved[3]), (moved[2] + 60, moved[3] - 30))
    page.screenshot(path=screenshots / "boxes-editing-zh.png")
    resized = read_box(re.findall(r"\d+", place.inner_text()))
    assert resized[:2] == moved[:2]
    assert resized[2:] == pytest.approx([moved[2] + 60, moved[3] - 30], abs=3)
    assert find_violations(page) == []

    # By keyboard alone: the second box is moved and made larger, by exact pixels.
    page.keyboard.press("Tab")
    expect(box_of(page, 2)).to_be_focused()
    for keys in (
        "ArrowRight",
        "ArrowRight",
        "Shift+ArrowDown",
        "Alt+ArrowRight",
        "Alt+Shift+ArrowUp",
    ):
        page.keyboard.press(keys)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("u")
    # The third, under its threshold, is dust in truth, but a vendor's.
    page.keyboard.press("Tab")
    expect(box_of(page, 3)).to_be_focused()
    page.keyboard.press("l")
    expect(page.get_by_label("方框类别", exact=True)).to_have_value("illegal_poster")
    page.keyboard.press("l")
    page.keyboard.press("l")
    expect(page.get_by_label("方框类别", exact=True)).to_have_value("street_vending")
    # A new one, in the middle.
    page.keyboard.press("n")
    expect(box_of(page, 4)).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    added = read_box(re.findall(r"\d+", place.inner_text()))
    page.screenshot(path=screenshots / "boxes-keyboard-zh.png")
    save(page)
    expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    expect(page.locator("[data-part=unsaved]").first).to_be_hidden()

    (line,) = open_case.lines()
    assert [one["verdict"] for one in line["findings"]] == ["moved", "moved", "wrong_label"]
    by_mouse, by_keyboard, relabelled = line["findings"]
    assert [edge % 1 for edge in by_mouse["right_box_xyxy"]] == [0.25, 0.0, 0.25, 0.0]
    assert [int(edge) for edge in by_mouse["right_box_xyxy"]] == resized
    assert by_keyboard["right_box_xyxy"] == [602.0, 130.0, 803.0, 320.0]
    assert relabelled["right_label"] == "street_vending"
    assert "right_box_xyxy" not in relabelled
    # A new box is of the type that was chosen last.
    assert line["added"] == [{"label": "street_vending", "box_xyxy": added}]
    assert line["reviewed"] == sorted(
        ["illegal_poster", "overflowing_bin", "street_vending", "site_dust"]
    )

    # Opened again, the page shows what was said; nothing is unsaved, so that leaving needs no word.
    page.reload()
    expect(page.locator(".findings .word").first).to_have_text("位置已改")
    expect(page.get_by_text("人工判断:").first).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_by_keyboard_from_opening_to_saving(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.keyboard.press("e")
    expect(box_of(page, 1)).to_be_focused()
    page.keyboard.press("Delete")
    page.keyboard.press("s")  # The second was not looked at: it is asked for.
    expect(page.get_by_text(re.compile("方框 2 还未判断"))).to_be_visible()
    expect(box_of(page, 2)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    page.keyboard.press("Delete")
    save(page)
    (line,) = open_case.lines()
    assert [one["verdict"] for one in line["findings"]] == ["false", "true"]
    assert line["added"] == []
    # All right, in two presses, on the second photo.
    page.keyboard.press("]")
    expect(page.locator(".photo-view:visible")).to_have_attribute("aria-label", "照片 2")
    page.keyboard.press("r")
    save(page)
    assert [one["verdict"] for one in open_case.lines()[1]["findings"]] == ["true"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_errors_keep_what_was_drawn_and_leaving_warns(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.get_by_role("button", name="全部正确").click()
    page.get_by_role("button", name="新方框").click()
    drag(page, (20, 20), (90, 80))
    expect(box_of(page, 4)).to_be_focused()
    page.route(re.compile("/verdict$"), lambda route: route.abort())
    page.keyboard.press("s")
    expect(page.get_by_text("没有保存，画的方框还在")).to_be_visible()
    expect(box_of(page, 4)).to_be_visible()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="台账").click()
    expect(box_of(page, 4)).to_be_visible()
    assert asked == ["beforeunload"]
    page.unroute(re.compile("/verdict$"))
    save(page)
    (line,) = open_case.lines()
    ((x1, y1, x2, y2),) = [one["box_xyxy"] for one in line["added"]]
    assert [x1, y1, x2, y2] == pytest.approx([20, 20, 90, 80], abs=2)
    page.get_by_role("link", name="台账").click()
    page.wait_for_url(re.compile("/console/ledger"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_stays_to_save_boxes_decides_afterwards(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.get_by_role("button", name="全部正确").click()
    page.get_by_role("button", name="新方框").click()
    drag(page, (20, 20), (90, 80))
    expect(box_of(page, 4)).to_be_focused()
    page.get_by_role("button", name="下载未打码原图").first.click()
    expect(page.get_by_text("先保存框，再下载原图。")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog"):
        page.get_by_role("button", name="立案").click()
    save(page)
    with page.expect_request(lambda request: request.method == "POST" and "/moves" in request.url):
        page.get_by_role("button", name="立案").click()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_a_phone_by_finger(open_case: OpenCase, sign_in: SignIn, screenshots: Path) -> None:
    page = sign_in(
        open_case.url,
        open_case.key,
        open_case.path,
        viewport={"width": 360, "height": 740},
        has_touch=True,
    )
    page.context.add_cookies([{"name": "language", "value": "en", "url": open_case.url}])
    page.goto(f"{open_case.url}/language?to=en&back={open_case.path}")
    page.get_by_role("button", name="All right").click()
    page.get_by_role("button", name="New box").click()
    page.locator("svg.boxes:visible").scroll_into_view_if_needed()
    page.touchscreen.tap(*corner(page, 500, 500))
    expect(box_of(page, 4)).to_be_visible()
    page.locator("#photos").screenshot(path=screenshots / "boxes-phone-en.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert find_violations(page) == []
    save(page)
    assert open_case.lines()[0]["added"] == [
        {"label": "overflowing_bin", "box_xyxy": pytest.approx([400, 400, 600, 600], abs=3)}
    ]
