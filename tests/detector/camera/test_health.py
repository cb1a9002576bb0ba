"""Camera states: each fault is told once, and nothing false of a healthy camera."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.camera.frames import LumaArray
from detector.camera.health import HealthFold
from detector.camera.looks import Look, Measures
from detector.camera.measures import judge_condition, measure, take_sample

VIDEOS = Path(__file__).parents[4] / "shared" / "video"
WH = (640, 360)
EVERY_S = 2.0
START = datetime(2026, 3, 2, tzinfo=UTC)


def make_scene(seed: int) -> LumaArray:
    """A street of sorts: houses, windows, posters."""
    chance = np.random.default_rng(seed)
    scene = np.full((WH[1], WH[0]), 90, np.uint8)
    for _ in range(120):
        x, y = (int(chance.integers(0, side)) for side in WH)
        wide, high = int(chance.integers(8, 120)), int(chance.integers(8, 90))
        cv2.rectangle(scene, (x, y), (x + wide, y + high), int(chance.integers(30, 220)), -1)
    return scene


SCENE = make_scene(1)


def with_noise(frames: Iterable[LumaArray], sigma: float = 2.0) -> Iterator[LumaArray]:
    chance = np.random.default_rng(7)
    for frame in frames:
        yield np.clip(frame + chance.normal(0, sigma, frame.shape), 0, 255).astype(np.uint8)


def make_looks(frames: Iterable[LumaArray], start_s: float = 0.0) -> list[Look]:
    looks, before = [], None
    for number, luma in enumerate(frames):
        sample = take_sample(luma)
        timestamp_s = start_s + number * EVERY_S
        measures = measure(sample, before, sign=number % 15 == 0)
        before = sample
        condition = judge_condition(sample, measures)
        wh = (luma.shape[1], luma.shape[0])
        at = START + timedelta(seconds=timestamp_s)
        looks.append(Look("a.mp4", timestamp_s, at, wh, False, condition, (), measures))
    return looks


def changes(looks: Iterable[Look], fold: HealthFold | None = None) -> list[tuple[str, float]]:
    fold = fold or HealthFold("gate")
    told = [change for look in looks if (change := fold.see(look)[1])]
    assert all(one.camera == "gate" and one.reason for one in told)
    return [(one.state, one.at_s - START.timestamp()) for one in told]


def blur(scene: LumaArray) -> LumaArray:
    return cv2.GaussianBlur(scene, (0, 0), 4).astype(np.uint8)


def still(scene: LumaArray, seconds: float) -> list[LumaArray]:
    return list(with_noise([scene] * int(seconds / EVERY_S)))


def test_a_healthy_camera() -> None:
    assert changes(make_looks(still(SCENE, 600))) == []


def test_a_frozen_camera_and_back() -> None:
    live = still(SCENE, 120)
    looks = make_looks([*live, *[live[-1]] * 90, *still(SCENE, 60)])
    assert changes(looks) == [("frozen", 120.0), ("live", 300.0)]


def test_a_frozen_picture_is_no_evidence() -> None:
    live = still(SCENE, 120)
    looks = make_looks([*live, *[live[-1]] * 90, *still(SCENE, 60)])
    fold = HealthFold("gate")
    conditions = [fold.see(look)[0].condition for look in looks]
    # What moves again counts at once.
    assert conditions == ["clear"] * 120 + ["frozen"] * 30 + ["clear"] * 30


def test_a_clock_that_was_ahead_and_is_set_right_does_not_end_the_watching() -> None:
    black = list(with_noise([np.zeros_like(SCENE)] * 40))
    looks = [*make_looks(still(SCENE, 60), 86_400.0), *make_looks([*still(SCENE, 60), *black])]
    assert changes(looks) == [("black", 60.0)]


def test_a_still_minute_is_not_yet_frozen() -> None:
    live = still(SCENE, 120)
    assert changes(make_looks([*live, *[live[-1]] * 59, *still(SCENE, 60)])) == []


def test_a_static_scene_that_is_heavily_compressed_is_not_frozen() -> None:
    looks = make_looks([SCENE] * 300)
    # As measured with x264 at CRF 36: nothing within a group of pictures, a step at each new one.
    steps = [
        _with_stillness(look, 0.0 if number % 50 else 0.5) for number, look in enumerate(looks)
    ]
    assert changes(steps) == []
    frozen = [
        _with_stillness(look, 0.004 if number % 5 else 0.0) for number, look in enumerate(looks)
    ]
    assert changes(frozen) == [("frozen", 0.0)]


def test_one_step_is_not_the_end_of_being_frozen() -> None:
    looks = make_looks([SCENE] * 200)
    looks[150] = _with_stillness(looks[150], 0.6)
    assert [state for state, _ in changes(looks)] == ["frozen"]


def _with_stillness(look: Look, stillness: float) -> Look:
    now = look.measures
    measures = Measures(now.brightness, now.contrast, now.sharpness, stillness, now.signature)
    return Look(
        *(look.source, look.timestamp_s, look.captured_at, look.image_wh, look.held),
        *(look.condition, look.sightings, measures),
    )


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_black_or_covered_camera_and_back(level: int) -> None:
    covered = list(with_noise([np.full_like(SCENE, level)] * 60))
    looks = make_looks([*still(SCENE, 120), *covered, *still(SCENE, 60)])
    assert changes(looks) == [("black", 120.0), ("live", 240.0)]


def test_a_blurred_camera_and_back() -> None:
    blurred = list(with_noise([blur(SCENE)] * 120, 1.0))
    looks = make_looks([*still(SCENE, 120), *blurred, *still(SCENE, 60)])
    assert changes(looks) == [("blurred", 120.0), ("live", 360.0)]
    fold = HealthFold("gate")
    conditions = [fold.see(look)[0].condition for look in looks]
    assert conditions == ["clear"] * 60 + ["blurred"] * 120 + ["clear"] * 30


def test_a_lorry_that_stops_before_half_the_view_is_no_state() -> None:
    lorry = SCENE.copy()
    lorry[60:340, :320] = 140
    looks = make_looks([*still(SCENE, 120), *still(lorry, 120), *still(SCENE, 60)])
    assert changes(looks) == []


def test_nights_do_not_make_blur_the_usual() -> None:
    few = make_looks(still(SCENE, 60))[15:]  # As far apart as signatures.
    looks = []
    for number in range(5 * 1800):
        # Ten minutes clear, then out of focus; an hour of dusk, one of night, and day again.
        light = {1: 0.5, 2: 0.3}.get(number // 1800, 1.0)
        one = few[number % len(few)]
        now = one.measures
        measures = replace(
            now,
            brightness=now.brightness * light,
            contrast=now.contrast * light,
            sharpness=(20.0 if number < 300 else 4.0) * light,
        )
        timestamp_s = number * EVERY_S
        at = START + timedelta(seconds=timestamp_s)
        looks.append(replace(one, timestamp_s=timestamp_s, captured_at=at, measures=measures))
    assert changes(looks) == [("blurred", 600.0)]


def test_dusk_is_no_blur() -> None:
    frames = [
        np.clip(SCENE * share, 0, 255).astype(np.uint8)
        for share in np.linspace(1.0, 0.15, 900)  # Half an hour.
    ]
    looks = make_looks(with_noise([*[SCENE] * 60, *frames, *[frames[-1]] * 60, SCENE, SCENE]))
    assert changes(looks) == []


def test_a_lamp_that_goes_out_is_no_blur() -> None:
    dim = np.clip(SCENE * 0.5, 0, 255).astype(np.uint8)
    assert changes(make_looks([*still(SCENE, 120), *still(dim, 200), *still(SCENE, 60)])) == []


def test_a_turned_camera_becomes_live_with_its_new_view() -> None:
    other = make_scene(2)
    looks = make_looks([*still(SCENE, 300), *still(other, 1200), *still(SCENE, 300)])
    told = changes(looks)
    assert [state for state, _ in told] == ["moved", "live"]
    assert 300 <= told[0][1] <= 360
    assert 900 <= told[1][1] <= 1000
    # Back to the view before is no news: it is known.


def test_a_lorry_before_the_lens_is_no_turn() -> None:
    hidden = make_scene(3)
    assert changes(make_looks([*still(SCENE, 300), *still(hidden, 55), *still(SCENE, 300)])) == []


def test_views_that_never_stay_are_no_turn() -> None:
    frames = [frame for seed in range(10, 30) for frame in still(make_scene(seed), 30)]
    assert changes(make_looks([*still(SCENE, 120), *frames])) == []


def test_what_lies_before_a_gap_does_not_count() -> None:
    live = still(SCENE, 120)
    looks = make_looks([*live, *[live[-1]] * 40])
    later = make_looks([live[-1]] * 40, 3600.0)
    assert changes([*looks, *later]) == []


def test_looks_out_of_order_change_nothing() -> None:
    looks = make_looks(still(SCENE, 20))
    fold = HealthFold("gate")
    for one in looks:
        fold.see(one)
    before = fold.state()
    assert fold.see(looks[3]) == (looks[3], None)
    assert fold.state() == before


def all_states() -> list[Look]:
    live = still(SCENE, 120)
    black = list(with_noise([np.zeros_like(SCENE)] * 40))
    blurred = list(with_noise([blur(SCENE)] * 120, 1.0))
    frames = [*live, *[live[-1]] * 80, *live, *black, *live, *blurred, *live]
    return make_looks([*frames, *still(make_scene(2), 900)])


LOOKS = all_states()


def test_all_states_in_a_row() -> None:
    assert [state for state, _ in changes(LOOKS)] == [
        *("frozen", "live", "black", "live", "blurred", "live", "moved", "live")
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(LOOKS)))
def test_a_restart_changes_nothing(cut: int) -> None:
    fold = HealthFold("gate")
    first = [fold.see(look) for look in LOOKS[:cut]]
    fold = HealthFold.restore("gate", json.loads(json.dumps(fold.state())))
    rest = [fold.see(look) for look in LOOKS[cut:]]
    whole = HealthFold("gate")
    assert first + rest == [whole.see(look) for look in LOOKS]
    assert fold.state() == whole.state()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        *("ahmetozlu_street/input_video.mp4", "intel_sample/car-detection.mp4"),
        *(f"bgslibrary_traffic/{one}.avi" for one in ("video", "video02", "video03")),
    ],
)
def test_nothing_false_of_real_streets(name: str) -> None:
    path = VIDEOS / name
    if not path.exists():
        pytest.skip("the videos of ../shared are not here")
    import av

    frames: list[LumaArray] = []
    target_s = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is None or frame.time >= target_s:
                frames.append(frame.to_ndarray(format="gray").astype(np.uint8))
                target_s += 0.5
    # Slowed down by four and shown eight times: minutes of traffic.
    looks = make_looks(frames * 8)
    assert changes(looks) == []
