"""The page is complete in itself, true, and harmless whatever the names of files are."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.archive import report_lists, report_timeline
from detector.archive.evidence import Evidence, subject_of
from detector.archive.report import (
    PhotoFindings,
    ReportContent,
    ReportSettings,
    ScanCounts,
    best_photos,
    write_report,
)
from detector.archive.report_words import WORDS, Speech
from detector.archive.rows import CameraSpan, CameraStateRow, FileProblem, FindingRow
from detector.archive.timeline_facts import find_states, merge_spans
from detector.arrays import Image
from detector.camera.incident import Incident, Peak
from detector.camera.looks import Sighting
from detector.errors import StreamError

SHANGHAI = timezone(timedelta(hours=8))
DAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)
HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\u202egpj"
VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """A page's elements and text; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"script", "style"}:
            self.text += data

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and (not kind or kind in attributes.get("class", "").split())
        ]


def make_incident(
    number: int = 0,
    start: datetime = DAY + timedelta(hours=8),
    length_s: float = 90,
    **changes: Any,
) -> Incident:
    at = start.astimezone(UTC)
    peak = Peak(0.9, (10.0, 10.0, 30.0, 40.0), "medium", (64, 48), "a/b.mp4", 4.0, at)
    incident = Incident(
        id=f"inc-{number:020x}",
        camera="HP-1",
        label="overflowing_bin",
        state="cleared",
        revision=2,
        started_s=at.timestamp(),
        last_seen_s=at.timestamp() + length_s,
        started_at=at,
        last_seen_at=at + timedelta(seconds=length_s),
        frames=12,
        median_score=0.8,
        peak=peak,
        end_reason="gone",
    )
    return replace(incident, **changes)


def make_span(start: datetime, hours: float, camera: str = "HP-1") -> CameraSpan:
    first = start.timestamp()
    return CameraSpan(
        camera, "a/b.mp4", first, first + hours * 3600, start.astimezone(UTC), 100, 20
    )


def make_content(**changes: Any) -> ReportContent:
    content = ReportContent(
        ("/archive",),
        "bundle 1.0.0",
        ScanCounts(videos=3, looks=5000, scored=400),
        (make_incident(),),
        (make_span(DAY, 24),),
    )
    return replace(content, **changes)


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., Page]:
    def write(content: ReportContent, **settings: Any) -> Page:
        path = write_report(tmp_path, content, ReportSettings(**{"language": "en"} | settings))
        return Page(path.read_text(encoding="utf-8"))

    return write


def draw(folder: Path, incidents: Iterator[Incident] | list[Incident]) -> None:
    grey = np.full((48, 64, 3), 90, np.uint8)
    Evidence(folder, lambda *_: grey, None, "en").write(map(subject_of, incidents))


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


def bars(page: Page, kind: str) -> list[tuple[float, float]]:
    return [
        (float(one["x"].rstrip("%")), float(one["width"].rstrip("%")))
        for one in page.all("rect", kind)
        if one.get("x", "").endswith("%")
    ]


def test_bars_lie_where_their_hours_are(show: Callable[..., Page]) -> None:
    incident = make_incident(start=DAY + timedelta(hours=6), length_s=6 * 3600)
    page = show(make_content(incidents=(incident,)))
    assert bars(page, "incident") == [(25.0, 25.0)]
    assert bars(page, "footage") == [(0.0, 100.0)]
    assert "06:00" in page.text


def test_the_axis_fits_the_footage(show: Callable[..., Page]) -> None:
    incident = make_incident(start=DAY + timedelta(hours=9), length_s=3600)
    span = make_span(DAY + timedelta(hours=8), 4)
    page = show(make_content(incidents=(incident,), spans=(span,)))
    assert bars(page, "incident") == [(25.0, 25.0)]


def test_an_incident_over_midnight_stands_on_both_days(show: Callable[..., Page]) -> None:
    incident = make_incident(start=DAY + timedelta(hours=18), length_s=12 * 3600)
    page = show(make_content(incidents=(incident,), spans=(make_span(DAY, 48),)))
    assert bars(page, "incident") == [(75.0, 25.0), (0.0, 25.0)]
    assert len(page.all("details", "day")) == 2
    assert len(page.all("li", "card")) == 1


def test_bars_that_overlap_do_not_hide_each_other(show: Callable[..., Page]) -> None:
    incidents = [make_incident(one, length_s=7200) for one in range(3)]
    page = show(make_content(incidents=incidents))
    assert len({one["y"] for one in page.all("rect", "incident")}) == 3


def test_bars_lead_to_their_cards(show: Callable[..., Page]) -> None:
    incidents = [
        make_incident(one, camera=f"HP-{one}", peak=replace(make_incident().peak, score=one / 10))
        for one in range(5)
    ]
    page = show(make_content(incidents=incidents))
    cards = {one["id"]: one for one in page.all("li", "card")}
    links = [one for one in page.all("a") if "data-card" in one]
    assert len(links) == 5
    assert {one["href"] for one in links} == {f"#{name}" for name in cards}
    # Best first without JavaScript, too.
    scores = [float(one["data-score"]) for one in cards.values()]
    assert scores == sorted(scores, reverse=True)


def test_files_of_unknown_time_have_a_timeline_of_their_own(show: Callable[..., Page]) -> None:
    span = CameraSpan("HP-1", "HP-1/x.mp4", 0, 600, None, 300, 40)
    peak = replace(make_incident().peak, source="HP-1/x.mp4", captured_at=None)
    incident = make_incident(
        started_at=None, last_seen_at=None, started_s=150, last_seen_s=300, peak=peak
    )
    page = show(make_content(incidents=(incident,), spans=(span,)))
    assert bars(page, "incident") == [(25.0, 25.0)]
    assert "0:02:30–0:05:00 into HP-1/x.mp4" in page.text
    assert page.all("details", "day") == []


def test_states_become_stretches() -> None:
    at = DAY.astimezone(UTC)
    footage = merge_spans([make_span(DAY, 10), make_span(DAY + timedelta(hours=10), 2)])
    assert [len(one) for one in footage.values()] == [1]
    rows = [
        CameraStateRow("HP-1", state, (at + timedelta(hours=hour)).timestamp(), at)
        for hour, state in ((1, "black"), (3, "live"), (8, "frozen"))
    ]
    black, frozen = find_states(reversed(rows), footage)
    assert (black.state, black.stretch[1] - black.stretch[0], black.to_end) == (
        "black",
        7200,
        False,
    )
    assert (frozen.state, frozen.stretch[1] - frozen.stretch[0]) == ("frozen", 4 * 3600)
    assert frozen.to_end


def test_camera_trouble_is_shown_and_named(show: Callable[..., Page]) -> None:
    at = (DAY + timedelta(hours=12)).astimezone(UTC)
    row = CameraStateRow("HP-1", "black", at.timestamp(), at, "brightness 2")
    page = show(make_content(states=(row,)))
    assert bars(page, "trouble") == [(50.0, 50.0)]
    assert "Cameras that were not watching all the time (1): HP-1" in page.text
    assert "2026-03-02 12:00" in page.text
    assert "brightness 2" in page.text


def test_previews_are_limited_by_score_and_the_page_says_so(
    tmp_path: Path, show: Callable[..., Page]
) -> None:
    incidents = [
        make_incident(one, peak=replace(make_incident().peak, score=one / 10)) for one in range(6)
    ]
    draw(tmp_path, incidents)
    page = show(make_content(incidents=incidents), most_thumbnails=2)
    assert len(page.all("img")) == 2
    assert len(page.all("a", "picture")) == 6
    assert "Previews are shown for the 2 incidents" in page.text
    assert "Previews" not in show(make_content(incidents=incidents)).text


def test_cards_are_limited_and_the_page_says_so(show: Callable[..., Page]) -> None:
    incidents = [make_incident(one) for one in range(9)]
    page = show(make_content(incidents=incidents), most_incidents=4)
    assert len(page.all("li", "card")) == 4
    assert "4 incidents with the highest scores of 9" in page.text
    assert "9 incidents" in page.text


def test_rows_are_limited_and_the_page_says_so(
    show: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_timeline, "MOST_ROWS", 2)
    monkeypatch.setattr(report_lists, "MOST_ROWS", 3)
    incidents = [make_incident(one, camera=f"HP-{one}") for one in range(5)]
    problems = [FileProblem(f"{one}.mp4", "empty", "It is empty.") for one in range(10)]
    page = show(make_content(incidents=incidents, problems=problems))
    assert "Rows that do not fit on this page: 3;" in page.text
    assert "The first 3 are shown; all are in errors.jsonl." in page.text


def test_many_quiet_cameras_take_one_line(show: Callable[..., Page]) -> None:
    spans = [make_span(DAY, 24, f"HP-{one}") for one in range(60)]
    page = show(make_content(spans=spans))
    assert len(page.all("div", "camera")) == 1
    assert "Other cameras with footage and nothing seen (59)" in page.text


def test_a_picture_that_failed_is_no_broken_link(tmp_path: Path, show: Callable[..., Page]) -> None:
    def fail(source: str, _: float) -> Image:
        raise StreamError("truncated", f"{source} ends early.")

    problems = Evidence(tmp_path, fail, None, "en").write([subject_of(make_incident())])
    page = show(make_content(problems=problems))
    assert page.all("a", "picture") == []
    assert "No picture" in page.text
    assert "a/b.mp4 ends early." in page.text


def test_bare_faces_are_said_to_be_bare(show: Callable[..., Page]) -> None:
    assert "NOT blurred" in show(make_content(), private=False).text
    assert "NOT blurred" not in show(make_content()).text


def test_the_same_content_gives_the_same_page(tmp_path: Path, show: Callable[..., Page]) -> None:
    incidents = [make_incident(one, camera=f"HP-{one % 3}") for one in range(9)]
    show(make_content(incidents=incidents))
    first = (tmp_path / "report.html").read_bytes()
    show(make_content(incidents=incidents[::-1]))
    assert (tmp_path / "report.html").read_bytes() == first


def photo_rows(scores: list[float]) -> Iterator[FindingRow]:
    for number, score in enumerate(scores):
        for part in (0.5, 1.0):
            sighting = Sighting("illegal_poster", score * part, (1, 1, 9, 9), part == 1, "small")
            yield FindingRow(None, f"{number:04d}.jpg", 0.0, None, sighting, (64, 48))


def test_the_best_photos_are_kept() -> None:
    scores = [(one * 37 % 101) / 101 for one in range(101)]
    photos = best_photos(photo_rows(scores), SHANGHAI, most=5)
    assert photos.found == 101
    kept = [one.findings[0].score for one in photos.subjects]
    assert kept == sorted(scores, reverse=True)[:5]
    # Those under their threshold are not shown.
    assert all(len(one.findings) == 1 for one in photos.subjects)


def test_photos_have_a_part_of_their_own(tmp_path: Path, show: Callable[..., Page]) -> None:
    rows = [replace(one, captured_at=DAY) for one in photo_rows([0.9, 0.5])]
    photos = best_photos(rows, SHANGHAI)
    grey = np.full((48, 64, 3), 90, np.uint8)
    Evidence(tmp_path, lambda *_: grey, None, "en").write(photos.subjects)
    counts = ScanCounts(photos=7, citizen_photos=7)
    page = show(make_content(incidents=(), spans=(), counts=counts, photos=photos))
    assert "Photos with an issue: 2 of 7." in page.text
    assert len(page.all("img")) == 2
    assert "2026-03-02 00:00" in page.text
    quiet = show(make_content(incidents=(), counts=counts, photos=PhotoFindings()))
    assert "Photos with an issue: 0 of 7." in quiet.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (7200, "2 h"), (360_000 + 60, "100 h 1 min")],
)
def test_lengths_are_told_in_two_units(seconds: float, words: str) -> None:
    assert Speech("en", SHANGHAI).duration(seconds) == words
