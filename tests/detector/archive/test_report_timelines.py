"""The page's timelines show what was there, when, and where the cameras were in trouble."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from detector.archive.rows import CameraSpan, CameraStateRow
from detector.archive.timeline_facts import find_states, merge_spans
from tests.detector.archive.report_page import (
    DAY,
    Page,
    make_content,
    make_incident,
    make_span,
    show_in,
)


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., Page]:
    return show_in(tmp_path)


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
