"""Take the pictures of the pages that the docs show, in both languages.

.venv/bin/python -m scripts.screenshots [NAME ...]

Over a made-up town (`scripts/made_up_town.py`) with the shipped model, by the system's Chromium.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Geolocation, Page, sync_playwright

from detector.labels import Language
from scripts.made_up_town import BEGIN, DEMO, SOUTH, WEST, fill_town
from scripts.town_service import Town, open_town

OUT: Final = Path(__file__).parents[1] / "docs" / "images" / "pages"
LOCALES: Final[dict[Language, str]] = {"zh": "zh-CN", "en": "en-GB"}
DESK: Final = (1280, 800)
PHONE: Final = (360, 740)
HERE: Final[Geolocation] = {"latitude": SOUTH + 0.032, "longitude": WEST + 0.02}
"""Where the citizen stands: off the cells, away from all cases."""
PATIENCE_MS: Final = 120_000
COLOURS: Final = 112
"""Enough for a page; a quarter of the bytes."""
EXACT_COLOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a page."""

    name: str
    path: str
    role: str | None
    """Who is signed in; None: a citizen."""
    wh: tuple[int, int] = DESK
    prepare: Callable[[Page, Town], None] | None = None
    """What is done on the page first."""
    full: bool = False


def first_case(page: Page, town: Town) -> None:
    """Open the first case of the queue."""
    del town
    page.locator("a[href*='/console/cases/']").first.click()
    page.wait_for_url("**/console/cases/**")


def case_with_proof(page: Page, town: Town) -> None:
    """Open a case with an after-photo."""
    page.goto(f"{town.url}/console/cases/{hand_in_proof(town)}")
    page.locator("#closing").wait_for()
    page.evaluate("document.querySelector('#closing').scrollIntoView()")
    page.evaluate("scrollBy(0, -64)")  # Under the bar of actions


def hand_in_proof(town: Town) -> str:
    """Hand in an after-photo for a case that is being handled; return the case's id."""
    states = ["dispatched", "reported_back"]
    page = town.call("GET", "/v1/cases", params={"state": states, "label": "overflowing_bin"})
    found = page["items"] or town.call("GET", "/v1/cases", params={"state": states})["items"]
    case = found[0]
    after = DEMO / "camera" / "camera_tidy.jpg"
    files = {"photo": (after.name, after.read_bytes(), "image/jpeg")}
    place = {"lat": str(case["position"]["lat"]), "lng": str(case["position"]["lng"])}
    town.call("POST", f"/v1/cases/{case['id']}/after-photo", data=place, files=files)
    return str(case["id"])


def choose_photo(page: Page, town: Town) -> None:
    """Choose a photo and take the phone's position."""
    del town
    page.locator("#choose").set_input_files(DEMO / "scenes" / "overflowing_bin.jpg")
    page.locator("#preview").wait_for()
    page.locator("#locate").click()
    page.locator("#place-said", has_text=f"{HERE['latitude']:.5f}").wait_for()
    page.evaluate("scrollTo(0, 0)")


def report(page: Page, town: Town) -> None:
    """Send a report, and wait for what is seen and for its case."""
    choose_photo(page, town)
    page.locator("#send").click()
    page.locator("#follow-figure rect.box").first.wait_for()
    page.locator("#cases article").first.wait_for()


SHOTS: Final = (
    Shot("citizen", "/", None, PHONE, choose_photo),
    Shot("citizen-answer", "/", None, PHONE, report, full=True),
    Shot("queue", "/console/queue", "operator"),
    Shot("case", "/console/queue?label=overflowing_bin", "operator", DESK, first_case),
    Shot("closing", "/console/queue", "operator", DESK, case_with_proof),
    Shot("ledger", "/console/ledger?ended=0&order=due", "operator"),
    Shot("statistics", "/console/statistics", "operator", (1280, 1000)),
    Shot("wall", "/console/wall", "operator"),
    Shot("camera", "/console/wall/ST-001", "admin"),
    Shot("admin", "/console/admin", "admin"),
    Shot("admin-keys", "/console/admin/keys", "admin"),
    Shot("admin-grid", "/console/admin/imports/grid", "admin"),
)


def main() -> None:
    """Make every picture, or those named."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.exit("Chromium is missing: sudo apt-get install -y chromium fonts-noto-cjk")
    wanted = [shot for shot in SHOTS if shot.name in sys.argv[1:] or not sys.argv[1:]]
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_town(Path(folder), BEGIN) as town,
        sync_playwright() as playwright,
    ):
        fill_town(town)
        arguments = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        browser = playwright.chromium.launch(executable_path=browser_path, args=arguments)
        for language, locale in LOCALES.items():
            for shot in wanted:
                path = OUT / f"{shot.name}.{language}.png"
                path.write_bytes(_shrink(_take(browser, town, shot, locale)))
                print(path.relative_to(OUT.parents[2]), path.stat().st_size // 1000, "kB")
        browser.close()


def _take(browser: Browser, town: Town, shot: Shot, locale: str) -> bytes:
    width, height = shot.wh
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale=locale,
        timezone_id="Asia/Shanghai",
        geolocation=HERE,
        permissions=["geolocation"],
        service_workers="block",
    )
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(town.url + (shot.path if shot.role is None else "/console/login"))
        if shot.role is not None:
            page.locator("#key").fill(town.keys[shot.role])
            page.locator("#key").press("Enter")
            page.wait_for_url("**/console/queue")
            page.goto(town.url + shot.path)
        if shot.prepare is not None:
            shot.prepare(page, town)
        _wait_for_pictures(page)
        return page.screenshot(full_page=shot.full)
    finally:
        context.close()


def _wait_for_pictures(page: Page) -> None:
    """Wait until all that is in sight stands: a queue of blurred photos takes its time."""
    page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
    page.wait_for_function(
        """() => [...document.images].every((one) => {
            const { top, bottom } = one.getBoundingClientRect();
            if (one.loading === "lazy" && (top > innerHeight || bottom < 0)) return true;
            return one.offsetParent === null || (one.complete && one.naturalWidth > 0);
        })""",
        timeout=PATIENCE_MS,
    )


def _shrink(png: bytes) -> bytes:
    """Return the picture with fewer colours; those of the page itself stay as they are."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    colours, counts = np.unique(np.asarray(picture).reshape(-1, 3), axis=0, return_counts=True)
    exact = colours[np.argsort(-counts)[:EXACT_COLOURS]].ravel().tolist()
    rest = picture.quantize(COLOURS - EXACT_COLOURS, Image.Quantize.FASTOCTREE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*exact, *rest])
    out = io.BytesIO()
    few = picture.quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
