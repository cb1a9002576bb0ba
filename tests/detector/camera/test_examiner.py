from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from detector.arrays import Image
from detector.camera.examiner import Examiner, moved_share
from detector.camera.frames import Frame, LumaArray
from detector.camera.looks import Look
from detector.camera.view import CameraView
from detector.camera.zones import Zone
from detector.detections import Detections
from detector.errors import InferenceError
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest
from detector.pipeline import Pipeline, PipelineSettings

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
BIN_BOX = (100.0, 100.0, 200.0, 220.0)


def street() -> LumaArray:
    rng = np.random.default_rng(0)
    rough = rng.normal(0, 1, (360, 640)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), 8)
    return np.asarray(np.clip(110 + smooth / smooth.std() * 15, 20, 200), np.uint8)


STREET = street()


def frame(luma: LumaArray, timestamp_s: float, *, dated: bool = True) -> Frame:
    def make_image() -> Image:
        return np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR), np.uint8)

    captured_at = START + timedelta(seconds=timestamp_s) if dated else None
    return Frame("a/b.mp4", timestamp_s, captured_at, luma, make_image)


class Model:
    """A model that sees one overflowing bin, and counts its looks."""

    def __init__(self, manifest: ModelManifest) -> None:
        self.looks = 0
        self.score = 0.9
        self.label = "overflowing_bin"
        self.broken = False
        self.manifest = manifest
        self.pipeline = Pipeline(FakeDetector(manifest, self._see), PipelineSettings(min_score=0.1))

    def _see(self, image: Image) -> Detections:
        if self.broken:
            raise InferenceError("failed", "The runtime failed.")
        self.looks += 1
        assert image.shape == (360, 640, 3)
        return Detections(
            np.array([BIN_BOX], np.float32),
            np.array([self.score], np.float32),
            np.array([self.manifest.classes.index(self.label)], np.int64),
            self.manifest.classes,
        )


@pytest.fixture
def model(make_manifest: Callable[..., ModelManifest]) -> Model:
    return Model(make_manifest())


def looks_of(examiner: Examiner, lumas: list[LumaArray]) -> list[Look]:
    looks = [examiner.look(frame(luma, 2.0 * i)) for i, luma in enumerate(lumas)]
    return [look for look in looks if look is not None]


def test_a_still_scene_is_scored_six_times_and_held_then(model: Model) -> None:
    looks = looks_of(Examiner(model.pipeline, CameraView()), [STREET] * 10)
    assert [look.held for look in looks] == [False] * 6 + [True] * 4
    assert model.looks == 6
    sighting = looks[-1].sightings[0]
    assert (sighting.label, sighting.box_xyxy, sighting.flagged) == (
        "overflowing_bin",
        BIN_BOX,
        True,
    )
    last = looks[-1]
    assert (last.source, last.timestamp_s, last.image_wh) == ("a/b.mp4", 18.0, (640, 360))
    assert last.captured_at == START + timedelta(seconds=18) and last.condition == "clear"


def test_findings_under_their_threshold_come_along(model: Model) -> None:
    model.score = 0.15
    (look,) = looks_of(Examiner(model.pipeline, CameraView()), [STREET])
    assert [(one.score, one.flagged) for one in look.sightings] == [(0.15, False)]


def test_what_does_not_count_in_the_view_is_no_sighting(model: Model) -> None:
    away = Zone(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    views = (
        CameraView(zones=(away,)),
        CameraView(labels=("site_dust",)),
        CameraView(min_box_share={"overflowing_bin": 0.5}),
    )
    for view in views:
        assert looks_of(Examiner(model.pipeline, view), [STREET])[0].sightings == ()


def test_context_is_no_sighting(model: Model) -> None:
    model.label = "bin"
    assert looks_of(Examiner(model.pipeline, CameraView()), [STREET])[0].sightings == ()


def test_a_change_is_scored_and_one_outside_the_zones_is_not(model: Model) -> None:
    changed = STREET.copy()
    changed[200:230, 500:530] //= 2
    everywhere = looks_of(Examiner(model.pipeline, CameraView()), [STREET] * 8 + [changed])
    assert not everywhere[-1].held
    left = CameraView(zones=(Zone(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))),))
    assert looks_of(Examiner(model.pipeline, left), [STREET] * 8 + [changed])[-1].held


def test_outside_its_hours_there_is_no_look_and_unknown_time_is_always_watched(
    model: Model,
) -> None:
    examiner = Examiner(model.pipeline, CameraView(hours=(("09:00", "10:00"),)))
    assert examiner.look(frame(STREET, 0)) is None
    assert examiner.look(frame(STREET, 3600)) is not None
    assert examiner.look(frame(STREET, 7200)) is None
    assert examiner.look(frame(STREET, 7200, dated=False)) is not None


@pytest.mark.parametrize(("level", "condition"), [(16, "blank"), (128, "blank")])
def test_a_frame_that_shows_nothing_is_not_scored(model: Model, level: int, condition: str) -> None:
    covered = np.full_like(STREET, level)
    looks = looks_of(Examiner(model.pipeline, CameraView()), [covered, STREET, covered, STREET])
    assert [look.condition for look in looks] == [condition, "clear"] * 2
    assert [(look.held, len(look.sightings)) for look in looks[::2]] == [(True, 0)] * 2
    assert model.looks == 2


def test_a_runtime_that_fails_passes_through_and_the_next_frame_is_scored(model: Model) -> None:
    examiner = Examiner(model.pipeline, CameraView())
    model.broken = True
    with pytest.raises(InferenceError, match="The runtime failed"):
        examiner.look(frame(STREET, 0))
    model.broken = False
    look = examiner.look(frame(STREET, 2))
    assert look is not None and not look.held


def test_a_frame_that_wants_the_model_cannot_be_held(model: Model) -> None:
    examiner = Examiner(model.pipeline, CameraView())
    examination = examiner.examine(frame(STREET, 0))
    assert examination is not None and examination.wants_score and examination.reason == "first"
    with pytest.raises(ValueError, match="cannot be held"):
        examiner.hold(examination)


def test_a_dropped_frame_leaves_its_change_to_the_next(model: Model) -> None:
    examiner = Examiner(model.pipeline, CameraView())
    for i in range(8):
        examiner.look(frame(STREET, 2.0 * i))
    changed = STREET.copy()
    changed[200:230, 500:530] //= 2
    dropped = examiner.examine(frame(changed, 16))
    following = examiner.examine(frame(changed, 18))
    assert dropped is not None and following is not None
    assert dropped.reason == following.reason == "changed"


def test_motion_is_of_the_sample_before(model: Model) -> None:
    moving = STREET.copy()
    moving[100:220, 100:150] = STREET[100:220, 100:150][::-1]
    looks = looks_of(Examiner(model.pipeline, CameraView()), [STREET, STREET, moving, moving])
    motions = [look.sightings[0].motion for look in looks]
    assert motions[0] is None and motions[1] == motions[3] == 0
    assert motions[2] is not None and 0.3 < motions[2] < 0.8


def test_across_a_gap_there_is_no_sample_before(model: Model) -> None:
    examiner = Examiner(model.pipeline, CameraView())
    looks = [examiner.look(frame(STREET, at_s)) for at_s in (0.0, 60.0, 121.0)]
    assert [one is not None and one.measures.stillness for one in looks] == [None, 0, None]


def test_motion_of_held_sightings_is_of_the_frame_that_held_them(model: Model) -> None:
    examiner = Examiner(model.pipeline, CameraView())
    looks = looks_of(examiner, [STREET] * 8)
    assert looks[-1].held and looks[-1].sightings[0].motion == 0


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (630.0, 355.0, 640.0, 360.0)])
def test_motion_of_boxes_at_the_rim(box: tuple[float, float, float, float]) -> None:
    still, dark = np.full((90, 160), 100, np.uint8), np.full((90, 160), 100, np.uint8)
    dark[:4, :4] = 20
    dark[-4:, -4:] = 20
    assert moved_share(still, still, box, 4) == 0
    assert moved_share(still, dark, box, 4) == 1


def test_signatures_come_with_the_first_sample_of_each_half_minute(model: Model) -> None:
    looks = looks_of(Examiner(model.pipeline, CameraView()), [STREET] * 32)
    signed = [look.timestamp_s for look in looks if look.measures.signature is not None]
    assert signed == [0, 30, 60]
    # A chunk that begins elsewhere signs its first look, and the same ones after it.
    examiner = Examiner(model.pipeline, CameraView())
    later = [examiner.look(frame(STREET, at_s)) for at_s in (28.0, 30.0, 32.0)]
    assert [one is not None and one.measures.signature is not None for one in later] == [
        True,
        True,
        False,
    ]


def test_a_new_size_begins_anew(model: Model) -> None:
    examiner = Examiner(model.pipeline, CameraView())
    looks_of(examiner, [STREET] * 8)
    large = np.asarray(cv2.resize(STREET, (1280, 720)), np.uint8)
    examination = examiner.examine(frame(large, 16))
    assert examination is not None and examination.reason == "first"
    assert examination.measures.stillness is None
