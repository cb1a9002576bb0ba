"""What the citizens' page weighs, and how soon it is seen on a slow phone.

python -m benchmarks.page_budget [--check]

Chromium of the system, headless, its cache empty, its processor slowed down four times as
Lighthouse does for a phone of the middle class; the server on the same machine. `--check` fails
where a budget is passed.
"""

import contextlib
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.api_server import ApiServer, run_server

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PHOTO: Final = Path(__file__).parents[1] / "demo" / "scenes" / "overflowing_bin.jpg"
SLOW_DOWN: Final = 4
RUNS: Final = 5
SETTLE_MS: Final = 3000
"""After which nothing more is loaded by itself."""
BUDGET_KB: Final = 150
BUDGET_PAINT_MS: Final = 1000


def main() -> int:
    """Measure, print, and with --check tell whether the budgets are kept."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        sys.exit("Chromium is missing: sudo apt-get install -y chromium")
    with run_server(workers=1) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(ARGUMENTS))
        paints = sorted(measure_paint(browser, server) for _ in range(RUNS))
        loads = measure_load(browser, server)
        browser.close()
    paint_ms = statistics.median(paints)
    total_kb = sum(loads.values()) / 1000
    print("| citizens' page | measured | budget |")
    print("|---|---|---|")
    print(f"| everything before the map, compressed | {total_kb:.1f} kB | {BUDGET_KB} kB |")
    print(
        f"| first contentful paint, processor {SLOW_DOWN} times slower, median of {RUNS} "
        f"| {paint_ms:.0f} ms (worst {paints[-1]:.0f}) | {BUDGET_PAINT_MS} ms |"
    )
    print("\nThe heaviest parts:\n")
    for name, size in sorted(loads.items(), key=lambda one: -one[1])[:8]:
        print(f"- {name}: {size / 1000:.1f} kB")
    kept = total_kb <= BUDGET_KB and paint_ms < BUDGET_PAINT_MS
    return 0 if kept or "--check" not in sys.argv[1:] else 1


def measure_paint(browser: Browser, server: ApiServer) -> float:
    """Return the time from the click to the first content, in ms, with an empty cache."""
    with _open_page(browser) as page:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
        page.goto(f"http://{server.host}:{server.port}/", wait_until="load")
        page.wait_for_timeout(SETTLE_MS / 3)
        painted = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)"
        )
    return float(painted[0])


def measure_load(browser: Browser, server: ApiServer) -> dict[str, int]:
    """Return the bytes on the wire of each part that is loaded before the map, photo included.

    The photo's own upload does not count; what reads its EXIF does.
    """
    sizes: dict[str, int] = {}
    names: dict[str, str] = {}

    def note_name(event: dict[str, Any]) -> None:
        names[event["requestId"]] = event["response"]["url"]

    def note_size(event: dict[str, Any]) -> None:
        url = names.get(event["requestId"], "")
        if url.startswith("http"):
            name = url.split("/", 3)[3].split("?")[0].split("/", 2)[-1] or "the page itself"
            sizes[name] = sizes.get(name, 0) + int(event["encodedDataLength"])

    with _open_page(browser) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", note_name)
        session.on("Network.loadingFinished", note_size)
        page.goto(f"http://{server.host}:{server.port}/", wait_until="load")
        page.locator("input[type=file]").first.set_input_files(PHOTO)
        page.wait_for_timeout(SETTLE_MS)
    return sizes


@contextlib.contextmanager
def _open_page(browser: Browser) -> Iterator[Page]:
    # Without a service worker: what it fetches ahead is fetched when nobody waits.
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, is_mobile=True, service_workers="block"
    )
    try:
        yield context.new_page()
    finally:
        context.close()


if __name__ == "__main__":
    sys.exit(main())
