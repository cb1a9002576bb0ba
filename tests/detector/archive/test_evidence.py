"""A peak is drawn once, privately, and a failure is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.archive.evidence import (
    THUMBNAIL_WH,
    Evidence,
    Subject,
    cut_thumbnail,
    file_name,
    picture_path,
    subject_of,
    thumbnail_path,
)
from detector.arrays import BoxArray, Image
from detector.camera.incident import Incident, Peak
from detector.detections import Finding
from detector.errors import EvidenceError, OutputError, StreamError
from detector.evidence.privacy import FakeFinder, Privacy

WH = (640, 360)
FACE = (500.0, 40.0, 560.0, 100.0)


def make_incident(
    name: str = "inc-1", source: str = "a.mp4", wh: tuple[int, int] = WH, score: float = 0.9
) -> Incident:
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    peak = Peak(score, (100.0, 100.0, 200.0, 180.0), "medium", wh, source, 4.0, at)
    return Incident(
        name, "HP-1", "overflowing_bin", "open", 1, 0.0, 9.0, at, at, 3, 0.8, peak, None
    )


def noise(wh: tuple[int, int] = WH) -> Image:
    random = np.random.default_rng(5)
    return random.integers(0, 256, (wh[1], wh[0], 3), np.uint8)


def faces(image: Image) -> BoxArray:
    scale = image.shape[1] / WH[0]
    return np.array([FACE], np.float32) * np.float32(scale)


class Reader:
    def __init__(self, failing: str = "bad") -> None:
        self.asked: list[tuple[str, float]] = []
        self._failing = failing

    def __call__(self, source: str, timestamp_s: float) -> Image:
        self.asked.append((source, timestamp_s))
        if self._failing in source:
            raise StreamError("truncated", f"{source} ends early.", "Copy it again.")
        return noise()


@pytest.fixture
def make_evidence(tmp_path: Path) -> Callable[..., Evidence]:
    def make(
        reader: Reader | None = None, finder: Callable[[Image], BoxArray] | None = faces
    ) -> Evidence:
        privacy = None if finder is None else Privacy((FakeFinder(finder),))
        return Evidence(tmp_path, reader or Reader(), privacy, "en")

    return make


def test_a_picture_and_a_thumbnail_are_written(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    reader = Reader()
    assert make_evidence(reader).write([subject_of(make_incident())]) == []
    assert reader.asked == [("a.mp4", 4.0)]
    picture = cv2.imread(str(tmp_path / "evidence" / "inc-1.jpg"))
    thumbnail = cv2.imread(str(tmp_path / "evidence" / "thumbnails" / "inc-1.jpg"))
    assert picture is not None
    assert thumbnail is not None
    assert picture.shape == (WH[1], WH[0], 3)
    assert thumbnail.shape == (THUMBNAIL_WH[1], THUMBNAIL_WH[0], 3)


def test_faces_are_gone_in_both(tmp_path: Path, make_evidence: Callable[..., Evidence]) -> None:
    make_evidence().write([subject_of(make_incident())])
    hidden = cv2.imread(str(tmp_path / "evidence" / "inc-1.jpg"))
    make_evidence(finder=None).write([subject_of(make_incident())])
    bare = cv2.imread(str(tmp_path / "evidence" / "inc-1.jpg"))
    assert hidden is not None
    assert bare is not None
    face = np.s_[45:95, 505:555]
    assert hidden[face].std() < bare[face].std() / 2
    box_line = picture_colour(hidden)
    assert abs(int(box_line[0]) - 178) < 60


def picture_colour(picture: Any) -> Any:
    """The colour on the left edge of the box."""
    return np.asarray(picture[130:150, 99:102].mean(axis=(0, 1)))


def test_a_finder_that_fails_lets_no_picture_through(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    def broken(_: Image) -> BoxArray:
        raise EvidenceError("faces_failed", "Finding faces failed.")

    make_evidence(finder=None).write([subject_of(make_incident())])
    (problem,) = make_evidence(finder=broken).write([subject_of(make_incident())])
    assert problem.code == "faces_failed"
    # The bare one of before must not stay in its place.
    assert list((tmp_path / "evidence").rglob("*.jpg")) == []


def test_one_that_fails_is_named_and_the_others_go_on(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    done: list[str] = []
    subjects = [subject_of(make_incident("inc-1", "bad.mp4")), subject_of(make_incident("inc-2"))]
    (problem,) = make_evidence().write(subjects, done.append)
    assert (problem.source, problem.code, problem.at_s) == ("bad.mp4", "truncated", 4.0)
    assert not problem.fatal
    assert "inc-1" in problem.message
    assert problem.hint == "Copy it again."
    assert picture_path(tmp_path, "inc-2").is_file()
    assert done == ["inc-1", "inc-2"]


def test_a_frame_of_another_size_is_not_that_frame(make_evidence: Callable[..., Evidence]) -> None:
    (problem,) = make_evidence().write([subject_of(make_incident(wh=(1920, 1080)))])
    assert problem.code == "frame_changed"


def test_what_is_there_is_not_made_again(make_evidence: Callable[..., Evidence]) -> None:
    reader = Reader()
    make_evidence(reader).write([subject_of(make_incident())])
    make_evidence(reader).write([subject_of(make_incident())])
    assert len(reader.asked) == 1
    make_evidence(reader).write([subject_of(make_incident(score=0.95))])
    assert len(reader.asked) == 2
    make_evidence(reader, finder=None).write([subject_of(make_incident(score=0.95))])
    assert len(reader.asked) == 3


def test_pictures_nobody_needs_are_swept_away_and_no_others(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    evidence = make_evidence()
    evidence.write([subject_of(make_incident("inc-1")), subject_of(make_incident("inc-2"))])
    foreign = tmp_path / "evidence" / "holiday.jpg"
    foreign.write_bytes(b"\xff\xd8 not ours")
    evidence.sweep(["inc-2"])
    assert sorted(path.name for path in (tmp_path / "evidence").rglob("*.jpg")) == [
        "holiday.jpg",
        "inc-2.jpg",
        "inc-2.jpg",
    ]


def test_what_a_crash_left_unfinished_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / "evidence" / "inc-1.jpg.unfinished"
    left.parent.mkdir()
    left.write_bytes(b"perhaps a face")
    Evidence(tmp_path, lambda *_: np.zeros((9, 9, 3), np.uint8), None, "en").sweep(["inc-1"])
    assert not left.exists()


def test_a_large_frame_is_scaled_with_its_box(tmp_path: Path) -> None:
    black = np.zeros((2160, 3840, 3), np.uint8)
    finding = Finding("x", "overflowing_bin", 0.9, (960, 540, 1920, 1080), True, "large")
    subject = Subject("x", "a.mp4", 0.0, (3840, 2160), (finding,))
    Evidence(tmp_path, lambda *_: black, None, "en").write([subject])
    picture = cv2.imread(str(picture_path(tmp_path, "x")))
    assert picture is not None
    assert picture.shape == (720, 1280, 3)
    assert picture[240, 318:323].max() > 100
    assert picture[240, 336:624].max() < 30


@pytest.mark.parametrize("wh", [(640, 360), (360, 640), (500, 500), (40, 30), (3000, 200)])
@pytest.mark.parametrize("at", ["corner", "whole", "middle"])
def test_a_thumbnail_shows_the_whole_box(wh: tuple[int, int], at: str) -> None:
    width, height = wh
    box = {
        "corner": (0.0, 0.0, width / 8, height / 8),
        "whole": (0.0, 0.0, float(width), float(height)),
        "middle": (width * 0.4, height * 0.4, width * 0.6, height * 0.6),
    }[at]
    image = np.zeros((height, width, 3), np.uint8)
    finding = Finding("x", "site_dust", 0.9, box, flagged=True, severity="small")
    cut = cut_thumbnail(image, [finding], (1.0, 1.0))
    coloured = np.argwhere((cut == (121, 204 - 78, 204)).all(axis=2) | (cut.max(axis=2) > 200))
    assert cut.shape == (THUMBNAIL_WH[1], THUMBNAIL_WH[0], 3)
    (top, left), (bottom, right) = coloured.min(axis=0), coloured.max(axis=0)
    box_aspect = (box[2] - box[0]) / (box[3] - box[1])
    # The frame is drawn whole: its shape is the box's.
    assert (right - left) / (bottom - top) == pytest.approx(box_aspect, rel=0.35)
    assert image.max() == 0


def test_names_are_safe_and_differ() -> None:
    names = [file_name(one) for one in ("../../etc/passwd", "a/b", "a:b", "a_b", "图", "a" * 300)]
    assert len(set(names)) == len(names)
    assert all("/" not in one and len(one.encode()) < 200 for one in names)
    assert thumbnail_path(Path("out"), "../x").parent == Path("out/evidence/thumbnails")


def test_a_folder_that_cannot_be_written_is_no_failure_of_a_picture(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    (tmp_path / "evidence").write_text("a file")
    with pytest.raises(OutputError):
        make_evidence().write([subject_of(make_incident())])
