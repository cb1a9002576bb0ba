import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.arrays import Image
from detector.decode import DecodeLimits
from detector.detections import Detections
from detector.errors import BundleError, EvidenceError, InferenceError, PhotoError
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest
from detector.pipeline import Pipeline, PipelineSettings
from detector.sources import PathSource, PhotoSource

MakeManifest = Callable[..., ModelManifest]
WriteJpeg = Callable[..., Path]


@dataclass(frozen=True)
class Memory:
    """A source that holds its bytes."""

    name: str
    data: bytes

    def read(self, max_bytes: int) -> bytes:
        return self.data[: max_bytes + 1]


def whole_picture(manifest: ModelManifest, label: str = "illegal_poster") -> FakeDetector:
    def answer(image: Image) -> Detections:
        box = np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32)
        class_id = np.array([manifest.classes.index(label)], np.int64)
        return Detections(box, np.array([0.75], np.float32), class_id, manifest.classes)

    return FakeDetector(manifest, answer)


def test_a_photo_decoded_small_is_answered_in_full_size(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    path = write_jpeg(tmp_path / "a.jpg", 1001, 600)
    seen: list[tuple[int, ...]] = []
    manifest = make_manifest()
    inner = whole_picture(manifest)

    def answer(image: Image) -> Detections:
        seen.append(image.shape)
        return inner.detect([image])[0]

    score = Pipeline(FakeDetector(manifest, answer)).score_source(PathSource(path))
    assert seen == [(75, 126, 3)]  # an eighth: the made-up model sees 64 px
    assert score.image_wh == (1001, 600)
    assert score.findings[0].box_xyxy == (0.0, 0.0, 1001.0, 600.0)
    assert score.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert score.findings[0].id == f"{score.sha256[:16]}-0"
    assert score.elapsed_ms > 0 and score.error is None


def test_a_picture_in_memory_is_scored(
    make_manifest: MakeManifest, noise: Callable[..., Image]
) -> None:
    score = Pipeline(whole_picture(make_manifest())).score(noise(), "camera 3")
    assert score.findings[0].box_xyxy == (0.0, 0.0, 320.0, 240.0)
    assert score.source == "camera 3" and score.sha256 is None


def test_a_bad_photo_is_an_error_in_its_place_and_the_rest_goes_on(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    good = write_jpeg(tmp_path / "good.jpg").read_bytes()
    sources: list[PhotoSource] = [
        Memory("a", good),
        Memory("b", good[: len(good) // 2]),
        PathSource(tmp_path / "missing.jpg"),
        Memory("d", good),
        Memory("e", b""),
    ]
    scores = list(Pipeline(whole_picture(make_manifest())).score_many(sources, workers=3))
    assert [one.source for one in scores] == ["a", "b", str(tmp_path / "missing.jpg"), "d", "e"]
    codes = [None if one.error is None else one.error.code for one in scores]
    assert codes == [None, "truncated", "unreadable", None, "empty"]
    assert [len(one.findings) for one in scores] == [1, 0, 0, 1, 0]


def test_what_fails_inside_is_an_error_and_never_an_empty_answer(
    make_manifest: MakeManifest,
    write_jpeg: WriteJpeg,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write_jpeg(tmp_path / "a.jpg")
    causes = {
        "inference_failed": InferenceError("runtime_failed", "It failed."),
        "internal": KeyError("x"),
    }
    for code, cause in causes.items():

        def answer(_image: Image, cause: Exception = cause) -> Detections:
            raise cause

        with caplog.at_level(logging.ERROR):
            score = Pipeline(FakeDetector(make_manifest(), answer)).score_source(PathSource(path))
        assert score.error is not None and score.error.code == code
    assert "Unforeseen error while scoring" in caplog.text


def test_answers_keep_the_order_when_the_first_is_slowest(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    data = write_jpeg(tmp_path / "a.jpg").read_bytes()
    release = threading.Event()

    @dataclass(frozen=True)
    class Slow:
        name: str

        def read(self, max_bytes: int) -> bytes:
            release.wait(5)
            return data[:max_bytes]

    class Last:
        name = "last"

        def read(self, max_bytes: int) -> bytes:
            release.set()
            return data[:max_bytes]

    sources: list[PhotoSource] = [Slow("first"), Last()]
    scores = list(Pipeline(whole_picture(make_manifest())).score_many(sources, workers=2))
    assert [one.source for one in scores] == ["first", "last"]
    assert all(one.error is None for one in scores)


def test_sources_are_taken_as_they_are_needed(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    data = write_jpeg(tmp_path / "a.jpg").read_bytes()
    taken = 0

    def endless() -> Iterator[PhotoSource]:
        nonlocal taken
        while True:
            taken += 1
            yield Memory(str(taken), data)

    scores = Pipeline(whole_picture(make_manifest())).score_many(endless(), workers=2)
    for _ in range(10):
        next(scores)
    assert taken <= 14
    started = time.perf_counter()
    scores.close()
    assert time.perf_counter() - started < 5


class Reader:
    label = "illegal_poster"

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def read(self, image: Image, box_xyxy: tuple[float, float, float, float]) -> Mapping[str, Any]:
        self.seen.append((*image.shape, *map(int, box_xyxy)))
        return {"phones": ["13800000000"]}


def test_evidence_is_read_from_the_full_picture_of_flagged_findings_only(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    path = write_jpeg(tmp_path / "a.jpg", 1000, 600)
    reader = Reader()
    settings = PipelineSettings(readers=(reader,), min_score=0.0)
    score = Pipeline(whole_picture(make_manifest()), settings).score_source(PathSource(path))
    assert reader.seen == [(600, 1000, 3, 0, 0, 1000, 600)]
    assert score.findings[0].evidence == {"phones": ["13800000000"]}

    strict = make_manifest(thresholds={**make_manifest().thresholds, "illegal_poster": 0.9})
    for detector in (whole_picture(strict), whole_picture(make_manifest(), "site_dust")):
        other = Pipeline(detector, settings).score_source(PathSource(path))
        assert len(other.findings) == 1 and other.findings[0].evidence == {}
    assert len(reader.seen) == 1


def test_evidence_that_cannot_be_read_costs_no_finding(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    class Broken(Reader):
        def read(
            self, image: Image, box_xyxy: tuple[float, float, float, float]
        ) -> Mapping[str, Any]:
            raise EvidenceError("ocr_failed", f"Cannot read {box_xyxy} of {image.shape}.")

    settings = PipelineSettings(readers=(Broken(),))
    path = write_jpeg(tmp_path / "a.jpg")
    score = Pipeline(whole_picture(make_manifest()), settings).score_source(PathSource(path))
    assert score.error is None and len(score.findings) == 1
    assert [one.code for one in score.warnings] == ["evidence_unread"]


def test_limits_are_settable(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    path = write_jpeg(tmp_path / "a.jpg")
    settings = PipelineSettings(limits=DecodeLimits(max_file_bytes=100))
    score = Pipeline(whole_picture(make_manifest()), settings).score_source(PathSource(path))
    assert score.error is not None and score.error.code == "file_too_large"


def test_a_source_may_fail_in_ways_of_its_own(make_manifest: MakeManifest) -> None:
    class Failing:
        name = "x"

        def read(self, max_bytes: int) -> bytes:
            raise PhotoError("unreadable", f"Not even {max_bytes} bytes.")

    score = Pipeline(whole_picture(make_manifest())).score_source(Failing())
    assert score.error is not None and score.error.code == "unreadable"
    assert score.sha256 is None and score.image_wh is None


def test_a_caller_may_see_the_picture_that_was_scored(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    data = write_jpeg(tmp_path / "a.jpg", 1001, 600).read_bytes()
    pipeline = Pipeline(whole_picture(make_manifest()))
    seen: list[Image] = []
    score = pipeline.score_bytes(data, "a.jpg", see=seen.append)
    assert [one.shape for one in seen] == [(75, 126, 3)]
    assert not seen[0].flags.writeable
    assert score.findings == pipeline.score_bytes(data, "a.jpg").findings
    assert pipeline.score_bytes(data[:-100], see=seen.append).error is not None
    assert len(seen) == 1


def test_thresholds_of_the_caller_replace_the_bundles(
    make_manifest: MakeManifest, write_jpeg: WriteJpeg, tmp_path: Path
) -> None:
    data = write_jpeg(tmp_path / "a.jpg").read_bytes()
    detector = whole_picture(make_manifest())  # Answers with 0.75, the bundle's threshold is 0.5.

    def flagged(thresholds: Mapping[str, float]) -> list[str]:
        settings = PipelineSettings(thresholds=thresholds)
        return [one.label for one in Pipeline(detector, settings).score_bytes(data).findings]

    assert flagged({"illegal_poster": 0.75}) == ["illegal_poster"]
    assert flagged({"illegal_poster": 0.76}) == []
    assert flagged({"site_dust": 0.99}) == ["illegal_poster"]
    assert detector.manifest.thresholds["illegal_poster"] == 0.5


@pytest.mark.parametrize("thresholds", [{"bin": 0.5}, {"illegal_poster": 1.5}])
def test_thresholds_that_cannot_be_are_refused(
    make_manifest: MakeManifest, thresholds: Mapping[str, float]
) -> None:
    with pytest.raises(BundleError, match=next(iter(thresholds))) as caught:
        Pipeline(whole_picture(make_manifest()), PipelineSettings(thresholds=thresholds))
    assert caught.value.code == "thresholds_invalid"
