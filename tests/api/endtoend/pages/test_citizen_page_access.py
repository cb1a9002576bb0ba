"""The citizens' pages by keyboard, without scripts, over a wrong link; and how much they weigh."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.store.tables import reports

if TYPE_CHECKING:
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OpenPage = Callable[..., Page]
LNG = 121.4737
PHONE = {"width": 360, "height": 740}
BUDGET_BYTES = 150_000
HERE = {"permissions": ["geolocation"], "geolocation": {"latitude": 31.2304, "longitude": LNG}}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of 3000 × 2000 pixels without a position."""
    path = tmp_path / "photo.jpg"
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(path, quality=95)
    return path


@pytest.mark.parametrize(("locale", "send"), [("zh-CN", "上报"), ("en-GB", "Send the report")])
def test_a_report_by_keyboard_alone(
    app_url: str,
    open_browser: OpenPage,
    services: "Services",
    photo: Path,
    screenshots: Path,
    *,
    locale: str,
    send: str,
) -> None:
    page = open_browser(viewport=PHONE, locale=locale, **HERE)
    page.on("filechooser", lambda _: None)  # From the start: the first key may come before it.
    page.goto(app_url)
    expect(page.locator("#report")).to_be_visible()
    _tab_to(page, "choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photo)
    expect(page.locator("#preview")).to_be_visible()
    _tab_to(page, "locate")
    page.keyboard.press("Enter")
    expect(page.locator("#place-said")).to_contain_text("31.23040")
    _tab_to(page, "open-map")
    page.keyboard.press("Enter")
    page.locator(".leaflet-marker-icon").wait_for()
    _tab_to(page, "map")
    page.keyboard.press("ArrowRight")
    # The pan has begun: by 10 px at least, which its five decimals show.
    pane = page.locator("#map .leaflet-map-pane")
    expect(pane).to_have_css("transform", re.compile(r"matrix\(1, 0, 0, 1, -\d\d"))
    _tab_to(page, "pin-here")
    page.keyboard.press("Enter")
    expect(page.locator("#place-said")).not_to_contain_text("121.47370")
    _tab_to(page, "note")
    page.keyboard.type("two days")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.screenshot(path=screenshots / f"citizen-form-{locale}.png", full_page=True)
    _tab_to(page, "send")
    expect(page.locator(":focus")).to_have_text(send)
    page.keyboard.press("Enter")
    expect(page.locator("#follow-message")).not_to_be_empty()
    expect(page.locator("#follow-title")).to_be_focused()
    with services.database.read() as connection:
        (report,) = connection.execute(select(reports)).mappings()
    assert report["note"] == "two days"
    assert report["lon"] > LNG


def test_the_page_is_light_before_its_map(
    app_url: str, open_browser: OpenPage, photo: Path
) -> None:
    page = open_browser(viewport=PHONE, service_workers="block")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
    page.goto(app_url)
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")  # With exif-reader
    assert len(sizes) > 20
    assert 50_000 < sum(sizes) < BUDGET_BYTES


def test_a_page_without_scripts_offers_no_dead_form(app_url: str, open_browser: OpenPage) -> None:
    for path in ("/", "/r/01890a5d-ac96-774b-bcce-b302099a8057"):
        page = open_browser(app_url + path, viewport=PHONE, java_script_enabled=False)
        expect(page.locator("#needs-script")).to_contain_text("请允许本页运行脚本")
        expect(page.locator("#page")).to_be_hidden()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/r/01890a5d-ac96-774b-bcce-b302099a8057", "链接不完整"),
        ("/r/01890a5d-ac96-774b-bcce-b302099a8057#fol_wrong%zz", "链接不对"),
        ("/r/%3Cimg%20src=x%3E#fol_wrong", "链接不对"),
    ],
)
def test_a_wrong_link_is_told_in_words(
    app_url: str, open_browser: OpenPage, path: str, words: str
) -> None:
    page = open_browser(app_url + path, viewport=PHONE)
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator("#follow")).to_be_hidden()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def _tab_to(page: Page, element_id: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == element_id:
            return
    raise AssertionError(f"Tab does not lead to {element_id}")
