"""A report of made-up content, and the page read back as a browser would."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from detector.archive.evidence import Evidence, subject_of
from detector.archive.report import (
    ReportContent,
    ReportSettings,
    ScanCounts,
    write_report,
)
from detector.archive.rows import CameraSpan
from detector.camera.incident import Incident, Peak

SHANGHAI = timezone(timedelta(hours=8))
DAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)
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


def show_in(tmp_path: Path) -> Callable[..., Page]:
    def write(content: ReportContent, **settings: Any) -> Page:
        path = write_report(tmp_path, content, ReportSettings(**{"language": "en"} | settings))
        return Page(path.read_text(encoding="utf-8"))

    return write


def draw(folder: Path, incidents: Iterator[Incident] | list[Incident]) -> None:
    grey = np.full((48, 64, 3), 90, np.uint8)
    Evidence(folder, lambda *_: grey, None, "en").write(map(subject_of, incidents))
