"""Who has only the README: its four steps, from a citizen's photo to a closed case."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.endtoend.conftest import ADMIN_KEY

ROOT = Path(__file__).parents[4]
PATIENCE_MS = 60_000
PHOTO, AFTER_PHOTO = "demo/scenes/overflowing_bin.jpg", "demo/camera/camera_tidy.jpg"
KEYS = (
    *("Enter", "a", "2", "Enter", "d", "Enter"),
    *("3", "Enter", "h", "b"),
    *("4", "Enter", "c", "Enter", "z", "Enter"),
)
"""As the README names them, in its order; the story below presses them so."""


def read_steps(name: str) -> str:
    """Return the numbered steps of a README."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.search(r"(?ms)^1\. .*?^4\. .*?\n\n", text)
    assert found, name
    return found[0]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_these_keys_and_photos(name: str) -> None:
    steps = read_steps(name)
    assert tuple(re.findall(r"`([a-z0-9]|Enter)`", steps)) == KEYS
    assert re.findall(r"`(demo/[^`]+)`", steps) == [PHOTO, AFTER_PHOTO]
    assert re.findall(r"<http://127\.0\.0\.1:8000(/[^>]*)>", steps) == ["/", "/console"]
    assert all((ROOT / photo).is_file() for photo in (PHOTO, AFTER_PHOTO))


def press(page: Page, key: str) -> None:
    """Press a key on a page whose scripts have run."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def send_report(citizen: Page) -> str:
    """Choose the photo and send it: its place is in it; return the link to follow it."""
    citizen.get_by_label("从相册选择").set_input_files(ROOT / PHOTO)
    expect(citizen.locator("#place-said")).to_contain_text("使用照片里记录的位置")
    citizen.get_by_role("button", name="上报", exact=True).click()
    expect(citizen.locator("#follow-figure rect.box")).to_have_count(1)
    expect(citizen.locator("#follow-message")).to_have_text("我们看到：垃圾满溢")
    return citizen.locator("#follow-link").input_value()


def open_lane(console: Page, key: str) -> None:
    """Go to a lane of the queue by its number, and open its first case."""
    press(console, key)
    expect(console.locator(f".tabs li:nth-child({key}) a")).to_have_attribute(
        "aria-current", "page"
    )
    open_first(console)


def open_first(console: Page) -> None:
    expect(console.get_by_role("link", name="开始处理")).to_be_focused()
    press(console, "Enter")
    console.wait_for_url("**/console/cases/**")


def expect_done(console: Page, state: str) -> None:
    """The queue says what became of the case that was decided last."""
    expect(console.locator(".notice.good")).to_contain_text(state)
    expect(console.get_by_role("heading", name="待办", exact=True)).to_be_visible()


def press_with_words(console: Page, key: str, words: str) -> None:
    """Press a key that asks for something, and answer."""
    press(console, key)
    expect(console.locator("dialog[open] input:focus")).to_be_visible()
    console.keyboard.type(words)
    press(console, "Enter")


def hand_in(console: Page) -> None:
    console.get_by_label("照片", exact=True).set_input_files(ROOT / AFTER_PHOTO)
    console.get_by_role("button", name="提交并核查").click()
    expect(console.locator("#compare")).to_be_visible()


def test_a_newcomer_closes_a_case_by_the_readme(
    start_server: Callable[..., Any],
    database_url: str,
    open_browser: Callable[..., Page],
    sign_in: Callable[..., Page],
    screenshots: Path,
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    server = start_server(database_url)
    link = send_report(open_browser(f"{server.url}/"))
    citizen = open_browser(link)
    expect(citizen.locator("#cases")).to_contain_text("已采集，待核实")

    console = sign_in(server.url, ADMIN_KEY, viewport={"width": 1280, "height": 800})
    console.set_default_timeout(PATIENCE_MS)
    open_first(console)
    press(console, "a")
    expect_done(console, "已立案，待派遣")
    open_lane(console, "2")
    press_with_words(console, "d", "环卫一队")
    expect_done(console, "已派遣，处理中")

    open_lane(console, "3")
    hand_in(console)
    press(console, "h")
    expect(console.locator("h1")).to_contain_text("已处理，待反馈")
    press(console, "b")
    expect_done(console, "已反馈，待核查")

    open_lane(console, "4")
    slider = console.get_by_role("slider")
    slider.focus()
    press(console, "ArrowRight")
    expect(slider).to_have_value("51")
    press(console, "c")  # Also while the slider has the focus
    expect(console.locator("dialog[open]")).to_contain_text("没有证明已解决的处置后照片时必填")
    console.keyboard.type("到现场看过，已清理")
    press(console, "Enter")
    expect(console.locator("h1")).to_contain_text("核查通过，待结案")
    press(console, "z")
    expect(console.locator("dialog[open] input:focus")).to_be_visible()
    press(console, "Enter")
    expect_done(console, "已结案")

    citizen.reload()
    expect(citizen.locator("#cases")).to_contain_text("已结案")
    expect(citizen.get_by_alt_text("处理后的照片")).to_be_visible()
    expect(citizen.get_by_text("问题没有解决？")).to_be_visible()
    citizen.screenshot(path=screenshots / "newcomer-closed-zh.png", full_page=True)
    assert server.stop() == 0
