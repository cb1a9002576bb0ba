"""What is written is what was scored, and hidden where it must be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.arrays import BoxArray, Image
from detector.detections import Detections, Finding, ImageScore
from detector.errors import EvidenceError
from detector.evidence.gallery import Gallery
from detector.evidence.privacy import FakeFinder, Privacy
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest
from detector.pipeline import Pipeline
from detector.sources import PathSource


@pytest.fixture
def score_of(make_manifest: Callable[..., ModelManifest]) -> Callable[[Path], ImageScore]:
    manifest = make_manifest()
    nothing = FakeDetector(manifest, lambda _: Detections.empty(manifest.classes))
    return lambda path: Pipeline(nothing).score_source(PathSource(path))


def nowhere(_: Image) -> BoxArray:
    return np.zeros((0, 4), np.float32)


def test_a_photo_that_changed_is_not_drawn(
    tmp_path: Path, write_jpeg: Callable[..., Path], score_of: Callable[[Path], ImageScore]
) -> None:
    photo = write_jpeg(tmp_path / "a.jpg", seed=1)
    score = score_of(photo)
    write_jpeg(photo, seed=2)
    gallery = Gallery(tmp_path / "out", "en", None)
    gallery.add(score)
    assert [reason for _, reason in gallery.failures()] == [f"{photo} changed after it was scored."]
    assert list((tmp_path / "out").glob("*.jpg")) == []


def test_a_finder_that_fails_holds_the_picture_back(
    tmp_path: Path, write_jpeg: Callable[..., Path], score_of: Callable[[Path], ImageScore]
) -> None:
    def broken(_: Image) -> BoxArray:
        raise EvidenceError("faces_failed", "Finding faces failed.")

    gallery = Gallery(tmp_path / "out", "en", Privacy((FakeFinder(broken),)))
    gallery.add(score_of(write_jpeg(tmp_path / "a.jpg")))
    assert gallery.failures()[0][1].startswith("Finding faces failed.")
    assert list((tmp_path / "out").glob("*.jpg")) == []
    assert "Finding faces failed." in gallery.finish().read_text(encoding="utf-8")


def test_plates_that_the_model_saw_are_blurred_in_place(
    tmp_path: Path, score_of: Callable[[Path], ImageScore]
) -> None:
    checks = np.kron(np.indices((40, 60)).sum(0) % 2, np.ones((80, 80)))
    photo = tmp_path / "a.png"
    cv2.imwrite(str(photo), np.repeat((checks * 255).astype(np.uint8)[..., None], 3, 2))
    plate = Finding("x-0", "licence_plate", 0.9, (1600.0, 800.0, 2400.0, 1600.0), False, "small")
    gallery = Gallery(tmp_path / "out", "en", Privacy((FakeFinder(nowhere),)))
    gallery.add(replace(score_of(photo), context=(plate,)))
    (written,) = (tmp_path / "out").glob("*.jpg")
    drawn = cv2.imread(str(written))
    assert drawn is not None
    scale = drawn.shape[1] / 4800
    inside = drawn[
        round(900 * scale) : round(1500 * scale), round(1700 * scale) : round(2300 * scale)
    ]
    outside = drawn[round(2000 * scale) : round(2600 * scale), : round(600 * scale)]
    assert inside.std() < 40
    assert outside.std() > 100


def test_long_and_equal_names_give_pictures_of_their_own(
    tmp_path: Path, write_jpeg: Callable[..., Path], score_of: Callable[[Path], ImageScore]
) -> None:
    gallery = Gallery(tmp_path / "out", "zh", None)
    for seed, folder in enumerate(("one", "two")):
        gallery.add(score_of(write_jpeg(tmp_path / folder / ("n" * 240 + ".jpg"), seed=seed)))
    assert gallery.failures() == []
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 2
