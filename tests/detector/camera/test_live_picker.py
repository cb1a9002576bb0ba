"""Which packets are decoded."""

import itertools
from collections.abc import Iterator

from detector.camera.live_picker import BEHIND_S, OVERLOAD_S, Picker, Plan
from detector.camera.sampling import Sampling


def packets(
    seconds: float, rate: int, gop: int, start_s: float = 0.0
) -> Iterator[tuple[bool, float]]:
    for index in range(round(seconds * rate)):
        yield index % gop == 0, start_s + index / rate


def play(
    picker: Picker, seconds: float, rate: int, gop: int, start_s: float = 0.0
) -> list[tuple[Plan, float, bool]]:
    """Return what was planned for each packet, and whether its frame was taken."""
    out = []
    for is_key, at_s in packets(seconds, rate, gop, start_s):
        picker.note_wait(0.04, at_s)
        plan = picker.plan(is_key, at_s, at_s)
        if plan == "alone":
            picker.note_alone(True)
        out.append((plan, at_s, plan != "pass" and picker.takes(at_s)))
    return out


def fresh(every_s: float = 2.0, keyframes: str = "auto") -> Picker:
    picker = Picker(Sampling(every_s=every_s, keyframes=keyframes))  # type: ignore[arg-type] # a test's word
    picker.reconnect(0.0)
    return picker


def taken(plans: list[tuple[Plan, float, bool]]) -> list[float]:
    return [at_s for _, at_s, took in plans if took]


def test_dense_key_frames_are_decoded_alone() -> None:
    plans = play(fresh(), 20, rate=25, gop=50)

    assert {plan for plan, at_s, _ in plans if at_s >= 2} == {"alone", "pass"}
    assert taken(plans) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]


def test_key_frames_that_are_not_wanted_are_passed() -> None:
    plans = play(fresh(), 20, rate=25, gop=25)

    assert sum(plan == "alone" for plan, _, _ in plans) == 9


def test_rare_key_frames_mean_decoding_all() -> None:
    plans = play(fresh(), 20, rate=25, gop=100)

    assert {plan for plan, _, _ in plans} == {"follow"}
    assert len(taken(plans)) == 10


def test_only_and_never_are_obeyed() -> None:
    sparse = play(fresh(keyframes="only"), 20, rate=25, gop=100)
    dense = play(fresh(keyframes="never"), 20, rate=25, gop=25)

    assert taken(sparse) == [0, 4, 8, 12, 16]
    assert {plan for plan, _, _ in dense} == {"follow"}


def test_a_camera_whose_key_frames_become_rare_is_decoded_whole() -> None:
    picker = fresh()
    play(picker, 10, rate=25, gop=25)
    plans = play(picker, 40, rate=25, gop=250, start_s=10)
    times = taken(plans)

    assert times[0] == 10
    assert {plan for plan, at_s, _ in plans if at_s >= 20} == {"follow"}
    assert max(b - a for a, b in itertools.pairwise(times)) <= 10


def test_a_camera_whose_key_frames_become_dense_is_decoded_sparely() -> None:
    picker = fresh()
    play(picker, 20, rate=25, gop=100)
    plans = play(picker, 20, rate=25, gop=25, start_s=20)

    assert {plan for plan, at_s, _ in plans if at_s > 24} == {"alone", "pass"}


def test_nothing_before_the_first_key_frame_is_decoded() -> None:
    picker = fresh()
    picker.note_wait(0.04, 0.0)

    assert picker.plan(False, 0.0, 0.0) == "pass"
    assert picker.plan(True, 1.0, 1.0) == "follow"
    picker.reconnect(2.0)
    assert picker.plan(False, 2.0, 2.0) == "pass"


def test_a_reader_that_falls_behind_passes_on_to_the_newest_and_then_takes_key_frames() -> None:
    picker = fresh(every_s=1.0)
    play(picker, 8, rate=25, gop=100)
    late_s = 8 + BEHIND_S + 0.1

    assert picker.plan(True, 8.0, late_s) == "pass"
    assert picker.plan(False, 9.0, late_s) == "pass"
    plans = play(picker, 40, rate=25, gop=100, start_s=late_s)
    assert {plan for plan, _, _ in plans} == {"alone", "pass"}
    later = play(picker, 20, rate=25, gop=100, start_s=late_s + OVERLOAD_S)
    assert {plan for plan, _, _ in later} == {"follow"}


def test_key_frames_that_give_no_picture_by_themselves_are_not_relied_on() -> None:
    picker = fresh(every_s=1.0)
    last: list[Plan] = []
    for is_key, at_s in packets(20, 25, 25):
        picker.note_wait(0.04, at_s)
        last.append(picker.plan(is_key, at_s, at_s))
        if last[-1] == "alone":
            picker.note_alone(False)

    assert "alone" in last
    assert set(last[-100:]) == {"follow"}
