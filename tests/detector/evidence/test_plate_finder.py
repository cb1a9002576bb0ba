"""Number plates are found, large and small."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.arrays import Image, frozen
from detector.errors import EvidenceError
from detector.evidence import plate_finder
from detector.evidence.plate_finder import PlateFinder, decode_plates, make_anchors

BLUE = (180, 80, 20)


@pytest.fixture(scope="module")
def finder() -> PlateFinder:
    return PlateFinder(threads=1)


def draw_plate(image: Image, x: int, y: int, width_px: int) -> tuple[int, int, int, int]:
    """Draw a blue plate, with OpenCV's own font; return where it stands."""
    plate = np.full((140, 440, 3), BLUE, np.uint8)
    cv2.rectangle(plate, (6, 6), (433, 133), (255, 255, 255), 4)
    cv2.putText(plate, "京A·8F369", (22, 105), (255, 255, 255), cv2.FontFace("sans"), 84, 600)
    wh = (width_px, round(width_px * 140 / 440))
    image[y : y + wh[1], x : x + wh[0]] = cv2.resize(plate, wh, interpolation=cv2.INTER_AREA)
    return x, y, x + wh[0], y + wh[1]


@pytest.mark.parametrize("width_px", [60, 120, 300])
@pytest.mark.parametrize("wh", [(800, 600), (1500, 1000)])
def test_a_plate_is_found_in_pixels_of_the_picture(
    finder: PlateFinder, width_px: int, wh: tuple[int, int]
) -> None:
    image = np.full((wh[1], wh[0], 3), 90, np.uint8)
    place = draw_plate(image, wh[0] - width_px - 90, wh[1] - 190, width_px)
    boxes = finder.find(frozen(image))
    assert boxes.dtype == np.float32 and boxes.shape[1] == 4
    assert np.abs(boxes - place).max(axis=1).min() < 0.15 * width_px


def test_a_grey_picture_has_no_plate(finder: PlateFinder) -> None:
    assert finder.find(np.full((333, 257, 3), 128, np.uint8)).shape == (0, 4)


def test_the_anchors_stand_as_the_network_was_trained() -> None:
    anchors = make_anchors((33, 17))
    # Strides 8, 16, 32: rows and columns round up; two sides at each place.
    assert len(anchors) == 2 * (3 * 5 + 2 * 3 + 1 * 2)
    assert anchors[:3].tolist() == [[4, 4, 24, 24], [4, 4, 48, 48], [12, 4, 24, 24]]
    assert anchors[-1].tolist() == [48, 16, 768, 768]


def test_an_anchor_is_moved_and_grown_by_its_offsets() -> None:
    count = len(make_anchors((64, 64)))
    offsets, scores = np.zeros((count, 4), np.float32), np.zeros(count, np.float32)
    offsets[0] = [5, 0, 5 * np.log(2), 0]
    scores[0], scores[1] = 0.9, 0.1
    boxes, kept = decode_plates(offsets, scores, (64, 64), 0.2)
    # Centre 4 + 5 * 0.1 * 24 = 16, width 24 * exp(0.2 * 5 log 2) = 48.
    assert np.allclose(boxes, [[-8, -8, 40, 16]], atol=1e-4)
    assert np.allclose(kept, [0.9])


def test_a_damaged_network_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "plates").mkdir()
    monkeypatch.setattr(plate_finder, "files", lambda _: tmp_path)
    with pytest.raises(EvidenceError, match="missing"):
        PlateFinder()
    (tmp_path / "plates" / "clp_det.onnx").write_bytes(b"other")
    with pytest.raises(EvidenceError, match="damaged"):
        PlateFinder()


@pytest.mark.parametrize("error", [cv2.error("no"), RuntimeError("no")])
def test_a_failing_network_is_never_an_empty_answer(
    finder: PlateFinder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Session:
        def run(self, *_: object) -> None:
            raise error

    monkeypatch.setattr(finder, "_session", Session())
    with pytest.raises(EvidenceError) as caught:
        finder.find(np.zeros((50, 50, 3), np.uint8))
    assert caught.value.__cause__ is error


def test_the_licence_lies_beside_the_network() -> None:
    folder = Path(plate_finder.__file__).parent / "plates"
    text = next(folder.glob("LICENSE*")).read_text(encoding="utf-8")
    assert "Apache License" in text
    assert plate_finder.MODEL_SHA256 in (folder / "README.md").read_text(encoding="utf-8")
