from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.camera.frames import LumaArray
from detector.camera.gate import Gate, GateSettings
from detector.camera.looks import BoxXyxy, Sighting

WH = (160, 90)


def street(seed: int = 0) -> LumaArray:
    """A small frame with texture."""
    rng = np.random.default_rng(seed)
    rough = rng.normal(0, 1, (WH[1], WH[0])).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), 2)
    return np.asarray(np.clip(110 + smooth / smooth.std() * 15, 20, 200), np.uint8)


def noisy(small: LumaArray, seed: int, sigma: float = 0.7) -> LumaArray:
    rng = np.random.default_rng(seed)
    return np.clip(np.round(small + rng.normal(0, sigma, small.shape)), 0, 255).astype(np.uint8)


def lit(small: LumaArray, gain: float) -> LumaArray:
    return np.asarray(np.clip(16 + (small.astype(np.float32) - 16) * gain, 16, 235), np.uint8)


def with_object(small: LumaArray, xy: tuple[int, int] = (80, 60), levels: int = 20) -> LumaArray:
    """Put a thing of a sixteenth of the frame's height into it."""
    changed = small.astype(np.int16)
    x, y = xy
    changed[y : y + 6, x : x + 5] -= levels
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def sighting(
    box_xyxy: BoxXyxy = (0, 0, 10, 10), score: float = 0.8, *, flagged: bool = True
) -> Sighting:
    return Sighting("overflowing_bin", score, box_xyxy, flagged, "small")


class Camera:
    """Feeds a gate a sample each two seconds and lets the model see what it is told."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.at_s = -2.0

    def see(self, small: LumaArray, *sightings: Sighting) -> str:
        self.at_s += 2
        decision = self.gate.decide(small, self.at_s)
        if decision != "held":
            self.gate.note_scored(small, self.at_s, sightings)
        return decision

    def settle(self, small: LumaArray, *sightings: Sighting) -> None:
        decisions = [self.see(small, *sightings) for _ in range(7)]
        assert decisions[-1] == "held"


@pytest.fixture
def camera() -> Camera:
    return Camera(Gate())


def test_a_still_scene_is_scored_at_first_then_each_minute(camera: Camera) -> None:
    decisions = [camera.see(noisy(street(), i)) for i in range(70)]
    assert decisions[:6] == ["first"] + ["unsettled"] * 5
    assert [i for i, one in enumerate(decisions) if one == "timed"] == [35, 65]
    assert set(decisions[6:]) == {"held", "timed"}


@pytest.mark.parametrize("levels", [15, -15, 40])
@pytest.mark.parametrize("xy", [(80, 60), (0, 0), (155, 84)])
def test_a_small_thing_that_comes_or_goes_is_seen_at_once(
    camera: Camera, levels: int, xy: tuple[int, int]
) -> None:
    empty, full = street(), with_object(street(), xy, levels)
    camera.settle(empty)
    assert [camera.see(noisy(full, i)) for i in range(7)] == (
        ["changed"] + ["unsettled"] * 5 + ["held"]
    )
    assert camera.see(noisy(empty, 9)) == "changed"


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.2, 1.5])
def test_light_alone_is_no_change_but_is_looked_at_soon(camera: Camera, gain: float) -> None:
    camera.settle(street())
    decisions = [camera.see(lit(street(), gain)) for _ in range(10)]
    assert "changed" not in decisions
    assert decisions.count("timed") == 1


def test_a_thing_is_seen_while_the_light_changes(camera: Camera) -> None:
    camera.settle(street())
    assert camera.see(lit(with_object(street(), levels=30), 0.6)) == "changed"


def test_white_that_clips_is_no_change(camera: Camera) -> None:
    small = street()
    small[40:60, 40:60] = np.arange(190, 210, dtype=np.uint8)
    camera.settle(small)
    assert camera.see(lit(small, 1.3)) == "held"


def test_what_changes_outside_the_mask_does_not_count() -> None:
    mask = np.zeros((WH[1], WH[0]), np.bool_)
    mask[:, :60] = True
    camera = Camera(Gate(mask=mask))
    camera.settle(street())
    assert camera.see(with_object(street(), (90, 40), 80)) == "held"
    assert camera.see(with_object(street(), (30, 40), 80)) == "changed"


def test_a_running_clock_is_learned_and_the_rest_still_counts(camera: Camera) -> None:
    def ticking(small: LumaArray, i: int) -> LumaArray:
        marked = small.copy()
        marked[4:8, 10:40] = 180
        marked[4:8, 38:40] = 60 if i % 2 else 220
        marked[4:8, 35:37] = 60 if i // 5 % 2 else 220
        return marked

    decisions = [camera.see(ticking(street(), i)) for i in range(80)]
    assert decisions[20:].count("changed") == 0 and decisions[20:].count("held") > 50
    assert camera.see(ticking(with_object(street()), 80)) == "changed"


def test_what_is_restless_amid_the_frame_is_no_clock(camera: Camera) -> None:
    decisions = [camera.see(with_object(street(), levels=60 * (i % 2))) for i in range(60)]
    assert set(decisions[1:]) == {"changed"}


BIN = sighting()


@pytest.mark.parametrize(
    ("before", "after", "settles"),
    [
        ([BIN], [BIN], False),
        ([BIN], [replace(BIN, box_xyxy=(1, 1, 11, 11), score=0.7)], False),
        ([BIN], [], True),
        ([], [BIN], True),
        ([BIN], [replace(BIN, flagged=False, score=0.5)], True),
        ([BIN], [replace(BIN, box_xyxy=(100, 0, 110, 10))], True),
        ([BIN], [replace(BIN, label="site_dust")], True),
        ([], [sighting(score=0.25, flagged=False)], True),
        ([], [sighting(score=0.1, flagged=False)], False),
    ],
)
def test_sightings_that_differ_are_looked_at_again(
    camera: Camera, before: list[Sighting], after: list[Sighting], settles: bool
) -> None:
    camera.settle(street(), *before)
    while camera.see(street(), *after) != "timed":
        pass
    expected = ["unsettled"] * 5 + ["held"] if settles else ["held"] * 6
    assert [camera.see(street(), *after) for _ in range(6)] == expected


def test_a_finding_that_flickers_does_not_keep_the_model_busy(camera: Camera) -> None:
    decisions = [camera.see(street(), *([BIN] if i % 2 else [])) for i in range(100)]
    assert decisions[1:17] == ["unsettled"] * 15 + ["held"]
    assert decisions.count("held") > 50


def test_a_new_size_and_a_clock_set_back_are_scored(camera: Camera) -> None:
    camera.settle(street())
    assert camera.gate.decide(street(), 1.0) == "timed"
    assert camera.gate.decide(street()[:80], 14.0) == "first"


def test_a_frame_that_was_not_scored_is_asked_for_again(camera: Camera) -> None:
    camera.settle(street())
    changed = with_object(street())
    assert camera.gate.decide(changed, 20.0) == "changed"
    assert camera.gate.decide(changed, 22.0) == "changed"


def test_settings_rule(camera: Camera) -> None:
    camera = Camera(Gate(GateSettings(settle_looks=1, max_hold_s=6)))
    decisions = [camera.see(street()) for _ in range(6)]
    assert decisions == ["first", "unsettled", "held", "held", "timed", "held"]
