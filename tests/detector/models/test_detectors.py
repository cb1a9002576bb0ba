"""One contract, run over every implementation of `Detector`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.arrays import Image
from detector.decode import decode_photo
from detector.detections import Detections
from detector.errors import InferenceError, RuntimeUnavailableError
from detector.geometry import box_iou
from detector.models import Detector, RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from detector.models.fake import FakeDetector
from detector.models.manifest import Precision

KINDS = ("fake", "onnxruntime", "openvino")
MakeDetector = Callable[[str], Detector]


@pytest.fixture
def make_detector(default_bundle: Bundle) -> MakeDetector:
    def make(kind: str) -> Detector:
        if kind != "fake":
            return load_detector(default_bundle, kind, RuntimeOptions(threads=2, workers=2))
        manifest = default_bundle.manifest

        def answer(image: Image) -> Detections:
            box = np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32)
            score = np.array([image.mean() / 255], np.float32)
            return Detections(box, score, np.array([0], np.int64), manifest.classes)

        return FakeDetector(manifest, answer)

    return make


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """Different sizes; a bright patch on a dark ground gives the network something to say."""
    made = []
    for i, (width, height) in enumerate([(640, 480), (333, 901), (64, 64), (1280, 720)]):
        image = np.full((height, width, 3), 60 + 20 * i, np.uint8)
        cv2.rectangle(
            image, (width // 4, height // 4), (width // 2, height // 2), (230, 240, 250), -1
        )
        made.append(image)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_answers_come_in_order_and_lie_inside_their_picture(
    make_detector: MakeDetector, kind: str, pictures: list[Image]
) -> None:
    detector = make_detector(kind)
    together = detector.detect(pictures)
    assert len(together) == len(pictures)
    for image, one in zip(pictures, together, strict=True):
        assert one.labels == detector.manifest.classes
        assert (one.boxes_xyxy[:, 2] <= image.shape[1]).all()
        assert (one.boxes_xyxy[:, 3] <= image.shape[0]).all()
        assert (one.scores >= detector.manifest.floor_score).all()
        alone = detector.detect([image])[0]
        assert (alone.boxes_xyxy == one.boxes_xyxy).all()
        assert (alone.scores == one.scores).all()
    detector.close()


@pytest.mark.parametrize("kind", KINDS)
def test_no_pictures_no_answers(make_detector: MakeDetector, kind: str) -> None:
    detector = make_detector(kind)
    assert detector.detect([]) == []
    detector.close()


@pytest.mark.parametrize("kind", KINDS)
def test_threads_get_their_own_answers(
    make_detector: MakeDetector, kind: str, pictures: list[Image]
) -> None:
    detector = make_detector(kind)
    expected = [one.scores.tolist() for one in detector.detect(pictures)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda image: detector.detect([image])[0], pictures * 8))
    assert [one.scores.tolist() for one in answers] == expected * 8
    detector.close()


@pytest.mark.parametrize("kind", ["onnxruntime", "openvino"])
def test_a_network_runs_at_every_size_that_the_bundle_lists(
    default_bundle: Bundle, kind: str, pictures: list[Image]
) -> None:
    manifest = default_bundle.manifest
    network = replace(manifest.network, sizes_wh=((640, 480), (384, 640)))
    bundle = replace(default_bundle, manifest=replace(manifest, network=network))
    detector = load_detector(bundle, kind, RuntimeOptions(threads=2, workers=2))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda image: detector.detect([image])[0], pictures * 4))
    for image, one in zip(pictures * 4, answers, strict=True):
        assert (one.boxes_xyxy <= [image.shape[1], image.shape[0]] * 2).all()
        assert detector.detect([image])[0].scores.tolist() == one.scores.tolist()
    detector.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_callers_picture_is_left_alone(make_detector: MakeDetector, kind: str) -> None:
    image = np.full((64, 64, 3), 7, np.uint8)
    image.flags.writeable = False
    detector = make_detector(kind)
    detector.detect([image])
    assert (image == 7).all()
    detector.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_detector_says_so(make_detector: MakeDetector, kind: str) -> None:
    detector = make_detector(kind)
    detector.close()
    with pytest.raises(InferenceError):
        detector.detect([np.zeros((64, 64, 3), np.uint8)])


@pytest.mark.parametrize("kind", ["onnxruntime", "openvino"])
def test_what_is_no_picture_is_a_type_error(make_detector: MakeDetector, kind: str) -> None:
    detector = make_detector(kind)
    with pytest.raises(TypeError, match="uint8"):
        detector.detect([np.zeros((64, 64), np.uint8)])
    detector.close()


def test_onnxruntime_refuses_a_precision_it_has_not(default_bundle: Bundle) -> None:
    with pytest.raises(RuntimeUnavailableError, match="fp32"):
        load_detector(default_bundle, "onnxruntime", RuntimeOptions(precision="bf16"))


def test_openvino_computes_in_what_the_bundle_allows(default_bundle: Bundle) -> None:
    cautious = replace(
        default_bundle, manifest=replace(default_bundle.manifest, precisions=("fp32",))
    )
    assert load_detector(cautious, "openvino").runtime == "openvino cpu fp32"
    forced = load_detector(cautious, "openvino", RuntimeOptions(precision="bf16"))
    assert forced.runtime == f"openvino cpu {'bf16' if has_bf16() else 'fp32'}"


def has_bf16() -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and "avx512_bf16" in flags.read_text(encoding="ascii", errors="ignore")


PARITY: dict[Precision, tuple[float, float]] = {"fp32": (0.98, 0.005), "bf16": (0.90, 0.03)}
"""Least IoU and largest score difference for a precision that a bundle may claim."""


@pytest.mark.shared
@pytest.mark.parametrize("precision", load_bundle(DEFAULT_BUNDLE).manifest.precisions)
def test_openvino_agrees_with_onnxruntime_on_200_photos(
    default_bundle: Bundle,
    shared_data: Path,
    precision: Precision,
) -> None:
    min_iou, max_score_difference = PARITY[precision]
    if precision == "bf16" and not has_bf16():
        pytest.skip("this CPU has no bf16 arithmetic")
    paths = sorted(shared_data.glob("val/*/images/*.jpg"))[::3] + sorted(
        shared_data.glob("train/bins_montevideo/images/*.jpg")
    )
    images = [decode_photo(path.read_bytes(), sees_wh=(640, 640)).image for path in paths[:200]]
    assert len(images) == 200
    reference = load_detector(default_bundle, "onnxruntime")
    other = load_detector(default_bundle, "openvino", RuntimeOptions(precision=precision))
    compared = 0
    for image in images:
        expected, actual = reference.detect([image])[0], other.detect([image])[0]
        # Boxes at the edge of the list come and go with the last digit; these are the ones that
        # are reported to people, with a margin.
        sure = np.flatnonzero(expected.scores >= 0.1)
        same = expected.class_ids[sure][:, None] == actual.class_ids[None, :]
        iou = np.where(same, box_iou(expected.boxes_xyxy[sure], actual.boxes_xyxy), 0)
        for row, i in zip(iou, sure, strict=True):
            best = int(row.argmax())
            assert row[best] >= min_iou, (expected.scores[i], row[best])
            assert abs(expected.scores[i] - actual.scores[best]) <= max_score_difference
            compared += 1
    assert compared >= 100
    reference.close()
    other.close()


def test_processes_that_share_a_machine_are_not_bound_to_the_same_core(
    default_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.models.openvino_detector.usable_cores", lambda: 2)
    from detector.models.openvino_detector import _settings

    assert _settings(default_bundle, RuntimeOptions(threads=1))["ENABLE_CPU_PINNING"] is False
    assert _settings(default_bundle, RuntimeOptions(threads=2))["ENABLE_CPU_PINNING"] is True
