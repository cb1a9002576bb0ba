"""A real Chromium over the real server, on either database."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

if TYPE_CHECKING:
    from fastapi import FastAPI

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 20_000
ARGUMENTS = (
    "--no-sandbox",  # Continuous integration runs as root.
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless.

    For one module at a time: while it runs, Playwright keeps an event loop in this thread, in
    which tests of other modules start loops of their own.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "Chromium is missing: sudo apt-get install -y chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_browser(chromium: Browser) -> Iterator[OpenPage]:
    """Return a function that opens a page in a profile of its own; options go to the profile.

    A script's error on any page fails the test, and so does what the page's policy forbids.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(url: str | None = None, *, cookies: Any = (), **options: Any) -> Page:
        options.setdefault("locale", "zh-CN")
        options.setdefault("timezone_id", "Asia/Shanghai")
        context = chromium.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if cookies:
            context.add_cookies(list(cookies))
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda said: _note(said, page, wrong))
        if url is not None:
            page.goto(url)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def _note(said: Any, page: Page, wrong: list[str]) -> None:
    if said.type == "error" and "Content Security Policy" in said.text:
        wrong.append(f"{page.url}: {said.text}")


@pytest.fixture
def sign_in(open_browser: OpenPage) -> Callable[..., Page]:
    """Return a function that signs in to a server's console with a key, by the form."""

    def enter(server_url: str, key: str, path: str = "/console", **options: Any) -> Page:
        page = open_browser(f"{server_url}{path}", **options)
        page.get_by_label("密钥").fill(key)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    return enter


@pytest.fixture
def app_url(app: "FastAPI") -> Iterator[str]:
    """The app of the fixture `services` on a port: its clock, its pool and its ledger are at hand.

    For what a page does. Stories go through the real server of `start_server`.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where screenshots go; kept where STREET_ISSUES_TEST_SCREENSHOTS names a folder."""
    folder = Path(os.environ.get("STREET_ISSUES_TEST_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
