"""Posters: cut out, read, understood."""

import builtins
import json
import sys
from typing import Any

import cv2
import numpy as np
import pytest

from detector.arrays import Image, frozen
from detector.errors import EvidenceError, ExtraMissingError
from detector.evidence.poster_text import (
    KEYWORD_CATEGORIES,
    FixedText,
    PosterReader,
    RapidOcrEngine,
    TextLine,
    crop_for_reading,
    find_keywords,
    parse_poster_text,
)
from detector.labels import ISSUE_LABELS

needs_ocr = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="rapidocr-onnxruntime exists for Python up to 3.12"
)


def test_what_was_read_is_understood_and_goes_into_json() -> None:
    lines = (TextLine("办 证 刻章", 0.9), TextLine("１３８ ００００ １２３４", 0.8))
    evidence = parse_poster_text(lines).to_evidence()
    assert json.loads(json.dumps(evidence)) == {
        "text": ["办 证 刻章", "１３８ ００００ １２３４"],
        "phones": ["13800001234"],
        "keywords": ["办证", "刻章"],
    }


def test_of_nested_keywords_the_longest_counts() -> None:
    assert find_keywords(["代开发票"]) == ("代开发票",)
    assert find_keywords(["今日晴"]) == ()
    assert find_keywords(["疏", "通"]) == ()


def test_every_keyword_is_found_by_itself() -> None:
    for keyword in KEYWORD_CATEGORIES:
        assert keyword in find_keywords([f"专业{keyword}"])


def test_the_reader_hands_the_crop_to_its_engine() -> None:
    seen: list[tuple[int, ...]] = []

    class Engine(FixedText):
        def read_lines(self, image: Image) -> tuple[TextLine, ...]:
            seen.append(image.shape)
            return self.lines

    reader = PosterReader(Engine((TextLine("开锁13800001234", 1.0),)))
    assert reader.label in ISSUE_LABELS
    image = np.zeros((2000, 3000, 3), np.uint8)
    assert reader.read(image, (100, 100, 740, 420)) == {
        "text": ["开锁13800001234"],
        "phones": ["13800001234"],
        "keywords": ["开锁"],
    }
    assert seen == [(359, 717, 3)]


@pytest.mark.parametrize(
    ("box", "wanted_wh"),
    [
        ((100, 100, 200, 200), (448, 448)),  # Enlarged four times and no more.
        ((100, 100, 500, 300), (640, 320)),
        ((100, 100, 1900, 1000), (960, 480)),
        ((-500, -500, 300, 300), (640, 640)),  # Cut to the picture first.
    ],
)
def test_a_crop_has_a_size_that_reads_well(
    box: tuple[float, float, float, float], wanted_wh: tuple[int, int]
) -> None:
    image = frozen(np.zeros((2000, 3000, 3), np.uint8))
    crop = crop_for_reading(image, box)
    assert (crop.shape[1], crop.shape[0]) == pytest.approx(wanted_wh, abs=2)


def test_a_crop_is_the_place_and_a_copy() -> None:
    image = np.random.default_rng(0).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    crop = crop_for_reading(image, (100, 100, 800, 800), margin=0)
    assert np.array_equal(crop, image[100:800, 100:800])
    crop[:] = 0
    assert image[100:800, 100:800].any()


@pytest.mark.parametrize(
    "box", [(950, 0, 990, 40), (5, 5, 5, 9), (9, 9, 5, 5), (float("nan"), 0, 5, 5)]
)
def test_a_place_that_is_not_in_the_picture_is_an_error(
    box: tuple[float, float, float, float],
) -> None:
    with pytest.raises(EvidenceError):
        crop_for_reading(np.zeros((100, 100, 3), np.uint8), box)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("rapidocr_onnxruntime"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(ExtraMissingError, match=r"street-issue-detector\[ocr\]"):
        PosterReader()


@pytest.fixture(scope="module")
def engine() -> RapidOcrEngine:
    return RapidOcrEngine()


@needs_ocr
def test_a_drawn_poster_is_read(engine: RapidOcrEngine) -> None:
    image = np.full((900, 1200, 3), 120, np.uint8)
    image[300:600, 300:800] = 255
    font = cv2.FontFace("uni")
    cv2.putText(image, "专业开锁", (380, 400), (0, 0, 200), font, 70)
    cv2.putText(image, "138 0000 1234", (340, 530), (0, 0, 0), font, 60)
    before = image.copy()
    evidence = PosterReader(engine).read(frozen(image), (300, 300, 800, 600))
    assert evidence["phones"] == ["13800001234"]
    assert evidence["keywords"] == ["开锁"]
    assert np.array_equal(image, before)


@needs_ocr
def test_a_blank_wall_says_nothing(engine: RapidOcrEngine) -> None:
    assert engine.read_lines(np.full((300, 300, 3), 120, np.uint8)) == ()


@needs_ocr
def test_a_failing_engine_is_an_evidence_error(
    engine: RapidOcrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Image) -> None:
        raise cv2.error("no")

    monkeypatch.setattr(engine, "_engine", fail)
    with pytest.raises(EvidenceError) as caught:
        engine.read_lines(np.zeros((40, 40, 3), np.uint8))
    assert caught.value.code == "ocr_failed"
