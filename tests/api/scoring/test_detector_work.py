"""The pool with the shipped model, on the demo scenes."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from api.errors import SettingsError
from api.scoring import work
from api.scoring.base import Comparison, PictureRequest, Scored
from api.scoring.opening import open_pool
from api.scoring.pictures import make_picture
from api.scoring.pool import ProcessPool
from api.scoring.tasks import CompareTask, Done, PictureTask, ScoreTask
from api.scoring.work import DetectorWork
from api.settings import Settings
from datasets.dedupe import hash_image
from detector.arrays import Image
from detector.decode import DecodeLimits, decode_photo
from detector.detections import Detections, Finding, ImageScore, ScoreFailure
from detector.errors import ExtraMissingError, PhotoError
from detector.evidence.privacy import FakeFinder, Privacy
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, Bundle
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest
from detector.pipeline import Pipeline

SCENES = sorted((Path(__file__).parents[3] / "demo" / "scenes").glob("*.jpg"))
PATIENCE_S = 60.0
MakeManifest = Callable[..., ModelManifest]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPool]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), runtime="onnx", backlog=50)
    pool = open_pool(settings)
    yield pool
    pool.close()


def without_time(score: ImageScore) -> ImageScore:
    return replace(score, elapsed_ms=0.0)


def test_the_pool_answers_as_the_pipeline_does(pool: ProcessPool, default_bundle: Bundle) -> None:
    detector = load_detector(default_bundle, "onnxruntime", RuntimeOptions(threads=2))
    pipeline = Pipeline(detector)
    futures = [pool.score(path.read_bytes(), path.name) for path in SCENES]
    for path, future in zip(SCENES, futures, strict=True):
        scored = future.result(PATIENCE_S)
        alone = pipeline.score_bytes(path.read_bytes(), path.name)
        assert without_time(scored.score) == without_time(alone)
        assert scored.shadow is None and scored.perceptual_hash is not None
        # The scenes are decoded whole: they are hardly larger than the model's input.
        sees_wh = default_bundle.manifest.network.largest_wh
        seen = decode_photo(path.read_bytes(), sees_wh=sees_wh).image
        if default_bundle.manifest.tiles is None:
            assert scored.perceptual_hash == hash_image(seen).tobytes().hex()
        assert len(bytes.fromhex(scored.perceptual_hash)) == 32
    assert any(future.result().score.findings for future in futures)
    assert pool.model == pipeline.score_bytes(b"").model
    assert pool.labels == tuple(default_bundle.manifest.thresholds)
    detector.close()


def test_damaged_photos_are_answered_with_their_fault(pool: ProcessPool) -> None:
    data = SCENES[0].read_bytes()
    scored = pool.score(data[: len(data) // 2]).result(PATIENCE_S)
    assert scored.score.error is not None and scored.score.error.code == "truncated"
    assert scored.perceptual_hash is None
    for future in (
        pool.picture(data[:500], PictureRequest(400)),
        pool.compare(data, b"not a picture"),
    ):
        with pytest.raises(PhotoError):
            future.result(PATIENCE_S)


def test_a_picture_served_is_small_and_holds_no_metadata(pool: ProcessPool) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 31.0), 3: "E", 4: (116.0, 23.0, 51.0)})
    stream = BytesIO()
    with PillowImage.open(SCENES[0]) as scene:
        stored_wh = scene.size
        scene.save(stream, "JPEG", exif=exif, comment=b"taken by somebody")
    assert b"Exif" in stream.getvalue()
    jpeg = pool.picture(stream.getvalue(), PictureRequest(500)).result(PATIENCE_S)
    with PillowImage.open(BytesIO(jpeg)) as picture:
        assert picture.format == "JPEG" and max(picture.size) == 500
        assert not picture.getexif() and "comment" not in picture.info
        # Turned upright: orientation 6 swaps the sides.
        assert picture.size[0] / picture.size[1] == pytest.approx(
            stored_wh[1] / stored_wh[0], rel=0.01
        )
    assert b"Exif" not in jpeg and b"somebody" not in jpeg


def test_regions_to_hide_are_blurred_in_the_shrunk_picture() -> None:
    rng = np.random.default_rng(1)
    image = np.kron(rng.integers(0, 2, (60, 80), np.uint8) * 255, np.ones((10, 10), np.uint8))
    encoded, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    assert encoded
    found = FakeFinder(lambda _: np.array([[20, 20, 120, 100]], np.float32))
    request = PictureRequest(400, hide_xyxy=((500.0, 300.0, 700.0, 500.0),))
    jpeg = make_picture(data.tobytes(), request, Privacy((found,)), DecodeLimits())
    shown = decode_photo(jpeg).image
    assert shown.shape == (300, 400, 3)

    def contrast(x1: int, y1: int, x2: int, y2: int) -> float:
        return float(shown[y1:y2, x1:x2].std())

    assert contrast(200, 20, 380, 130) > 100  # What nobody asked to hide is as it was.
    assert contrast(25, 25, 115, 95) < 60  # Found by a finder, in the shrunk picture's pixels.
    assert contrast(255, 155, 345, 245) < 60  # Asked for, in the full photo's pixels.


def test_findings_are_drawn_where_they_are() -> None:
    encoded, data = cv2.imencode(".png", np.full((600, 800, 3), 255, np.uint8))
    assert encoded
    finding = Finding("a-0", "site_dust", 0.9, (400.0, 200.0, 700.0, 500.0), True, "large")
    nobody = Privacy((FakeFinder(lambda _: np.zeros((0, 4), np.float32)),))
    request = PictureRequest(400, draw=(finding,))
    drawn = decode_photo(make_picture(data.tobytes(), request, nobody, DecodeLimits())).image
    assert drawn[175, 200].min() < 230  # The box's left edge, at half size.
    assert drawn[250, 50].min() > 250
    bare = make_picture(data.tobytes(), PictureRequest(400), nobody, DecodeLimits())
    assert decode_photo(bare).image.min() > 250
    small = make_picture(data.tobytes(), PictureRequest(5000), nobody, DecodeLimits())
    assert decode_photo(small).image.shape == (600, 800, 3)  # Never grown.


def one_finding(manifest: ModelManifest, score: float = 0.75) -> FakeDetector:
    def answer(image: Image) -> Detections:
        box = np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32)
        ids = np.array([manifest.classes.index("site_dust")], np.int64)
        return Detections(box, np.array([score], np.float32), ids, manifest.classes)

    return FakeDetector(manifest, answer)


def test_without_the_privacy_extra_no_picture_is_made(
    make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Privacy:
        raise ExtraMissingError("privacy", "Blurring")

    monkeypatch.setattr(work, "open_privacy", missing)
    doing = DetectorWork(Pipeline(one_finding(make_manifest())))
    with pytest.raises(ExtraMissingError):
        list(doing.do(PictureTask(PictureRequest(400)), (SCENES[0].read_bytes(),)))


def test_the_shadow_comes_after_the_answer_and_leaves_it_as_it_is(
    make_manifest: MakeManifest,
) -> None:
    data = SCENES[0].read_bytes()
    own = Pipeline(one_finding(make_manifest()))
    broken = one_finding(make_manifest(name="candidate"))
    broken.close()
    errors: list[ScoreFailure | None] = []
    for shadow in (Pipeline(one_finding(make_manifest(name="candidate"), 0.6)), Pipeline(broken)):
        first, last = DetectorWork(own, shadow).do(ScoreTask("a.jpg"), (data,))
        assert isinstance(first.result, Scored) and isinstance(last.result, Scored)
        assert (first.is_last, last.is_last) == (False, True)
        assert first.result.shadow is None and last.result.score is first.result.score
        assert last.result.shadow is not None and last.result.shadow.model.name == "candidate"
        assert last.result.score.findings[0].score == 0.75
        errors.append(last.result.shadow.error)
    assert [None if error is None else error.code for error in errors] == [None, "inference_failed"]
    (only,) = DetectorWork(own).do(ScoreTask("a.jpg"), (data,))
    assert only.is_last


def test_thresholds_and_a_shadow_reach_the_workers(bundle_copy: Path, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, runtime="onnx", shadow_model=bundle_copy)
    strict = dict.fromkeys(
        ("illegal_poster", "overflowing_bin", "street_vending", "site_dust"), 1.0
    )
    pool = open_pool(settings, thresholds=strict)
    try:
        scored = [pool.score(path.read_bytes()).result(PATIENCE_S) for path in SCENES[:4]]
    finally:
        pool.close()
    assert all(one.score.findings == () and one.score.error is None for one in scored)
    # The shadow is the same model with its own thresholds.
    assert any(one.shadow is not None and one.shadow.findings for one in scored)


@pytest.mark.parametrize(
    ("model", "thresholds", "code"),
    [("/nowhere", {}, "manifest_missing"), ("default", {"cat": 0.5}, "thresholds_invalid")],
)
def test_what_cannot_be_is_told_at_the_start(
    tmp_path: Path, model: str, thresholds: dict[str, float], code: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        open_pool(Settings(data=tmp_path, model=model), thresholds=thresholds)
    assert caught.value.code == code


def compare(pool: ProcessPool, before: Image, after: Image) -> Comparison:
    files = [cv2.imencode(".jpg", one)[1].tobytes() for one in (before, after)]
    return pool.compare(*files).result(PATIENCE_S)


@pytest.fixture(scope="module")
def scenes() -> list[Image]:
    return [decode_photo(path.read_bytes()).image for path in SCENES]


def test_the_same_place_from_a_step_aside_is_recognised(
    pool: ProcessPool, scenes: list[Image]
) -> None:
    for scene in scenes:
        height, width = scene.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 4, 1.1)
        aside = cv2.convertScaleAbs(cv2.warpAffine(scene, turn, (width, height)), alpha=0.8)
        # What was complained of is gone: a quarter of the picture is something else.
        aside[height // 2 :, : width // 2] = 120
        found = compare(pool, scene, aside.astype(np.uint8))
        assert found.inliers >= 30, found
        assert found.inliers <= found.matches <= min(found.features)


def test_other_places_are_not_taken_for_the_same(pool: ProcessPool, scenes: list[Image]) -> None:
    # Neighbours share at most an object or two that was pasted into both.
    for first, second in itertools.pairwise(scenes):
        found = compare(pool, first, second)
        assert found.inliers < 30, found
        assert found.hash_bits > 22


def test_the_same_picture_again_is_seen_as_such(pool: ProcessPool, scenes: list[Image]) -> None:
    height, width = scenes[0].shape[:2]
    half = cv2.resize(scenes[0], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    found = compare(pool, scenes[0], half.astype(np.uint8))
    assert found.hash_bits <= 22 and found.inliers > 50
    assert compare(pool, scenes[0], half.astype(np.uint8)) == found


@pytest.mark.parametrize("value", [0, 128])
def test_a_blank_picture_matches_nothing(
    make_manifest: MakeManifest, scenes: list[Image], value: int
) -> None:
    blank = cv2.imencode(".png", np.full((300, 400, 3), value, np.uint8))[1].tobytes()
    scene = cv2.imencode(".jpg", scenes[0])[1].tobytes()
    doing = DetectorWork(Pipeline(one_finding(make_manifest())))
    for photos in ((blank, scene), (scene, blank), (blank, blank)):
        (done,) = doing.do(CompareTask(), photos)
        assert isinstance(done, Done) and isinstance(done.result, Comparison)
        assert (done.result.matches, done.result.inliers) == (0, 0)


def test_a_mirrored_picture_is_no_view_of_the_place(pool: ProcessPool, scenes: list[Image]) -> None:
    mirrored = np.ascontiguousarray(scenes[0][:, ::-1])
    assert compare(pool, scenes[0], mirrored).inliers < 30


def test_an_answer_alone_costs_neither_hash_nor_candidate(tmp_path: Path) -> None:
    pool = open_pool(Settings(data=tmp_path, shadow_model=DEFAULT_BUNDLE))
    try:
        data = SCENES[0].read_bytes()
        kept = pool.score(data).result(PATIENCE_S)
        alone = pool.score(data, to_keep=False).result(PATIENCE_S)
    finally:
        pool.close()
    assert kept.shadow is not None
    assert kept.perceptual_hash is not None
    assert (alone.shadow, alone.perceptual_hash) == (None, None)
    assert alone.score.findings == kept.score.findings
