"""Who has no business in the console gets nowhere, on the real server and both databases."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

LAT, LNG = 31.2304, 121.4737
PLACES = (
    *("/console", "/console/queue", "/console/ledger", "/console/statistics", "/console/wall"),
    *("/console/admin", "/console/admin/keys", "/console/admin/audit"),
    "/console/ledger/export.csv",
)
SCRIPT = "<script>window.pwned=1</script>"
PICTURE = "<img src=x onerror=window.pwned=2>"
BREAKOUT = "\"'><svg onload=window.pwned=3>{{7*7}}</textarea></title>"
SIDE = 0.01
Sender = Callable[..., str]


@pytest.fixture
def foreign() -> Iterator[Sender]:
    """Return a function that puts a page on a server of somebody else; it answers with its URL."""
    pages: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def put(name: str, text: str) -> str:
        pages[f"/{name}"] = f"<!doctype html><meta charset=utf-8><body>{text}</body>".encode()
        # Another name for the same machine: another site to the browser.
        return f"http://localhost:{server.server_port}/{name}"

    yield put
    server.shutdown()
    server.server_close()


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


def report(client: Any, **fields: Any) -> None:
    """Report a problem without a photo."""
    sent = {
        "service_code": fields.get("label", "overflowing_bin"),
        "lat": fields.get("lat", LAT),
        "long": fields.get("lng", LNG),
        "description": fields.get("note", "满了"),
        "address_string": fields.get("address", "中山路 12 号"),
    }
    client.post("/open311/v2/requests.json", data=sent).raise_for_status()


def follow(client: Any, photo: bytes, note: str) -> str:
    """Report a problem with a photo; return the path that follows it."""
    answer = client.post(
        "/v1/reports",
        files={"photo": ("<img src=x>.jpg", photo, "image/jpeg")},
        data={"lat": LAT, "lng": LNG, "note": note, "address": note[:200]},
    )
    answer.raise_for_status()
    return f"/r/{answer.json()['id']}#{answer.json()['follow_token']}"


def list_cases(client: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/cases", params={"order": "oldest"})
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def import_cells(client: Any) -> None:
    """Let 3101 lie in the west, and 4401 in the east."""

    def cell(code: str, west: float) -> dict[str, Any]:
        east, south, north = west + SIDE, LAT - SIDE, LAT + SIDE
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {
            "type": "Feature",
            "properties": {"code": code, "name": f"网格 {code}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    cells = [cell("310101", LNG - SIDE / 2), cell("440101", LNG + SIDE / 2)]
    answer = client.post("/v1/grid", json={"type": "FeatureCollection", "features": cells})
    answer.raise_for_status()


def see_sign_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="登录处置台")).to_be_visible()


def test_a_stranger_without_a_key_gets_nowhere(
    start_server: Callable[..., Any],
    database_url: str,
    open_browser: Callable[..., Page],
) -> None:
    server = start_server(database_url)
    admin = server.client()
    report(admin, note="不可外传")
    (case,) = list_cases(admin)
    page = open_browser()
    for path in (*PLACES, f"/console/cases/{case['id']}"):
        page.goto(server.url + path)
        see_sign_in(page)
        assert "不可外传" not in page.content() and case["number"] not in page.content()
    page.goto(f"{server.url}/console/login?next=//evil.example/console")
    for wrong in ("sid_" + 43 * "A", "' OR 1=1 --", SCRIPT):
        page.get_by_label("密钥").fill(wrong)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("密钥").fill(server.make_key("operator"))
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"{server.url}/console/queue**")  # Not where the address wanted it to lead.
    page.get_by_role("button", name="退出").click()
    see_sign_in(page)
    page.go_back()
    see_sign_in(page)
    assert case["number"] not in page.content()


def test_an_expired_session_gets_nowhere(
    start_server: Callable[..., Any], database_url: str, sign_in: Callable[..., Page]
) -> None:
    server = start_server(database_url, session_idle_minutes="0.05")
    admin = server.client()
    report(admin)
    (case,) = list_cases(admin)
    page = sign_in(server.url, server.make_key("operator"))
    cookies = {one["name"]: one for one in page.context.cookies()}
    cookie = cookies["street_issues_session"]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/console"
    page.goto(f"{server.url}/console/cases/{case['id']}")
    page.wait_for_timeout(3_500)  # The session's end is a matter of time.
    page.keyboard.press("a")
    see_sign_in(page)
    (now,) = list_cases(admin)
    assert (now["state"], now["version"]) == (case["state"], case["version"])
    page.goto(f"{server.url}/console/cases/{case['id']}")
    see_sign_in(page)


def test_a_forged_form_gets_nowhere(
    start_server: Callable[..., Any],
    database_url: str,
    sign_in: Callable[..., Page],
    foreign: Sender,
) -> None:
    server = start_server(database_url)
    admin = server.client()
    report(admin)
    (case,) = list_cases(admin)
    key = server.make_key("admin")
    page = sign_in(server.url, key)
    moves = f"{server.url}/console/cases/{case['id']}/moves"
    keys = f"{server.url}/console/admin/keys"
    forged = {
        moves: {"move": "accept", "csrf": ""},
        keys: {"name": "mine", "role": "admin", "csrf": 64 * "0"},
        f"{server.url}/console/logout": {},
    }
    for number, (action, fields) in enumerate(forged.items()):
        inputs = "".join(f"<input name={name} value='{one}'>" for name, one in fields.items())
        form = f"<form method=post action='{action}'>{inputs}<button>Win a prize</button></form>"
        page.goto(foreign(f"form-{number}", form))
        page.get_by_role("button").click()
        page.wait_for_url(f"{server.url}/**")
        # Lax cookies stay at home, so that nobody is signed in; if they came along, no token does.
        expect(page.get_by_text("登录处置台").or_(page.get_by_role("alert")).first).to_be_visible()
    page.goto(foreign("fetch", "<p>Nothing to see</p>"))
    for action, fields in forged.items():
        page.evaluate(
            """async ([action, fields]) => {
                for (const mode of ["no-cors", "cors"]) {
                    for (const headers of [{}, {"X-CSRF-Token": "x"}]) {
                        const body = new URLSearchParams(fields);
                        const sent = {method: "POST", mode, headers, body, credentials: "include"};
                        try { await fetch(action, sent); } catch { /* Refused by the browser */ }
                    }
                }
            }""",
            [action, fields],
        )
    # In the same browser and site, with the cookie, but without the token or with a wrong one.
    page.goto(f"{server.url}/console/queue")
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    for token in (None, "", 64 * "0"):
        headers = {"Accept": "application/json"} | (
            {} if token is None else {"X-CSRF-Token": token}
        )
        answer = page.evaluate(
            """async ([action, headers]) => {
                const body = new URLSearchParams({move: "accept"});
                const answer = await fetch(action, {method: "POST", headers, body});
                return [answer.status, (await answer.json()).code];
            }""",
            [moves, headers],
        )
        assert answer == [403, "csrf"]
    # A form that signs somebody in as somebody else.
    login = f"<form method=post action='{server.url}/console/login'><input name=key value='{key}'>"
    other = sign_in(server.url, server.make_key("handler"))
    other.goto(foreign("login", f"{login}<button>Win</button></form>"))
    other.get_by_role("button").click()
    other.goto(f"{server.url}/console/queue")
    expect(other.locator(".who")).to_contain_text("a handler")
    (now,) = list_cases(admin)
    assert (now["state"], now["version"]) == (case["state"], case["version"])
    page.goto(keys)
    assert "mine" not in page.locator("main").inner_text()


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


def post(page: Page, path: str, fields: dict[str, Any], token: str | None) -> int:
    """Send a form as a page of the console does; return the status."""
    status: int = page.evaluate(
        """async ([path, fields, token]) => {
            const headers = {"X-CSRF-Token": token};
            const body = new URLSearchParams(fields);
            return (await fetch(path, {method: "POST", headers, body})).status;
        }""",
        [path, fields, token],
    )
    return status


def test_another_grid_s_operator_gets_nowhere(
    start_server: Callable[..., Any], database_url: str, sign_in: Callable[..., Page]
) -> None:
    server = start_server(database_url)
    admin = server.client()
    import_cells(admin)
    words = "东边的秘密"
    for at in (0.0049, 0.0055):  # Eleven and more metres on either side of the border
        report(admin, note=words, address=words, lng=LNG + at)
    west, east = sorted(list_cases(admin), key=lambda one: one["grid_code"])
    assert (west["grid_code"], east["grid_code"]) == ("310101", "440101")
    admin.post(
        "/v1/cameras",
        json={
            "code": "EAST-1",
            "name": words,
            "place": "site",
            "site": words,
            "position": {"lat": LAT, "lng": LNG + SIDE},
        },
    ).raise_for_status()
    for move in ("verify", "file", "dispatch"):
        sent = {"move": move} | ({"unit": "东边的单位"} if move == "dispatch" else {})
        admin.post(f"/v1/cases/{east['id']}/moves", json=sent).raise_for_status()
    (east,) = (one for one in list_cases(admin) if one["id"] == east["id"])
    page = sign_in(server.url, server.make_key("operator", "--grid", "3101"))
    hidden = (east["number"], east["id"], "440101", "EAST-1", "东边的单位")
    for path in (
        *("/console/queue", "/console/queue?lane=dispatch", "/console/queue?lane=handling"),
        *("/console/ledger", f"/console/ledger?q={east['number']}", "/console/ledger?grid=44"),
        *("/console/statistics", "/console/statistics/judged", "/console/statistics/heat"),
        *("/console/wall", "/console/wall/tiles", f"/console/cases/{west['id']}"),
        f"/console/cases/{west['id']}/near",
        *("/console/statistics/figures.csv", "/console/ledger/export.csv"),
    ):
        text = read(page, server.url + path)
        answer = text.replace(path, "")
        for one in hidden:
            if one not in path:
                assert one not in answer, f"{one} on {path}"
    page.goto(f"{server.url}/console/ledger")
    assert page.locator("#ledger tbody tr").count() == 1
    page.goto(f"{server.url}/console/queue")
    counts = page.locator("[id^=lane-] > .number").all_inner_texts()
    assert sum(map(int, counts)) == 1
    token = page.locator("body").get_attribute("data-csrf")
    for path in ("", "/near"):
        unseen = page.request.get(f"{server.url}/console/cases/{east['id']}{path}")
        assert unseen.status == 404
        assert words not in unseen.text()
    tries: tuple[tuple[str, dict[str, str]], ...] = (
        (f"cases/{east['id']}/moves", {"move": "handle"}),
        (f"cases/{east['id']}/merge", {"other": west["id"]}),
        (f"cases/{west['id']}/merge", {"other": east["id"]}),
        (f"cases/{west['id']}/merge", {"number": east["number"]}),
        (f"cases/{east['id']}/correct", {"label": "street_vending"}),
    )
    for where, fields in tries:
        assert post(page, f"/console/{where}", fields, token) == 404, where
    chosen = {"case": f"{east['id']}:{east['version']}", "move": "handle"}
    assert post(page, "/console/ledger/moves", chosen, token) in (200, 403)
    assert page.request.get(f"{server.url}/console/wall/EAST-1").status == 404
    assert page.request.get(f"{server.url}/console/wall/sites/{words}").status == 404
    (now,) = (one for one in list_cases(admin) if one["id"] == east["id"])
    assert json.dumps(now) == json.dumps(east)
    (own,) = (one for one in list_cases(admin) if one["id"] == west["id"])
    assert own["version"] == west["version"]


def read(page: Page, url: str) -> str:
    answer = page.request.get(url)
    assert answer.ok, url
    return answer.text()
