"""A case's photo in a browser: its zoom, its original, and the words when it is gone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.endtoend.pages import photo_case
from tests.api.endtoend.pages.photo_case import OpenCase, SignIn, encode

GONE = "照片已过保存期限或应要求删除。"

open_case = pytest.fixture(photo_case.open_case)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_zoom_keeps_boxes_on_their_pixels(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    before = page.locator("svg.boxes:visible").bounding_box()
    page.keyboard.press("+")
    expect(page.get_by_text("150 %")).to_be_visible()
    after = page.locator("svg.boxes:visible").bounding_box()
    assert before is not None and after is not None
    assert after["width"] == pytest.approx(1.5 * before["width"], abs=1)
    picture = page.locator(".photo-stage:visible img").bounding_box()
    assert picture == after
    page.keyboard.press("-")
    expect(page.locator("[data-part=zoom]").first).to_have_text("100 %")
    page.locator(".photo-frame:visible").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(page.get_by_text("150 %")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_photo_that_is_gone_is_told_in_words_and_an_original_needs_a_reason(
    open_case: OpenCase, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.get_by_role("button", name="下载未打码原图").first.click()
    dialog = page.get_by_role("dialog")
    page.screenshot(path=screenshots / "original-zh.png")
    dialog.get_by_label("原因").fill("投诉 2026-4711 需要核对")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="下载").click()
    assert Path(download.value.path()).read_bytes() == encode(1)
    expect(dialog).to_be_hidden()
    page.route(
        re.compile("/console/photos/"),
        lambda route: route.fulfill(status=410, json={"code": "photo_deleted", "detail": GONE}),
    )
    page.reload()
    expect(page.get_by_text(GONE)).to_be_visible()
    expect(page.locator(".photo-frame").first).to_be_hidden()
