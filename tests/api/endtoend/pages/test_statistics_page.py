"""The statistics in a browser: figures, the map, ways into the ledger, nothing for axe."""

import random
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.cases.grid import Grid, GridCell
from api.ids import new_id
from api.store.people_tables import citizen_words
from api.store.tables import case_events, cases, closing_checks, photos, reports, verdicts

if TYPE_CHECKING:
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SignIn = Callable[..., Page]
MakeKey = Callable[..., dict[str, str]]
LABELS = ("overflowing_bin", "illegal_poster", "street_vending", "site_dust", None)
NAMES = ("外滩街道第一网格", "Nanjing Road <img src=x onerror=alert(1)>", None)
SHA256 = "ab" * 32
COUNT = 400


def cell(number: int) -> GridCell:
    row, column = divmod(number, 6)
    south, west = 31.22 + row * 0.004, 121.46 + column * 0.005
    north, east = south + 0.004, west + 0.005
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return GridCell(f"3101010{number:02d}", NAMES[number % 3], geometry)


@pytest.fixture
def filled(services: "Services") -> None:
    """Write 400 cases of 40 days over 30 cells, with what people did and said."""
    dice = random.Random(6)
    cells = [cell(number) for number in range(30)]
    services.grid = Grid.from_rows(cells)
    now = services.clock()
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("cases", "events", "verdicts", "checks", "reports", "words")
    }
    for n in range(COUNT):
        opened = now - timedelta(hours=2.4 * n + 0.5)
        place = cells[min(int(dice.expovariate(0.12)), 29)]
        west, south = place.geometry["coordinates"][0][0]
        case_id, label = new_id(), LABELS[dice.choice((0, 0, 0, 1, 1, 1, 2, 2, 3, 4))]
        closed = opened + timedelta(hours=8 + dice.expovariate(1 / 20))
        state = "dismissed" if n % 7 == 0 else "closed" if closed < now else "dispatched"
        ended = None if state == "dispatched" else min(closed, now)
        rows["cases"].append(
            {
                "id": case_id,
                "number": f"2026-{n:06d}",
                "label": label,
                "state": state,
                "source": dice.choice(("citizen", "citizen", "inspector", "camera")),
                "lat": south + dice.random() * 0.004,
                "lon": west + dice.random() * 0.005,
                "grid_code": place.code,
                "priority": 1,
                "reports_count": dice.choice((1, 1, 2)),
                "reporters_count": 1,
                "opened_at": opened,
                "state_since": opened,
                "due_at": None if state == "dismissed" else opened + timedelta(hours=30),
                "ended_at": ended,
                "version": 1,
            }
        )
        for action, hours in (("verify", dice.random()), ("dispatch", 1)):
            rows["events"].append(
                {
                    "id": new_id(),
                    "case_id": case_id,
                    "at": opened + timedelta(hours=hours),
                    "actor": "key:1",
                    "action": action,
                    "to_state": "verified",
                    "details": {},
                }
            )
        box = [1.0, 2.0, 30.0, 40.0]
        if label is not None and n % 3 == 0:
            word = dice.choice(("true", "true", "true", "true", "moved", "false", "wrong_label"))
            finding = {"label": label, "score": 0.8, "box_xyxy": box, "verdict": word}
            rows["verdicts"].append(
                {
                    "id": new_id(),
                    "case_id": case_id,
                    "photo_sha256": SHA256,
                    "at": opened + timedelta(minutes=30),
                    "actor": "key:1",
                    "role": "operator",
                    "body": {
                        "model": {"name": "street-issues", "version": "1.2.0"},
                        "findings": [finding],
                        "added": [{"label": label, "box_xyxy": box}] if n % 9 == 0 else [],
                        "reviewed": [],
                    },
                }
            )
            report = {"id": case_id, "received_at": opened, "source": "citizen", "state": "scored"}
            rows["reports"].append(report)
            said = {"report_id": case_id, "finding_id": "1", "label": label, "at": opened}
            rows["words"].append(said | {"is_right": dice.random() < 0.8})
        if state == "closed":
            rows["checks"].append(
                {
                    "id": new_id(),
                    "case_id": case_id,
                    "at": ended,
                    "actor": "key:2",
                    "photo_sha256": SHA256,
                    "outcome": dice.choice(("resolved", "resolved", "not_resolved", "unsure")),
                    "reasons": [],
                }
            )
    photo = {"sha256": SHA256, "size_bytes": 1, "media_type": "image/jpeg", "stored_at": now}
    with services.database.write() as connection:
        connection.execute(photos.insert(), photo)
        for table, name in (
            (cases, "cases"),
            (case_events, "events"),
            (verdicts, "verdicts"),
            (closing_checks, "checks"),
            (reports, "reports"),
            (citizen_words, "words"),
        ):
            connection.execute(table.insert(), rows[name])


@pytest.fixture
def figures(app_url: str, make_key: MakeKey, sign_in: SignIn, filled: None) -> Page:
    del filled
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    size = {"width": 1280, "height": 800}
    return sign_in(app_url, key, "/console/statistics", viewport=size)


def total(page: Page, name: str) -> int:
    tile = page.locator(".totals li", has=page.locator(".what", has_text=name))
    return int(tile.locator(".total").evaluate("one => one.firstChild.data").replace(",", ""))


def wait_for_all(page: Page, kind: str = "squares") -> None:
    expect(page.locator("#precision-title")).to_be_visible()
    page.locator("#heat").scroll_into_view_if_needed()
    expect(page.locator("#heat")).to_have_attribute("data-state", kind)


def check_axe(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_every_figure_is_drawn_and_has_a_table(
    figures: Page, app_url: str, screenshots: Path
) -> None:
    wait_for_all(figures)
    opened = total(figures, "新增案件")
    # From half an hour ago one each 2.4 h; the first of 30 days began 29 days and 9 hours ago.
    assert opened == int((29 * 24 + 9 - 0.5) // 2.4) + 1
    days = figures.get_by_role("figure", name="按日")
    said = re.compile(f"新增 {opened} 件")
    expect(days.get_by_role("img")).to_have_attribute("aria-label", said)
    figures.screenshot(path=screenshots / "statistics-zh.png")
    figures.screenshot(path=screenshots / "statistics-zh-all.png", full_page=True)
    check_axe(figures)
    figures.goto(f"{app_url}/language?to=en&back=/console/statistics?span=90")
    wait_for_all(figures)
    assert total(figures, "Opened") == COUNT
    for summary in figures.locator("summary").all():
        summary.click()
    check_axe(figures)
    figures.screenshot(path=screenshots / "statistics-en-tables.png", full_page=True)


def test_figures_lead_to_their_cases(figures: Page) -> None:
    wait_for_all(figures)
    figures.get_by_text("数据表: 按类别").click()
    row = figures.get_by_role("row", name="非法小广告").first
    count = int(row.get_by_role("cell").first.inner_text())
    row.get_by_role("link").click()
    expect(figures).to_have_url(re.compile("/console/ledger[?].*label=illegal_poster"))
    expect(figures.locator("main")).to_contain_text(f"{count}")


def test_the_map_shows_squares_and_cells(figures: Page, screenshots: Path) -> None:
    wait_for_all(figures)
    heat = figures.locator("#heat")
    squares = heat.locator(".leaflet-overlay-pane path").count()
    assert squares > 100
    figures.get_by_text("数据表: 热力图").click()
    expect(heat.locator("tbody tr")).to_have_count(20)
    heat.screenshot(path=screenshots / "heat-squares.png")
    figures.get_by_label("网格", exact=True).check()
    wait_for_all(figures, "cells")
    assert heat.locator(".leaflet-overlay-pane path").count() <= 30
    expect(heat.locator("tbody")).to_contain_text("<img src=x onerror=alert(1)>")
    heat.locator(".leaflet-overlay-pane path").nth(1).hover(force=True)
    expect(heat.locator(".leaflet-tooltip")).to_contain_text("件")
    expect(heat.locator("#heat-legend li:not([hidden])")).not_to_have_count(0)
    heat.screenshot(path=screenshots / "heat-cells.png")
    check_axe(figures)


def test_dates_appear_where_they_are_asked_for(figures: Page) -> None:
    expect(figures.get_by_label("自", exact=True)).to_be_hidden()
    figures.get_by_label("时段").select_option("dates")
    figures.get_by_label("自", exact=True).fill("2026-02-20")
    figures.get_by_label("至", exact=True).fill("2026-02-21")
    figures.get_by_role("button", name="查看").click()
    expect(figures.locator("main")).to_contain_text("2026-02-20 至 2026-02-21")
    assert total(figures, "新增案件") == 20
    figures.wait_for_load_state()
    with figures.expect_download() as started:
        figures.keyboard.press("x")
    assert started.value.suggested_filename == "statistics-2026-02-20-2026-02-21.csv"


def test_a_map_that_fails_says_so(figures: Page) -> None:
    figures.route("**/statistics/heat*", lambda route: route.abort())
    figures.locator("#heat").scroll_into_view_if_needed()
    figures.reload()
    figures.locator("#heat").scroll_into_view_if_needed()
    expect(figures.locator("#heat-note")).to_have_text("地图数据读取失败。")
