"""The picture of each incident's peak: read again, made private, with its box drawn."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from detector.archive.atomic_file import UNFINISHED, write_whole
from detector.archive.rows import FileProblem
from detector.arrays import Image
from detector.camera.incident import Incident
from detector.detections import Finding
from detector.errors import EvidenceError, OutputError, StreetIssueError
from detector.evidence.draw import COLOURS, OTHER_COLOUR, draw_findings
from detector.evidence.gallery import JPEG_QUALITY, PrivacyFilter
from detector.labels import Language

FrameReader = Callable[[str, float], Image]
"""(source, timestamp_s) to uint8 (H, W, 3), BGR, upright, full size. Raises StreetIssueError."""

PICTURE_WH: Final = (1280, 1280)
"""Large enough to judge by eye; the finders of faces and plates take memory with the area."""
THUMBNAIL_WH: Final = (400, 250)
"""Sharp on a card of 280 px at a dense screen; about 15 kB, so 500 make a page of 10 MB."""
THUMBNAIL_QUALITY: Final = 72
CONTEXT: Final = 2.5
"""A thumbnail shows so many times its box, so that a small one is seen with what is around it."""
TIGHT: Final = 1.08
"""And never less than so much of it, or its frame would be cut off."""
LEAST_SHARE: Final = 0.4
"""A thumbnail shows at least this share of the frame's width: the place must be known by it."""
RECIPE: Final = "2"
"""Counted up when pictures of the same finding are to look otherwise: old ones are made again."""
MARK: Final = b"street-issues "


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture is to show: findings of one frame."""

    id: str
    """Names the file; an incident's id, or made of a photo's name."""
    source: str
    timestamp_s: float
    image_wh: tuple[int, int]
    """As it was scored, full size."""
    findings: tuple[Finding, ...]
    """Best first; a thumbnail is cut around the first. Never empty."""


def subject_of(incident: Incident) -> Subject:
    """Return what the picture of an incident shows: its peak."""
    peak = incident.peak
    finding = Finding(
        incident.id, incident.label, peak.score, peak.box_xyxy, flagged=True, severity=peak.severity
    )
    return Subject(incident.id, peak.source, peak.timestamp_s, peak.image_wh, (finding,))


class Evidence:
    """Pictures in OUT/evidence, their thumbnails in OUT/evidence/thumbnails."""

    def __init__(
        self,
        folder: Path,
        read_frame: FrameReader,
        privacy: PrivacyFilter | None,
        language: Language,
    ) -> None:
        """Keep what pictures are made with.

        Args:
            folder: The scan's folder.
            read_frame: Reads a frame again.
            privacy: None leaves faces and plates as they are.
            language: Of the captions.
        """
        self._folder = folder / "evidence"
        self._read_frame = read_frame
        self._privacy = privacy
        self._language = language

    def write(
        self, subjects: Iterable[Subject], report: Callable[[str], None] | None = None
    ) -> list[FileProblem]:
        """Write a picture and a thumbnail each; what is there already is not made again.

        Args:
            subjects: One a picture.
            report: Told the id of each that is done, well or not.

        Returns:
            Those that failed; the others were written.

        Raises:
            OutputError: The folder cannot be written: no picture can.
        """
        problems = []
        for subject in subjects:
            try:
                self._write(subject)
            except OutputError:
                raise
            except StreetIssueError as error:
                # Here and below: an older picture of the same name may be one that nobody blurred.
                self._forget(subject.id)
                problems.append(_tell(subject, error))
            except BaseException:
                self._forget(subject.id)
                raise
            if report is not None:
                report(subject.id)
        return problems

    def sweep(self, ids: Iterable[str]) -> None:
        """Remove pictures of scans before that this one has no use for.

        Args:
            ids: Of the subjects whose pictures stay.

        Raises:
            OutputError: One cannot be removed.
        """
        wanted = {file_name(one) for one in ids}
        for folder in (self._folder, self._folder / "thumbnails"):
            # Nothing but our own pictures is ever removed, whole or cut off by a crash.
            for path in sorted(folder.glob("*.jpg")):
                if path.name not in wanted and _read_mark(path) is not None:
                    _remove(path)
            for path in sorted(folder.glob(f"*.jpg{UNFINISHED}")):
                _remove(path)

    def _write(self, subject: Subject) -> None:
        picture, thumbnail = (
            picture_path(self._folder.parent, subject.id),
            thumbnail_path(self._folder.parent, subject.id),
        )
        mark = self._mark(subject)
        if _read_mark(picture) == mark and _read_mark(thumbnail) == mark:
            return
        image = self._read_frame(subject.source, subject.timestamp_s)
        height, width = image.shape[:2]
        if (width, height) != subject.image_wh:
            raise EvidenceError(
                "frame_changed",
                f"The frame is {width}x{height} px now, and was "
                f"{subject.image_wh[0]}x{subject.image_wh[1]} px when it was scored.",
                "Scan the file again.",
            )
        image, scale_xy = shrink(image, PICTURE_WH)
        if self._privacy is not None:
            image = self._privacy.apply(image, np.zeros((0, 4), np.float32))
        drawn = draw_findings(image, subject.findings, scale_xy, self._language)
        small = cut_thumbnail(image, subject.findings, scale_xy)
        write_whole(thumbnail, _encode(small, THUMBNAIL_QUALITY, mark))
        write_whole(picture, _encode(drawn, JPEG_QUALITY, mark))

    def _mark(self, subject: Subject) -> bytes:
        """Return what a picture was made of, to know it again."""
        private = "bare" if self._privacy is None else "private"
        made_of = (RECIPE, private, self._language, repr(subject))
        digest = hashlib.sha256("\n".join(made_of).encode("utf-8", "backslashreplace"))
        return MARK + digest.hexdigest().encode()

    def _forget(self, subject_id: str) -> None:
        for path in (
            picture_path(self._folder.parent, subject_id),
            thumbnail_path(self._folder.parent, subject_id),
        ):
            _remove(path)


def picture_path(folder: Path, subject_id: str) -> Path:
    """Return where a subject's picture lies."""
    return folder / "evidence" / file_name(subject_id)


def thumbnail_path(folder: Path, subject_id: str) -> Path:
    """Return where a subject's thumbnail lies."""
    return folder / "evidence" / "thumbnails" / file_name(subject_id)


def file_name(subject_id: str) -> str:
    """Return a name that every file system takes; ids differ, so do names."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", subject_id)[:80]
    if safe == subject_id:
        return f"{safe}.jpg"
    digest = hashlib.sha256(subject_id.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{safe}-{digest[:12]}.jpg"


def shrink(image: Image, most_wh: tuple[int, int]) -> tuple[Image, tuple[float, float]]:
    """Scale a picture down to fit; a small one stays.

    Returns:
        The picture, and pixels of the original per pixel of it.
    """
    height, width = image.shape[:2]
    scale = min(1.0, most_wh[0] / width, most_wh[1] / height)
    wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    if wh != (width, height):
        image = np.asarray(cv2.resize(image, wh, interpolation=cv2.INTER_AREA), np.uint8)
    return image, (width / wh[0], height / wh[1])


def cut_thumbnail(
    image: Image, findings: Sequence[Finding], scale_xy: tuple[float, float]
) -> Image:
    """Cut the surroundings of the first finding and frame it there.

    Args:
        image: uint8 (H, W, 3), BGR.
        findings: Boxes in full-size pixels; never empty.
        scale_xy: Full-size pixels per pixel of `image`.

    Returns:
        uint8 (250, 400, 3); a new array. A picture that is narrower gets a grey edge.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (
        edge / scale for edge, scale in zip(findings[0].box_xyxy, scale_xy * 2, strict=True)
    )
    aspect = THUMBNAIL_WH[0] / THUMBNAIL_WH[1]
    wanted = max((x2 - x1) * CONTEXT, (y2 - y1) * CONTEXT * aspect, width * LEAST_SHARE)
    # Inside the picture, unless the box itself needs more than its width or height gives.
    inside = min(width, height * aspect)
    needed = max(x2 - x1, (y2 - y1) * aspect)
    cut_width = max(min(wanted, inside), needed * TIGHT)
    cut_height = cut_width / aspect
    left = _slide((x1 + x2) / 2, cut_width, width)
    top = _slide((y1 + y2) / 2, cut_height, height)
    scale = THUMBNAIL_WH[0] / cut_width
    move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    # Averaged first: taking few of many pixels would flicker.
    if scale < 1:
        blur = 1 / scale
        kernel = max(1, round(blur))
        image = np.asarray(cv2.blur(image, (kernel, kernel)), np.uint8)
    cut: Image = np.asarray(
        cv2.warpAffine(image, move, THUMBNAIL_WH, borderValue=(128, 128, 128)), np.uint8
    )
    colour = COLOURS.get(findings[0].label, OTHER_COLOUR)
    corner = (round((x1 - left) * scale), round((y1 - top) * scale))
    opposite = (round((x2 - left) * scale), round((y2 - top) * scale))
    # A white edge keeps the colour apart from what it lies on.
    cv2.rectangle(cut, corner, opposite, (255, 255, 255), 5)
    cv2.rectangle(cut, corner, opposite, colour, 3)
    return cut


def _slide(centre: float, length: float, whole: float) -> float:
    """Return where a cut starts: around the centre, moved inside; in the middle if longer."""
    if length >= whole:
        return (whole - length) / 2
    return min(max(0.0, centre - length / 2), whole - length)


def _encode(image: Image, quality: int, mark: bytes) -> bytes:
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise EvidenceError("picture_unwritable", "The picture could not be encoded.")
    content = jpeg.tobytes()
    # A comment segment (ITU-T T.81, B.2.4.5) after the start of image.
    comment = b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark
    return content[:2] + comment + content[2:]


def _read_mark(path: Path) -> bytes | None:
    """Return what a picture says it was made of; None: it is not there, or not ours."""
    length = len(MARK) + 64
    try:
        with path.open("rb") as file:
            head = file.read(6 + length)
    except OSError:
        return None
    mark = head[6:]
    return mark if len(mark) == length and mark.startswith(MARK) else None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(str(path), error) from error


def _tell(subject: Subject, error: StreetIssueError) -> FileProblem:
    return FileProblem(
        source=subject.source,
        code=error.code,
        message=f"No evidence picture of {subject.id}: {error.message}",
        hint=error.hint,
        at_s=subject.timestamp_s,
        fatal=False,
    )
