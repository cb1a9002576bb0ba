"""report.html: one page, complete in itself, that shows what a scan found."""

import heapq
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Final

from detector.archive.atomic_file import open_whole
from detector.archive.evidence import Subject
from detector.archive.lines import encode_text
from detector.archive.rows import CameraSpan, CameraStateRow, FileProblem, FindingRow
from detector.camera.incident import Incident
from detector.detections import Finding
from detector.labels import Language

MOST_PHOTOS: Final = 500


@dataclass(frozen=True, slots=True)
class PhotoFindings:
    """Citizens' photos with flagged findings: how many, and the best of them."""

    found: int = 0
    subjects: tuple[Subject, ...] = ()
    """By their highest score, descending; what `Evidence.write` takes."""
    captured: Mapping[str, str] = field(default_factory=dict)
    """Local time by subject id, where it is known."""


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """What was looked through."""

    videos: int = 0
    photos: int = 0
    """All photos, frames of cameras included."""
    citizen_photos: int = 0
    """Photos of no fixed camera."""
    failed: int = 0
    """Files of which nothing, or not all, was looked through."""
    looks: int = 0
    scored: int = 0


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How the page is written."""

    language: Language = "zh"
    timezone: tzinfo = timezone(timedelta(hours=8))
    private: bool = True
    """Faces and plates were blurred."""
    most_thumbnails: int = 500
    """A preview has about 15 kB, so the page stays under 12 MB."""
    most_incidents: int = 5000
    """Browsers sort and filter so many cards without a wait."""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a scan found."""

    archives: tuple[str, ...]
    """What was scanned, as it was named."""
    model: str
    """Name and version."""
    counts: ScanCounts
    incidents: Sequence[Incident] = ()
    spans: Sequence[CameraSpan] = ()
    states: Sequence[CameraStateRow] = ()
    problems: Sequence[FileProblem] = ()
    photos: PhotoFindings = PhotoFindings()


def best_photos(rows: Iterable[FindingRow], zone: tzinfo, most: int = MOST_PHOTOS) -> PhotoFindings:
    """Choose the photos that the page shows; memory does not grow with their number.

    Args:
        rows: Findings; those of one photo follow each other. Rows of a camera and those under
            their threshold are passed over.
        zone: Of the local times.
        most: How many to keep.

    Returns:
        The photos with the highest scores; of equal ones the first by name.
    """
    found = 0
    best: list[tuple[float, str, list[FindingRow]]] = []
    flagged = (row for row in rows if row.camera is None and row.sighting.flagged)
    for source, group in itertools.groupby(flagged, key=lambda row: row.source):
        of_photo = sorted(group, key=lambda row: -row.sighting.score)
        found += 1
        best.append((-of_photo[0].sighting.score, source, of_photo))
        if len(best) >= 2 * most:
            best = heapq.nsmallest(most, best, key=lambda one: one[:2])
    best = heapq.nsmallest(most, best, key=lambda one: one[:2])
    captured = {}
    for _, source, of_photo in best:
        at = of_photo[0].captured_at
        if at is not None:
            captured[f"photo-{source}"] = f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
    return PhotoFindings(found, tuple(_subject(one) for _, _, one in best), captured)


def write_report(folder: Path, content: ReportContent, settings: ReportSettings) -> Path:
    """Write the page beside the pictures that `Evidence` made.

    Args:
        folder: The scan's folder.
        content: What was found.
        settings: How the page is written.

    Returns:
        Where the page is.

    Raises:
        OutputError: It cannot be written; the one before stays.
    """
    from detector.archive.report_page import ReportPage

    path = folder / "report.html"
    with open_whole(path) as file:
        for part in ReportPage(folder, content, settings).parts():
            file.write(encode_text(part + "\n"))
    return path


def _subject(rows: Sequence[FindingRow]) -> Subject:
    first = rows[0]
    findings = tuple(
        Finding(
            f"{first.source}#{number}",
            row.sighting.label,
            row.sighting.score,
            row.sighting.box_xyxy,
            flagged=True,
            severity=row.sighting.severity,
        )
        for number, row in enumerate(rows)
    )
    return Subject(f"photo-{first.source}", first.source, 0.0, first.image_wh, findings)
