"""What was found and what footage there was, put together from the journal's looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detector.archive.journal_reading import (
    read_looks,
    read_photo_codes,
    read_timelines,
    read_untimed_looks,
)
from detector.archive.journal_store import Store
from detector.archive.rows import CameraSpan, FindingRow
from detector.camera.looks import BoxXyxy, Look, Sighting

PHOTO_GAP_S: Final = 600.0
"""Frames of a camera that are further apart are two spans of footage."""


def read_findings(store: Store) -> Iterator[FindingRow]:
    """See `Journal.findings`."""
    photo_codes = list(read_photo_codes(store))
    at = 0
    for timeline in read_timelines(store):
        while at < len(photo_codes) and photo_codes[at] < timeline:
            yield from _read_untimed(store, photo_codes[at])
            at += 1
        for _, look in read_looks(store, timeline):
            yield from _tell(timeline, look)
        if at < len(photo_codes) and photo_codes[at] == timeline:
            yield from _read_untimed(store, timeline)
            at += 1
    for code in photo_codes[at:]:
        yield from _read_untimed(store, code)


def _read_untimed(store: Store, code: str) -> Iterator[FindingRow]:
    for look in read_untimed_looks(store, code):
        yield from _tell(code or None, look)


def _tell(camera: str | None, look: Look) -> Iterator[FindingRow]:
    if look.held:
        return
    for one in sorted(look.sightings, key=_rank):
        yield FindingRow(
            camera, look.source, look.timestamp_s, look.captured_at, one, look.image_wh
        )


def _rank(sighting: Sighting) -> tuple[float, BoxXyxy, str]:
    return -sighting.score, sighting.box_xyxy, sighting.label


@dataclass(slots=True)
class _Stretch:
    """A span that is growing."""

    is_photo: bool
    first: Look
    last_s: float
    looks: int = 0
    scored: int = 0

    def takes(self, is_photo: bool, look: Look) -> bool:
        if is_photo != self.is_photo:
            return False
        if is_photo:
            return look.at_s - self.last_s <= PHOTO_GAP_S
        return look.source == self.first.source

    def add(self, look: Look) -> None:
        self.last_s = look.at_s
        self.looks += 1
        self.scored += not look.held


def read_spans(store: Store) -> Iterator[CameraSpan]:
    """See `Journal.spans`."""
    for timeline in read_timelines(store):
        stretch: _Stretch | None = None
        for is_photo, look in read_looks(store, timeline):
            if stretch is None or not stretch.takes(is_photo, look):
                if stretch is not None:
                    yield _end(store, timeline, stretch)
                stretch = _Stretch(is_photo, look, look.at_s)
            stretch.add(look)
        if stretch is not None:
            yield _end(store, timeline, stretch)


def _end(store: Store, timeline: str, stretch: _Stretch) -> CameraSpan:
    first, ended_s = stretch.first, stretch.last_s
    if not stretch.is_photo:
        row = store.one("SELECT footage_s FROM items WHERE name = ?", (first.source,))
        if row is not None and row[0] is not None:
            # To the file's end, not to its last sample.
            ended_s = max(ended_s, first.at_s - first.timestamp_s + row[0])
    return CameraSpan(
        timeline,
        first.source,
        first.at_s,
        ended_s,
        first.captured_at,
        stretch.looks,
        stretch.scored,
    )
