"""A script in what people wrote is shown as text on every page, and runs on none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.api.endtoend.pages.errands import (
    LAT,
    LNG,
    SCRIPT,
    import_cells,
    list_cases,
    post,
    report,
)

PICTURE = "<img src=x onerror=window.pwned=2>"
BREAKOUT = "\"'><svg onload=window.pwned=3>{{7*7}}</textarea></title>"


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page on which nothing of what people wrote may run."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda said: note(said, page))
        page.on("dialog", lambda dialog: wrong.append(f"{page.url}: {dialog.message}"))
        return page

    def note(said: Any, page: Page) -> None:
        # A policy that has to stop something is a page that did not escape it.
        if "Content Security Policy" in said.text or "pwned" in said.text:
            wrong.append(f"{page.url}: {said.text}")

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def follow(client: Any, photo: bytes, note: str) -> str:
    """Report a problem with a photo; return the path that follows it."""
    answer = client.post(
        "/v1/reports",
        files={"photo": ("<img src=x>.jpg", photo, "image/jpeg")},
        data={"lat": LAT, "lng": LNG, "note": note, "address": note[:200]},
    )
    answer.raise_for_status()
    return f"/r/{answer.json()['id']}#{answer.json()['follow_token']}"


def test_a_script_in_what_people_wrote_does_not_run(
    start_server: Callable[..., Any],
    database_url: str,
    bin_photos: tuple[bytes, ...],
    watched: Callable[..., Page],
) -> None:
    server = start_server(database_url)
    admin = server.client()
    import_cells(admin)
    bad = SCRIPT + PICTURE + BREAKOUT
    report(admin, note=bad, address=bad)
    followed = follow(admin, bin_photos[0], bad)
    for at in (0.0001, 0.0005):  # Near enough to be offered, and for the map.
        report(admin, note=bad, address=bad, lat=LAT + at, label="street_vending")
    (case, *_) = list_cases(admin)
    where = {"lat": LAT, "lng": LNG}
    camera = admin.post(
        "/v1/cameras",
        json={"code": "<img/src=x/onerror=window.pwned=4>".replace("/", "'"), "name": bad}
        | {"place": "site", "site": bad, "position": where},
    )
    camera.raise_for_status()
    page = watched()
    page.goto(f"{server.url}/console/login?next={BREAKOUT}")
    page.get_by_label("密钥").fill(server.make_key("admin"))
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/console/**")
    page.goto(f"{server.url}/console/admin/keys")
    token = page.locator("body").get_attribute("data-csrf")
    post(page, "/console/admin/keys", {"name": PICTURE + BREAKOUT[:40], "role": "operator"}, token)
    hooked = {"url": "https://hooks.example/?<script>window.pwned=5</script>", "csrf": token}
    post(page, "/console/admin/webhooks", hooked, token)
    for move, more in (("accept", {}), ("dispatch", {"unit": bad[:200]})):
        done = post(
            page, f"/console/cases/{case['id']}/moves", {"move": move, "reason": bad, **more}, token
        )
        assert done == 200, move
    camera_id = camera.json()["id"]
    shown = (
        *(f"/console/cases/{one['id']}" for one in list_cases(admin)),
        f"/console/cases/{case['id']}?open=dismiss&lane={BREAKOUT}",
        *(f"/console/queue?lane={lane}" for lane in ("review", "dispatch", "handling", "check")),
        *("/console/ledger", f"/console/ledger?q={BREAKOUT}", f"/console/ledger?grid={BREAKOUT}"),
        *("/console/statistics", f"/console/statistics?grid={BREAKOUT}"),
        *("/console/wall", f"/console/wall?q={BREAKOUT}", f"/console/wall/{camera_id}"),
        *(f"/console/wall/{camera_id}/edit", f"/console/wall/{camera_id}/zones"),
        *("/console/admin", "/console/admin/keys", "/console/admin/webhooks"),
        *("/console/admin/audit", f"/console/admin/audit?actor={BREAKOUT}"),
        *("/console/admin/imports/grid", "/console/admin/imports/toilets", "/console/admin/rules"),
        f"/console/{BREAKOUT}",
        followed,
        f"/r/{BREAKOUT}#{BREAKOUT}",
        "/",
    )
    seen = 0
    for path in shown:
        page.goto(server.url + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.pwned") is None, path
        assert page.locator("img[src='x'], svg[onload], [onerror]").count() == 0, path
        for opener in page.locator("[data-opens]").all():
            if opener.is_visible():
                opener.click()
                page.keyboard.press("Escape")
        for marker in page.locator(".map path.leaflet-interactive").all()[:5]:
            marker.hover(force=True)
        assert page.evaluate("window.pwned") is None, path
        assert page.locator("img[src='x'], svg[onload], [onerror]").count() == 0, path
        seen += "window.pwned" in page.locator("body").inner_text()
    assert seen >= 6, "what people wrote is shown, as text"
    page.goto(f"{server.url}/console/wall")
    page.get_by_role("link", name=SCRIPT).first.click()  # The site's page
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.pwned") is None
