"""The page keeps to its limits and says so; pictures and photos stand in their place."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.archive import report_lists, report_timeline
from detector.archive.evidence import Evidence, subject_of
from detector.archive.report import (
    PhotoFindings,
    ScanCounts,
    best_photos,
)
from detector.archive.report_words import Speech
from detector.archive.rows import FileProblem, FindingRow
from detector.arrays import Image
from detector.camera.looks import Sighting
from detector.errors import StreamError
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


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., Page]:
    return show_in(tmp_path)


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
