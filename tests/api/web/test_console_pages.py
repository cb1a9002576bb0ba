"""What every page of the console keeps to: errors told in words, languages, assets."""

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from api.services import Services
from api.web.headers import page_headers, tile_source
from api.web.languages import COOKIE, prefer_language
from tests.api.web import sign_in_form
from tests.api.web.sign_in_form import HTML, LOGIN, PHOTO, sign_in

if TYPE_CHECKING:
    from fastapi import FastAPI

key = pytest.fixture(sign_in_form.key)
browser = pytest.fixture(sign_in_form.browser)


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
