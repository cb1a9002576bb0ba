"""The ledger in a browser: filters and moves by keyboard, a file that opens, nothing for axe."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.cases.states import ENDED, STATES
from api.ids import new_id
from api.store.tables import cases
from tests.api.endtoend.pages.network import hold

if TYPE_CHECKING:
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SignIn = Callable[..., Page]
MakeKey = Callable[..., dict[str, str]]
LABELS = ("overflowing_bin", "illegal_poster", "street_vending", "site_dust", None)
STREETS = ("花园路", "人民大道", "北京东路", "<img src=x onerror=alert(1)>")


@pytest.fixture
def filled(services: "Services") -> None:
    """Write 130 cases: each tenth state in turn, the first thirty filed."""
    now = services.clock()
    rows: list[dict[str, Any]] = []
    for n in range(130):
        state = "filed" if n < 30 else STATES[n % len(STATES)]
        opened = now - timedelta(hours=3 * n)
        rows.append(
            {
                "id": new_id(),
                "number": f"2026-{n + 1:06d}",
                "label": LABELS[n % 5],
                "state": state,
                "source": ("citizen", "camera", "inspector", "superior")[n % 4],
                "address": f"上海市黄浦区{STREETS[n % 4]} {n + 1} 号",
                "grid_code": f"310101{n % 7 + 1:03d}01{n % 3}",
                "priority": (n * 37) % 900,
                "reports_count": n % 9 + 1,
                "reporters_count": n % 9 + 1,
                "opened_at": opened,
                "state_since": opened,
                "review_due_at": opened + timedelta(hours=24),
                "due_at": opened + timedelta(hours=60),
                "ended_at": now if state in ENDED else None,
                "version": 1,
            }
        )
    with services.database.write() as connection:
        connection.execute(cases.insert(), rows)


@pytest.fixture
def desk(app_url: str, make_key: MakeKey, sign_in: SignIn, filled: None) -> Page:
    del filled
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    return sign_in(app_url, key, "/console/ledger", viewport={"width": 1280, "height": 800})


def _rows(page: Page) -> Any:
    return page.locator("#ledger tbody tr")


def _check_axe(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_filters_by_keyboard_leave_a_bookmark(desk: Page, app_url: str, screenshots: Path) -> None:
    expect(_rows(desk)).to_have_count(50)
    desk.screenshot(path=screenshots / "ledger-zh.png")
    _check_axe(desk)
    desk.keyboard.press("/")
    expect(desk.get_by_role("searchbox")).to_be_focused()
    desk.keyboard.type("人民大道")
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile(r"ledger\?q=%E4%BA%BA%E6%B0%91"))
    expect(_rows(desk)).to_have_count(33)
    expect(desk.locator("#ledger-said")).to_contain_text("33")
    # The list of states: opened, walked and ticked without a mouse.
    desk.keyboard.press("Tab")
    expect(desk.locator("#pick-state summary")).to_be_focused()
    desk.keyboard.press("Enter")
    for _ in range(3):
        desk.keyboard.press("Tab")
    desk.keyboard.press("Space")
    expect(desk).to_have_url(re.compile("state=filed"))
    expect(desk.locator("#ledger tbody .state-filed")).to_have_count(_rows(desk).count())
    expect(desk.locator("#pick-state .picked")).to_have_text("1")
    desk.screenshot(path=screenshots / "ledger-states.png")
    _check_axe(desk)
    desk.keyboard.press("Escape")
    expect(desk.locator("#pick-state summary")).to_be_focused()
    shown = _rows(desk).count()
    desk.locator("body").press("t")
    expect(desk).to_have_url(re.compile("overdue=1"))
    # The bookmark shows the same to a page that is new; back leads to what was before.
    address = desk.url
    count = desk.locator("#ledger-count").inner_text()
    desk.goto(address)
    expect(desk.locator("#ledger-count")).to_have_text(count)
    desk.go_back()
    expect(desk).to_have_url(re.compile("state=filed$"))
    expect(_rows(desk)).to_have_count(shown)
    expect(desk.locator("#pick-state .picked")).to_have_text("1")
    desk.locator("body").press("0")
    expect(desk).to_have_url(f"{app_url}/console/ledger")


def test_pages_and_headings_by_keyboard(desk: Page) -> None:
    first = _rows(desk).first.get_by_role("link").inner_text()
    desk.keyboard.press("n")
    expect(desk).to_have_url(re.compile("after="))
    expect(desk.locator("#page-before")).to_have_count(1)
    expect(_rows(desk).first.get_by_role("link")).not_to_have_text(first)
    desk.keyboard.press("n")
    expect(_rows(desk)).to_have_count(30)
    # The link is gone; the focus is not.
    expect(desk.locator("#ledger-count")).to_be_focused()
    desk.keyboard.press("p")
    expect(_rows(desk)).to_have_count(50)
    desk.keyboard.press("p")
    expect(_rows(desk).first.get_by_role("link")).to_have_text(first)
    expect(desk.locator("#page-before")).to_have_count(0)
    heading = desk.get_by_role("columnheader", name="优先级")
    heading.get_by_role("link").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(desk.get_by_label("排序")).to_have_value("priority")
    expect(heading.get_by_role("link")).to_be_focused()


def test_a_press_more_moves_nothing_twice(desk: Page) -> None:
    held = hold(desk, "**/console/ledger/moves")
    desk.keyboard.press("j")
    desk.keyboard.press("x")
    desk.locator("#bulk-move").select_option("dispatch")
    desk.locator("#bulk-unit").fill("环卫三队")
    go = desk.get_by_role("button", name="执行")
    with desk.expect_request("**/console/ledger/moves"):
        go.click()
    go.click()
    held[0].continue_()
    heading = desk.locator("#bulk-result").get_by_role("heading")
    expect(heading).to_have_text("派遣: 成功 1 件")
    expect(desk.locator("#ledger tbody .state-dispatched").first).to_be_visible()
    assert len(held) == 1


def test_many_are_dispatched_by_keyboard_and_refusals_are_told(
    desk: Page, services: "Services", screenshots: Path
) -> None:
    expect(desk.get_by_role("button", name="执行")).to_be_disabled()
    for _ in range(3):
        desk.keyboard.press("j")
        desk.keyboard.press("x")
    desk.keyboard.press("k")
    desk.keyboard.press("Space")  # As on any box: the second is let go,
    desk.keyboard.press("x")  # and taken again.
    expect(desk.locator("#bulk-count")).to_have_text("已选 3 件")
    # Somebody else is faster with the first.
    with services.database.write() as connection:
        number = _rows(desk).first.get_by_role("link").inner_text()
        connection.execute(
            cases.update().where(cases.c.number == number).values(version=2, state="dismissed")
        )
    desk.keyboard.press("m")
    expect(desk.locator("#bulk-move")).to_be_focused()
    expect(desk.locator("#bulk-move option:not([disabled])")).to_have_count(2)
    desk.locator("#bulk-move").select_option("dispatch")
    desk.keyboard.press("Tab")
    desk.keyboard.type("环卫三队")
    desk.screenshot(path=screenshots / "ledger-bulk.png")
    desk.keyboard.press("Enter")
    result = desk.locator("#bulk-result")
    expect(result.get_by_role("heading")).to_have_text("派遣: 成功 2 件, 未成 1 件")
    expect(result).to_be_focused()
    expect(result.locator("[data-code=case_changed]")).to_be_visible()
    expect(desk.locator("#ledger tbody .state-dispatched").first).to_be_visible()
    expect(desk.locator("#ledger .choose:checked")).to_have_count(0)
    desk.screenshot(path=screenshots / "ledger-moved.png")
    _check_axe(desk)


def test_rows_that_share_no_move_offer_none(desk: Page) -> None:
    desk.keyboard.press("a")
    expect(desk.locator("#bulk-count")).to_contain_text("没有共同的动作")
    expect(desk.get_by_role("button", name="执行")).to_be_disabled()
    desk.keyboard.press("a")
    expect(desk.locator("#bulk-count")).to_have_text("先在表中选择案件")
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("/console/cases/"))


def test_exports_open(desk: Page) -> None:
    desk.goto(f"{desk.url}?state=filed")
    with desk.expect_download() as waiting:
        desk.keyboard.press("e")
        desk.keyboard.press("c")
    assert re.fullmatch(r"台账-\d{8}-\d{4}\.csv", waiting.value.suggested_filename)
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == int(desk.locator("#ledger-count strong").inner_text())
    assert {row["状态"] for row in rows} == {"已立案，待派遣"}
    with desk.expect_download() as waiting:
        desk.get_by_role("link", name="导出 Excel").click()
    with zipfile.ZipFile(waiting.value.path()) as book:
        assert "xl/worksheets/sheet1.xml" in book.namelist()


def test_in_english_empty_and_without_script(
    app_url: str,
    make_key: MakeKey,
    open_browser: Callable[..., Page],
    sign_in: SignIn,
    filled: None,
    screenshots: Path,
) -> None:
    del filled
    key = make_key("operator", grids=("310101",))["Authorization"].removeprefix("Bearer ")
    page = sign_in(app_url, key, "/console/ledger", viewport={"width": 1280, "height": 800})
    page.goto(f"{app_url}/language?to=en&back=/console/ledger")
    expect(page.get_by_role("heading", name="Ledger")).to_be_visible()
    page.screenshot(path=screenshots / "ledger-en.png")
    _check_axe(page)
    page.get_by_role("searchbox").fill("no such street")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No case fits.")).to_be_visible()
    expect(page.get_by_text("Export CSV")).to_have_count(0)
    page.screenshot(path=screenshots / "ledger-empty.png")
    _check_axe(page)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{app_url}/console/ledger")
    page.screenshot(path=screenshots / "ledger-360.png")
    plain = open_browser(java_script_enabled=False, cookies=page.context.cookies())
    plain.goto(f"{app_url}/console/ledger?order=oldest&state=filed")
    plain.get_by_label("Overdue only").check()
    plain.get_by_role("button", name="Filter").click()
    expect(plain).to_have_url(re.compile("overdue=1"))
    plain.goto(f"{app_url}/console/ledger?state=filed")
    plain.locator(".choose").first.check()
    plain.locator("#bulk-move").select_option("dispatch")
    plain.locator("#bulk-unit").fill("Road crew 3")
    plain.get_by_role("button", name="Do it").click()
    expect(plain.get_by_role("heading", name="Dispatch: 1 moved")).to_be_visible()
    plain.get_by_role("link", name="Back to the ledger").click()
    expect(plain).to_have_url(f"{app_url}/console/ledger?state=filed")
