"""Signing in to the console over HTTP: cookies, where it leads, tokens, the session's end."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.security.keys import revoke
from api.security.lock_out import MOST_FAILURES, WINDOW_S, LockOut
from api.services import Services
from api.web.addresses import own_path
from api.web.visitor import CSRF_HEADER, SESSION_COOKIE
from tests.api.web import sign_in_form
from tests.api.web.sign_in_form import HTML, LOGIN, PHOTO, MakeKey, sign_in

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.api.conftest import SetClock

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/console\r\nSet-Cookie: a=b",
    " //evil.example",
    "console",
    "",
]

key = pytest.fixture(sign_in_form.key)
browser = pytest.fixture(sign_in_form.browser)


def find_token(browser: TestClient) -> str:
    shown = browser.get(PHOTO, headers=HTML).text
    found = re.search(r'data-csrf="([0-9a-f]{64})"', shown)
    assert found is not None, shown
    return found[1]


def is_in(browser: TestClient) -> bool:
    status = browser.get("/console", headers=HTML).headers.get("location", "")
    return not status.startswith(LOGIN)


class TestSigningIn:
    def test_a_right_key_opens_the_console(self, browser: TestClient, key: str) -> None:
        assert not is_in(browser)
        answer = sign_in(browser, key)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{SESSION_COOKIE}=ses_")
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/console", "max-age=43200"} <= parts
        assert "secure" not in parts and not any(part.startswith("domain") for part in parts)
        assert key not in cookie
        assert is_in(browser)

    def test_under_https_the_cookie_is_secure(self, app: "FastAPI", key: str) -> None:
        with TestClient(app, base_url="https://bureau.example") as browser:
            browser.follow_redirects = False
            cookie = sign_in(browser, key).headers["set-cookie"]
        assert "secure" in {part.strip().lower() for part in cookie.split(";")}

    @pytest.mark.parametrize("wrong", ["", "x", "sid_" + 43 * "A"])
    def test_a_wrong_key_is_told_so(self, browser: TestClient, wrong: str) -> None:
        answer = sign_in(browser, wrong)
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
        assert "密钥不正确" in answer.text
        assert 'role="alert"' in answer.text

    def test_a_machines_key_is_told_so(self, browser: TestClient, make_key: MakeKey) -> None:
        for role in ("citizen-intake", "camera"):
            answer = sign_in(browser, make_key(role)["Authorization"].removeprefix("Bearer "))
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
            assert "不能登录处置台" in answer.text

    def test_a_key_is_never_shown_again(self, browser: TestClient) -> None:
        secret = 'sid_"><script>alert(1)</script>'
        text = sign_in(browser, secret, next='/console"><script>').text
        assert "alert(1)" not in text
        assert '"><script>' not in text

    def test_ten_wrong_keys_lock_the_door_and_time_opens_it(
        self, browser: TestClient, app: "FastAPI", key: str
    ) -> None:
        now = [1000.0]
        app.state.lock_out = LockOut(lambda: now[0])
        statuses = [sign_in(browser, "sid_" + 43 * "A").status_code for _ in range(11)]
        assert statuses == [401] * MOST_FAILURES + [429]
        answer = sign_in(browser, key)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
        assert "已暂时锁定" in answer.text
        assert not is_in(browser)
        now[0] += WINDOW_S
        assert sign_in(browser, key).status_code == 303

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_other_sites_forms_sign_nobody_in(
        self, browser: TestClient, key: str, site: str
    ) -> None:
        headers = HTML | {"Sec-Fetch-Site": site}
        answer = browser.post(LOGIN, data={"key": key}, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)

    @pytest.mark.parametrize("asked", ELSEWHERE)
    def test_nobody_is_led_to_another_host(self, browser: TestClient, key: str, asked: str) -> None:
        page = browser.get(LOGIN, params={"next": asked})
        assert 'name="next" value="/console"' in page.text
        assert sign_in(browser, key, next=asked).headers["location"] == "/console"
        back = browser.get("/language", params={"to": "en", "back": asked})
        assert back.headers["location"] == "/"

    def test_one_is_led_back_to_where_one_was(self, browser: TestClient, key: str) -> None:
        lost = browser.get(f"{PHOTO}?size=small&draw=true", headers=HTML)
        back = f"{PHOTO}?size=small&draw=true"
        assert lost.headers["location"] == f"{LOGIN}?next={quote(back)}"
        page = browser.get(lost.headers["location"])
        assert back.replace("&", "&amp;") in page.text
        assert sign_in(browser, key, next=back).headers["location"] == back


class TestTheEndOfASession:
    def test_signing_out(self, browser: TestClient, key: str) -> None:
        sign_in(browser, key)
        cookie = browser.cookies[SESSION_COOKIE]
        answer = browser.post("/console/logout", data={"csrf": find_token(browser)})
        assert (answer.status_code, answer.headers["location"]) == (303, LOGIN)
        assert "max-age=0" in answer.headers["set-cookie"].lower()
        assert not is_in(browser)
        browser.cookies.set(SESSION_COOKIE, cookie, path="/console")
        assert not is_in(browser), "the cookie that somebody copied opens nothing either"

    def test_by_its_hours_and_by_idleness(
        self, browser: TestClient, key: str, clock: "SetClock", services: Services
    ) -> None:
        sign_in(browser, key)
        clock.advance(minutes=services.settings.session_idle_minutes)
        assert not is_in(browser)
        sign_in(browser, key)
        for _ in range(23):
            clock.advance(minutes=30)
            assert is_in(browser)
        clock.advance(minutes=30)
        assert not is_in(browser)

    def test_by_its_keys_revocation(
        self, browser: TestClient, key: str, services: Services
    ) -> None:
        sign_in(browser, key)
        assert is_in(browser)
        key_id = services.known_keys.get(services.keyring.hash("key", key))
        assert key_id is not None
        revoke(services, key_id.id, actor="system:test")
        assert not is_in(browser)


class TestTheToken:
    def log_out(self, browser: TestClient, **options: Any) -> Any:
        options.setdefault("headers", HTML)
        return browser.post("/console/logout", **options)

    def test_without_a_right_one_nothing_changes(
        self, app: "FastAPI", browser: TestClient, key: str
    ) -> None:
        sign_in(browser, key)
        with TestClient(app) as neighbour:
            neighbour.follow_redirects = False
            sign_in(neighbour, key)
            others = find_token(neighbour)
        for forged in ("", "x", 64 * "0", others, "é"):
            answer = self.log_out(browser, data={"csrf": forged})
            assert answer.status_code == 403
        assert self.log_out(browser).status_code == 403
        assert self.log_out(browser, json={"csrf": find_token(browser)}).status_code == 403
        assert self.log_out(browser, files={"csrf": find_token(browser)}).status_code == 403
        assert is_in(browser)

    def test_it_may_come_in_a_header(self, browser: TestClient, key: str) -> None:
        sign_in(browser, key)
        token = find_token(browser)
        assert self.log_out(browser, headers={CSRF_HEADER: "x"}).status_code == 403
        assert self.log_out(browser, headers={CSRF_HEADER: token}).status_code == 303

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_another_sites_page_is_refused_even_with_it(
        self, browser: TestClient, key: str, site: str
    ) -> None:
        sign_in(browser, key)
        headers = {CSRF_HEADER: find_token(browser), "Sec-Fetch-Site": site}
        assert self.log_out(browser, headers=headers).status_code == 403
        headers["Sec-Fetch-Site"] = "same-origin"
        assert self.log_out(browser, headers=headers).status_code == 303

    def test_a_session_opens_no_api(self, browser: TestClient, key: str) -> None:
        sign_in(browser, key)
        cookie = {"Cookie": f"{SESSION_COOKIE}={browser.cookies[SESSION_COOKIE]}"}
        assert browser.get("/v1/cases", headers=cookie).status_code == 401
        bearer = {"Authorization": f"Bearer {browser.cookies[SESSION_COOKIE]}"}
        assert browser.get("/v1/cases", headers=bearer).status_code == 401


@pytest.mark.parametrize("path", ["/", "/console", "/console/cases/1?a=%2F&b=c#d", "/.//x"])
def test_own_paths_are_kept(path: str) -> None:
    assert own_path(path, "/otherwise") == path
