"""Signing in to the console over HTTP: cookies, tokens, languages, assets, errors."""

import gzip
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.security.keys import revoke
from api.security.lock_out import MOST_FAILURES, WINDOW_S, LockOut
from api.services import Services
from api.web.addresses import own_path
from api.web.headers import page_headers, tile_source
from api.web.languages import COOKIE, prefer_language
from api.web.visitor import CSRF_HEADER, SESSION_COOKIE

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.api.conftest import SetClock

MakeKey = Callable[..., dict[str, str]]
HTML = {"Accept": "text/html"}
LOGIN = "/console/login"
PHOTO = "/console/photos/" + 64 * "a"
"""An address that everybody who is signed in may ask for."""

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


@pytest.fixture
def key(make_key: MakeKey) -> str:
    return make_key("operator")["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def browser(client: TestClient) -> Iterator[TestClient]:
    client.follow_redirects = False
    yield client


def sign_in(browser: TestClient, key: str, **fields: str) -> Any:
    return browser.post(LOGIN, data={"key": key} | fields, headers=HTML)


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


class TestErrors:
    def test_people_scripts_and_parts_of_pages_are_each_told_in_their_form(
        self, browser: TestClient, key: str
    ) -> None:
        page = browser.get("/console", headers=HTML)
        assert (page.status_code, page.headers["location"]) == (303, f"{LOGIN}?next=/console")
        script = browser.get("/console", headers={"Accept": "application/json"})
        assert (script.status_code, script.json()["code"]) == (401, "signed_out")
        assert script.headers["content-type"] == "application/problem+json"
        part = browser.get("/console", headers={"HX-Request": "true"})
        assert (part.status_code, part.text) == (401, "")
        assert part.headers["hx-redirect"] == f"{LOGIN}?next=/console"

        sign_in(browser, key)
        page = browser.get(PHOTO, headers=HTML)
        assert (page.status_code, "<html" in page.text) == (404, True)
        script = browser.get(PHOTO, headers={"Accept": "application/json"})
        assert (script.status_code, script.json()["code"]) == (404, "not_found")
        part = browser.get(PHOTO, headers={"HX-Request": "true"})
        assert part.status_code == 404
        assert "<html" not in part.text and part.text.strip()

    def test_after_signing_in_again_a_page_opens_and_not_a_part_of_one(
        self, browser: TestClient
    ) -> None:
        for current, back in (
            (
                "https://issues.example/console/queue?lane=check#top",
                "/console/queue%3Flane%3Dcheck",
            ),
            ("https://issues.example/console/wall", "/console/wall"),
            ("https://issues.example//evil.example", "/console"),
            ("https://[", "/console"),
            ("", "/console"),
        ):
            headers = {"HX-Request": "true", "HX-Current-URL": current}
            part = browser.get("/console/queue/list?lane=check", headers=headers)
            assert part.headers["hx-redirect"] == f"{LOGIN}?next={back}"

    def test_signing_in_leads_back_to_pages_with_chinese_names(
        self, browser: TestClient, key: str
    ) -> None:
        asked = "/console/wall/sites/%E5%B7%A5%E5%9C%B0?over=week"
        login = browser.get(asked, headers=HTML).headers["location"]
        form = browser.get(login, headers=HTML).text
        found = re.search(r'name="next" value="([^"]+)"', form)
        assert found
        assert sign_in(browser, key, next=found[1]).headers["location"] == asked

    def test_a_form_that_was_lost_leads_to_the_start(self, browser: TestClient) -> None:
        answer = browser.post("/console/logout", headers=HTML)
        assert answer.headers["location"] == f"{LOGIN}?next=/console"

    def test_a_key_counts_its_clicks(
        self, app: "FastAPI", browser: TestClient, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from api.security.rate_limit import RateLimit

        sign_in(browser, key)
        monkeypatch.setattr(app.state.door, "_by_key", RateLimit(2))
        statuses = [browser.get(PHOTO, headers=HTML).status_code for _ in range(3)]
        assert statuses == [404, 404, 429]

    def test_pages_allow_themselves_little(
        self, browser: TestClient, services: Services, key: str
    ) -> None:
        sign_in(browser, key)
        for answer in (browser.get(LOGIN), browser.get(PHOTO, headers=HTML)):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=", answer.text)
        tiles = "https://{s}.tiles.example.cn:8443/{z}/{x}/{y}.png"
        settings = services.settings.model_copy(update={"map_tiles": tiles})
        policy = page_headers(settings)["Content-Security-Policy"]
        assert "img-src 'self' data: blob: https://*.tiles.example.cn:8443;" in policy
        assert tile_source("/tiles/{z}/{x}/{y}.png") is None


class TestLanguages:
    @pytest.mark.parametrize(
        ("accepted", "language"),
        [
            ("", "zh"),
            ("fr", "zh"),
            ("en", "en"),
            ("en-GB,en;q=0.9", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
            ("en;q=0.3,zh-TW;q=0.5", "zh"),
            ("zh;q=0,en;q=0.1", "en"),
            ("en;q=0", "zh"),
            ("en;q=x", "zh"),
            ("en;q=nan", "zh"),
            (",;=,", "zh"),
        ],
    )
    def test_what_the_browser_likes_better(
        self, browser: TestClient, accepted: str, language: str
    ) -> None:
        assert prefer_language(accepted) == language
        page = browser.get(LOGIN, headers={"Accept-Language": accepted})
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in page.text

    def test_what_was_chosen_wins(self, browser: TestClient) -> None:
        english = {"Accept-Language": "en"}
        chosen = browser.get(
            "/language", params={"to": "zh", "back": "/console/login?next=%2Fconsole"}
        )
        assert (chosen.status_code, chosen.headers["location"]) == (
            303,
            "/console/login?next=%2Fconsole",
        )
        assert COOKIE in chosen.headers["set-cookie"]
        assert "登录处置台" in browser.get(LOGIN, headers=english).text
        browser.get("/language", params={"to": "en"})
        assert "Sign in to the console" in browser.get(LOGIN).text
        browser.cookies.set(COOKIE, "xx")
        assert browser.get("/language", params={"to": "fr"}).status_code == 422

    def test_a_made_up_choice_is_none(self, browser: TestClient) -> None:
        headers = {"Accept-Language": "en", "Cookie": f"{COOKIE}=xx"}
        assert "Sign in to the console" in browser.get(LOGIN, headers=headers).text


class TestAssets:
    def test_files_of_this_release_are_kept_for_ever(
        self, browser: TestClient, app: "FastAPI"
    ) -> None:
        address = app.state.pages.assets.address("css/base.css")
        assert address in browser.get(LOGIN).text
        answer = browser.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        plain = browser.get(address, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
        asset = app.state.pages.assets.files["css/base.css"]
        assert gzip.decompress(asset.compressed) == plain.content
        assert int(answer.headers["content-length"]) < int(plain.headers["content-length"])

    def test_those_of_another_release_are_asked_for_again(
        self, browser: TestClient, app: "FastAPI"
    ) -> None:
        other = app.state.pages.assets.address("js/keys.js").split("/")
        other[2] = "000000000000"
        answer = browser.get("/".join(other))
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"

    @pytest.mark.parametrize(
        "name", ["none.css", "../templates/login.html", "%2e%2e/pages.py", "css", "", "css/%00"]
    )
    def test_what_is_no_asset_is_not_there(
        self, browser: TestClient, app: "FastAPI", name: str
    ) -> None:
        release = app.state.pages.assets.release
        assert browser.get(f"/static/{release}/{name}").status_code == 404

    def test_a_slip_in_a_template_is_loud(self, app: "FastAPI") -> None:
        with pytest.raises(KeyError, match=r"none\.css"):
            app.state.pages.assets.address("none.css")


@pytest.mark.parametrize("path", ["/", "/console", "/console/cases/1?a=%2F&b=c#d", "/.//x"])
def test_own_paths_are_kept(path: str) -> None:
    assert own_path(path, "/otherwise") == path
