"""What the pages ship of others' work, and that they load nothing from elsewhere."""

import json
import re
from pathlib import Path

import pytest

from api.web.assets import FOLDER, load_assets
from api.web.pages import FOLDER as TEMPLATES

VENDOR = FOLDER / "vendor"
PINNED = json.loads((FOLDER.parent / "vendoring" / "package.json").read_text())["dependencies"]
# Where each library says its own version.
VERSION_IN = {
    "htmx.org": ("htmx/htmx.min.js", r'version:"([\d.]+)"'),
    "leaflet": ("leaflet/leaflet.js", r"Leaflet ([\d.]+)"),
}
# Names of namespaces and of licences are no addresses that a page loads.
NAMES = re.compile(r"http://www\.w3\.org/\S*")
ELSEWHERE = re.compile(r"""(?:src|href|import|url|fetch|from)\s*[=(]?\s*["'(]\s*(?:https?:)?//""")


def test_every_library_comes_with_its_licence() -> None:
    names = sorted(path.name for path in VENDOR.iterdir())
    assert names == sorted(name.removesuffix(".org") for name in PINNED)
    for name in names:
        assert len((VENDOR / name / "LICENSE").read_text()) > 500


@pytest.mark.parametrize("name", sorted(VERSION_IN))
def test_the_copies_are_of_the_pinned_versions(name: str) -> None:
    path, pattern = VERSION_IN[name]
    found = re.search(pattern, (VENDOR / path).read_text())
    assert found
    assert found[1] == PINNED[name]


def test_the_lock_names_versions_and_hashes_but_no_addresses() -> None:
    text = (FOLDER.parent / "vendoring" / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "://" not in text
    for name, version in PINNED.items():
        assert packages[f"node_modules/{name}"]["version"] == version
        assert packages[f"node_modules/{name}"]["integrity"].startswith("sha512-")


def own_files() -> list[Path]:
    files = [*TEMPLATES.rglob("*.html"), *FOLDER.rglob("*.js"), *FOLDER.rglob("*.css")]
    return [path for path in files if VENDOR not in path.parents]


@pytest.mark.parametrize("path", own_files(), ids=lambda path: path.name)
def test_pages_load_nothing_from_other_hosts(path: Path) -> None:
    text = NAMES.sub("", path.read_text())
    assert not ELSEWHERE.search(text)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_scripts_or_styles_of_their_own(path: Path) -> None:
    # The pages' policy forbids them: they would do nothing.
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert "|safe" not in text.replace(" ", "")


def test_the_files_fit_into_memory() -> None:
    files = load_assets().files
    assert sum(len(one.data) for one in files.values()) < 2_000_000
