"""The page is complete in itself, true, and harmless whatever the names of files are."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from detector.archive.report import (
    ScanCounts,
    best_photos,
)
from detector.archive.report_words import WORDS
from detector.archive.rows import CameraSpan, CameraStateRow, FileProblem, FindingRow
from detector.camera.looks import Sighting
from tests.detector.archive.report_page import (
    DAY,
    SHANGHAI,
    Page,
    draw,
    make_content,
    make_incident,
    make_span,
    show_in,
)

HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\u202egpj"


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., Page]:
    return show_in(tmp_path)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_needs_nothing_from_outside(
    tmp_path: Path, show: Callable[..., Page], language: str
) -> None:
    draw(tmp_path, [make_incident()])
    page = show(make_content(), language=language)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//[a-z0-9-]+\.[a-z]", text)
    for tag, attributes in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("src", "data:").startswith("data:")
        assert attributes.get("href", "#").startswith(("#", "evidence/"))
        if attributes.get("href", "").startswith("evidence/"):
            assert (tmp_path / attributes["href"]).is_file()
    assert len(page.all("img")) == 1


def test_the_policy_lets_only_what_was_written_here_run(
    tmp_path: Path, show: Callable[..., Page]
) -> None:
    page = show(make_content())
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    (policy,) = [
        one["content"] for one in page.all("meta") if "Content" in one.get("http-equiv", "")
    ]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_stay_text(show: Callable[..., Page], language: str) -> None:
    incident = make_incident(camera=HOSTILE, label=HOSTILE)
    at = DAY.astimezone(UTC)
    photo = FindingRow(
        None, HOSTILE, 0.0, at, Sighting(HOSTILE, 0.9, (1, 1, 9, 9), True, "small"), (64, 48)
    )
    timeless = replace(
        make_incident(1, camera=HOSTILE),
        started_at=None,
        last_seen_at=None,
        started_s=1,
        last_seen_s=9,
    )
    content = make_content(
        archives=(HOSTILE,),
        model=HOSTILE,
        counts=ScanCounts(videos=1, citizen_photos=1),
        incidents=(incident, timeless),
        spans=(make_span(DAY, 24, HOSTILE), CameraSpan(HOSTILE, HOSTILE, 0, 9, None, 3, 3)),
        states=(CameraStateRow(HOSTILE, HOSTILE, at.timestamp(), at, HOSTILE),),
        problems=(FileProblem(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 3.0),),
        photos=best_photos([photo], SHANGHAI),
    )
    page = show(content, language=language)
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert "\u202e" not in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    known = {"l-other", "l-illegal_poster", "l-overflowing_bin", "l-street_vending", "l-site_dust"}
    classes = {name for _, one in page.elements for name in one.get("class", "").split()}
    assert {name for name in classes if name.startswith("l-")} <= known


def test_every_phrase_is_there_in_both_languages() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    for key, words in WORDS["en"].items():
        holes = set(re.findall(r"{\w+}", words))
        assert holes == set(re.findall(r"{\w+}", WORDS["zh"][key])), key


def test_the_header_says_what_was_found(show: Callable[..., Page]) -> None:
    incidents = [make_incident(one, label="site_dust") for one in range(3)]
    incidents.append(make_incident(9, state="open", end_reason=None, camera="HP-2"))
    problems = (FileProblem("x.mp4", "truncated", "It ends early."),)
    page = show(
        make_content(
            incidents=incidents,
            spans=(make_span(DAY, 12), make_span(DAY, 1.5, "HP-2"), make_span(DAY, 1, "HP-3")),
            counts=ScanCounts(videos=3, failed=1, looks=5000, scored=400),
            problems=problems,
        )
    )
    for words in (
        "4 incidents",
        "at 2 of 3 cameras",
        "1 still there when the footage ended",
        "14 h 30 min of footage",
        "5,000 frames looked at, 400 of them by the model",
        "1 could not be read",
        "Files that were not looked through, or not to their end: 1",
        "It ends early.",
        "2026-03-02 Mon",
        "UTC+08:00",
    ):
        assert words in page.text


def test_a_quiet_night_says_so(show: Callable[..., Page]) -> None:
    page = show(make_content(incidents=()))
    assert "No incident was found in this footage." in page.text
    assert "Needs attention" not in page.text
    assert page.all("form") == []


def test_an_empty_archive_is_no_quiet_night(show: Callable[..., Page]) -> None:
    page = show(make_content(incidents=(), spans=()))
    assert "No footage" in page.text
    assert "No incident was found" not in page.text
