"""The citizens' pages as they are served."""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from api.web.assets import load_assets
from api.web.routes.citizen import ICONS, SHELL, WORKER, list_shell

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.services import Services

PAGES = ("/", "/r/01890a5d-ac96-774b-bcce-b302099a8057", "/offline")
BUDGET_BYTES = 150_000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize(("language", "html"), [("zh", "zh-CN"), ("en", "en")])
    def test_pages_speak_both_languages_and_load_from_here_alone(
        self, client: "TestClient", path: str, language: str, html: str
    ) -> None:
        page = client.get(path, headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'<html lang="{html}">' in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text)
        loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page.text)
        assert loaded
        for address in loaded:
            assert client.get(address).status_code == 200, address

    def test_a_follow_page_holds_nothing_of_its_report(self, client: "TestClient") -> None:
        one, other = (client.get(f"/r/{name}").text for name in ("a" * 36, "<b>"))
        assert one.replace("a" * 36, "") == other.replace("%3Cb%3E", "")

    def test_without_the_citizens_page_the_console_is_what_there_is(
        self, client: "TestClient", app: "FastAPI", services: "Services"
    ) -> None:
        closed = services.settings.model_copy(update={"citizen_page": False})
        app.state.services = replace(services, settings=closed)
        answer = client.get("/", follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
        followed = client.get("/r/01890a5d-ac96-774b-bcce-b302099a8057")
        assert followed.status_code == 200
        assert 'class="button primary wide big" href="/"' not in followed.text

    def test_the_manifest_names_icons_that_are_there(self, client: "TestClient") -> None:
        answer = client.get("/manifest.webmanifest")
        assert answer.headers["Content-Type"] == "application/manifest+json"
        content = answer.json()
        assert (content["name"], content["start_url"], content["display"]) == (
            *("我拍我城", "/"),
            "standalone",
        )
        assert len(content["icons"]) == len(ICONS)
        for icon in content["icons"]:
            picture = client.get(icon["src"]).content
            side = int(icon["sizes"].split("x")[0])
            # A PNG's header: width and height stand at 16 and 20.
            assert picture[:8] == b"\x89PNG\r\n\x1a\n"
            assert picture[16:24] == side.to_bytes(4) * 2

    def test_the_worker_knows_its_release_and_may_serve_all_pages(
        self, client: "TestClient"
    ) -> None:
        answer = client.get("/sw.js")
        assert answer.headers["Service-Worker-Allowed"] == "/"
        assert answer.headers["Cache-Control"] == "no-cache"
        # A worker goes by its own policy: it fetches what it keeps.
        assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]
        found = re.match(r"self\.pages = (\{.*\});\n", answer.text)
        assert found
        known = json.loads(found[1])
        assert all(f"/static/{known['release']}/" in address for address in known["shell"])
        for address in known["shell"]:
            assert client.get(address).status_code == 200, address


def test_every_script_is_loaded_ahead_and_all_stays_within_the_budget() -> None:
    assets = load_assets()
    shell = list_shell(assets)
    assert len(shell) == len(set(shell))
    sizes = {
        name: len(assets.files[name].compressed or assets.files[name].data)
        for name in (*SHELL, *(name for name in assets.files if name.startswith("js/citizen/")))
    }
    assert WORKER in sizes
    page = 6_000  # What the page itself weighs, compressed; a browser test counts it all.
    assert sum(sizes.values()) + page < BUDGET_BYTES
    assert sum(sizes.values()) < 80_000  # 70 kB when written, 39 of them exif-reader.


NEWER_THAN_ES2019 = re.compile(
    r"\?\?|\?\.\w|[|&?]{2}=|\.replaceChildren\(|\.at\(|replaceAll\(|#\w+\s*\("
)


def test_citizens_scripts_are_for_old_phones() -> None:
    for name, asset in load_assets().files.items():
        if name.startswith("js/citizen/"):
            found = NEWER_THAN_ES2019.search(asset.data.decode())
            assert found is None, f"{name}: {found and found[0]}"


@pytest.mark.parametrize("page", ["report", "follow"])
def test_pages_name_all_modules_that_their_script_needs(page: str) -> None:
    """A module that is not named is loaded only after the one that names it: slow on a phone."""
    from api.web.pages import FOLDER

    scripts = {
        name.removeprefix("js/citizen/").removesuffix(".js"): asset.data.decode()
        for name, asset in load_assets().files.items()
        if name.startswith("js/citizen/")
    }
    needed: set[str] = set()
    waiting = [page]
    while waiting:
        found = set(re.findall(r'from "\./(\w+)\.js"', scripts[waiting.pop()])) - needed
        needed |= found
        waiting += found
    template = (FOLDER / "citizen" / f"{page}.html").read_text(encoding="utf-8")
    listed = re.search(r"for name in \(([^)]*)\)", template)
    assert listed
    assert set(re.findall(r'"(\w+)"', listed[1])) == needed
