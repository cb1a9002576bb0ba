"""Signing in to the console in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

MakeKey = Callable[..., dict[str, str]]


def test_a_key_opens_the_console_and_signing_out_closes_it(
    app_url: str,
    make_key: MakeKey,
    sign_in: Callable[..., Page],
    screenshots: Path,
) -> None:
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    page = sign_in(app_url, key)
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    page.screenshot(path=screenshots / "signed-in.png")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录处置台")).to_be_visible()
    page.goto(f"{app_url}/console/queue")
    expect(page.get_by_role("heading", name="登录处置台")).to_be_visible()


def test_a_wrong_key_is_told_in_words(
    app_url: str, open_browser: Callable[..., Any], screenshots: Path
) -> None:
    page = open_browser(f"{app_url}/console", locale="en-GB")
    page.get_by_label("Key", exact=True).fill("sid_" + "x" * 43)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    page.screenshot(path=screenshots / "wrong-key.png")
