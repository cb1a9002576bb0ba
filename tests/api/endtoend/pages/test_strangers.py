"""Who has no business in the console gets nowhere, on the real server and both databases."""

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.endtoend.pages.errands import SCRIPT, list_cases, report

PLACES = (
    *("/console", "/console/queue", "/console/ledger", "/console/statistics", "/console/wall"),
    *("/console/admin", "/console/admin/keys", "/console/admin/audit"),
    "/console/ledger/export.csv",
)
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
