"""Timelines that only go forward."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from detector.camera.live_times import CaptureTimes, Timeline

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_spacing_is_the_streams_own() -> None:
    timeline = Timeline(100.0)
    timeline.reconnect(100.0)
    times = []
    for index, late_s in enumerate((0.0, 0.3, 0.1, 0.2)):
        timeline.arrive(5000 + index, 100 + index + late_s)
        times.append(timeline.place(5000 + index))

    assert times == pytest.approx([0, 1, 2, 3], abs=0.035)


@pytest.mark.parametrize("jump_s", [-26 * 3600, -5.0, 20.0, 1e6])
def test_a_stream_that_jumps_goes_on_in_real_time(jump_s: float) -> None:
    timeline = Timeline(0.0)
    timeline.reconnect(0.0)
    for second in range(10):
        timeline.arrive(second, second)
        timeline.place(second)
    timeline.arrive(10 + jump_s, 10)

    assert timeline.place(10 + jump_s) == pytest.approx(10)


@pytest.mark.parametrize("jump_s", [-26 * 3600, -60.0])
def test_a_picture_that_the_decoder_kept_back_over_a_jump_stays_where_it_was(jump_s: float) -> None:
    timeline = Timeline(0.0)
    timeline.reconnect(0.0)
    for second in range(10):
        timeline.arrive(90_000 + second, second)
    timeline.arrive(90_010 + jump_s, 10)

    assert timeline.place(90_009) == pytest.approx(10, abs=0.01)
    timeline.arrive(90_011 + jump_s, 11)
    assert timeline.place(90_011 + jump_s) == pytest.approx(11, abs=0.01)


def test_frames_out_of_order_are_no_jump() -> None:
    timeline = Timeline(0.0)
    timeline.reconnect(0.0)
    timeline.arrive(7.0, 0.0)
    timeline.arrive(6.9, 0.04)

    assert timeline.at(7.1) == pytest.approx(0.1, abs=0.01)


def test_reconnecting_counts_the_time_without_a_camera() -> None:
    timeline = Timeline(0.0)
    timeline.reconnect(0.0)
    timeline.arrive(900.0, 0.0)
    first = timeline.place(900.0)
    timeline.reconnect(60.0)
    timeline.arrive(0.0, 61.0)

    assert (first, timeline.place(0.0)) == (0.0, 60.0)


@pytest.mark.parametrize("pace", [0.999, 1.001])
def test_a_clock_that_drifts_for_a_day_stays_near_real_time(pace: float) -> None:
    timeline = Timeline(0.0)
    timeline.reconnect(0.0)
    last_s = -1.0
    for second in range(0, 86_400, 2):
        timeline.arrive(second * pace, second)
        placed_s = timeline.place(second * pace)
        assert placed_s > last_s
        last_s = placed_s

    assert last_s == pytest.approx(86_398, abs=0.5)


def test_time_only_goes_forward_whatever_comes() -> None:
    rng = random.Random(5)
    timeline, now_s, stream_s, last_s = Timeline(0.0), 0.0, 0.0, -1.0
    timeline.reconnect(0.0)
    for _ in range(3000):
        now_s += rng.random() / 5
        stream_s += rng.choice((0.04, 0.04, 0.04, -0.5, -3, 11, 1e5, -1e5))
        if rng.random() < 0.01:
            timeline.reconnect(now_s)
        timeline.arrive(stream_s, now_s)
        placed_s = timeline.place(stream_s)
        assert placed_s > last_s
        last_s = placed_s


def test_files_read_at_full_speed_keep_their_times() -> None:
    timeline = Timeline(0.0, real_time=False)
    timeline.reconnect(0.0)
    for second in range(100):
        assert timeline.arrive(second, 0.001 * second) == 0
        assert timeline.place(second) == second


def test_a_burst_is_ahead_of_its_time() -> None:
    timeline = Timeline(0.0)
    timeline.reconnect(0.0)
    timeline.arrive(0.0, 0.0)

    assert timeline.arrive(6.0, 0.1) == pytest.approx(5.9, abs=0.1)


def test_capture_times_follow_the_wall_clock_forward() -> None:
    times = CaptureTimes()
    times.at(NOON, 0.0)
    hour_later = NOON + timedelta(hours=1)

    assert times.at(hour_later, 1.0) == hour_later


def test_capture_times_never_go_back_and_wait_for_a_clock_that_was_set_back() -> None:
    times = CaptureTimes()
    last = times.at(NOON, 0.0)
    for second in range(1, 200):
        wall = NOON + timedelta(seconds=second - 60)
        given = times.at(wall, float(second))
        assert given > last
        last = given

    assert abs(last - (NOON + timedelta(seconds=139))) <= timedelta(seconds=1.5)


def test_capture_times_do_not_wait_for_a_clock_that_was_far_ahead() -> None:
    times = CaptureTimes()
    times.at(NOON + timedelta(days=400), 0.0)
    assert times.at(NOON, 1.0) == NOON
    assert times.at(NOON + timedelta(seconds=1), 2.0) == NOON + timedelta(seconds=1)


def test_packets_without_a_time_do_not_move_the_timeline() -> None:
    timeline = Timeline(50.0)
    timeline.reconnect(53.0)
    timeline.arrive(None, 54.0)
    first = timeline.place(None)
    timeline.arrive(1e5, 54.0)

    assert first == 3.0
    assert timeline.place(1e5) == pytest.approx(3.0, abs=0.01)
