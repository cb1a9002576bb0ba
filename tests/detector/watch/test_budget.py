"""Shares of the model are fair, whoever asks how often."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from detector.watch.budget import Budget, FairShares


def simulate(
    offers: dict[str, float], capacity: float, seconds: float, urgent: frozenset[str] = frozenset()
) -> tuple[dict[str, int], dict[str, float]]:
    """Play cameras that want `offers` frames a second scored, of which `capacity` can be.

    A camera has one frame in line at a time, the newest. Returns turns and longest waits.
    """
    shares = FairShares()
    turns = dict.fromkeys(offers, 0)
    longest = dict.fromkeys(offers, 0.0)
    due = dict.fromkeys(offers, 0.0)
    asked: dict[str, float] = {}
    for step in range(round(seconds * capacity)):
        now = step / capacity
        for camera in offers:
            if camera not in asked and due[camera] <= now:
                asked[camera] = now
                shares.ask(camera, urgent=camera in urgent)
        chosen = shares.choose()
        if chosen is not None:
            turns[chosen] += 1
            longest[chosen] = max(longest[chosen], now - asked.pop(chosen))
            due[chosen] = max(due[chosen] + 1 / offers[chosen], now)
    return turns, longest


def test_with_enough_for_all_each_has_what_it_asks() -> None:
    turns, longest = simulate({"a": 0.5, "b": 0.25, "c": 1.0}, capacity=4, seconds=400)
    assert turns == {"a": 200, "b": 100, "c": 400}
    assert max(longest.values()) <= 1.0


def test_greedy_cameras_take_nothing_from_modest_ones() -> None:
    offers = {"modest": 0.5} | {f"greedy {n}": 25.0 for n in range(7)}
    turns, _ = simulate(offers, capacity=8, seconds=200)
    assert turns["modest"] >= 98
    shared = [count for camera, count in turns.items() if camera != "modest"]
    assert max(shared) - min(shared) <= 1
    assert sum(turns.values()) == 1600  # What the modest one left went to the others.


def test_a_camera_back_from_a_quiet_hour_has_saved_up_nothing() -> None:
    shares = FairShares()
    for _ in range(1000):
        shares.ask("busy")
        assert shares.choose() == "busy"
    served = []
    for _ in range(20):
        shares.ask("busy")
        shares.ask("quiet")
        served.append(shares.choose())
    assert 9 <= served.count("busy") <= 11


@given(
    st.integers(2, 12),
    st.integers(0, 11),
    st.floats(0.5, 10),
)
def test_urgent_cameras_starve_nobody(n: int, n_urgent: int, capacity: float) -> None:
    cameras = {f"c{k}": 100.0 for k in range(n)}
    urgent = frozenset(list(cameras)[: min(n_urgent, n - 1)])
    turns, longest = simulate(cameras, capacity, seconds=60 * n / capacity, urgent=urgent)
    fair = 60.0
    for camera, count in turns.items():
        if camera in urgent:
            assert count >= fair * 0.95
        else:
            assert count >= fair / 2 - 1
        # Between two turns of one, no other has more than two.
        assert longest[camera] <= (2 * n + 1) / capacity


def test_a_camera_that_left_has_no_turn() -> None:
    shares = FairShares()
    shares.ask("a")
    shares.ask("b")
    shares.leave("a")
    assert [shares.choose(), shares.choose()] == ["b", None]


def test_so_many_at_a_time_and_no_more() -> None:
    budget = Budget(parallel=2)
    first, second, third = (budget.ask(camera) for camera in "abc")
    assert (first.has_come, second.has_come, third.has_come) == (True, True, False)
    budget.done(first)
    assert third.has_come


def test_who_leaves_the_line_holds_up_nobody() -> None:
    budget = Budget(parallel=1)
    first, second, third = (budget.ask(camera) for camera in "abc")
    budget.done(second)
    budget.done(first)
    assert third.has_come
    assert not second.has_come


def test_a_rate_is_kept() -> None:
    now = [0.0]
    budget = Budget(parallel=100, frames_per_s=2, clock=lambda: now[0])
    came = 0
    for step in range(1000):
        now[0] = step / 100
        turn = budget.ask(f"c{step}")
        came += turn.has_come
        budget.done(turn)
    budget.close()
    assert 19 <= came <= 22


def test_a_turn_comes_by_itself_when_the_rate_allows_it() -> None:
    budget = Budget(parallel=9, frames_per_s=50)
    turns = [budget.ask(f"c{n}") for n in range(5)]
    for turn in turns:
        assert turn.wait(30)
    budget.close()


def test_many_threads_share_evenly() -> None:
    budget = Budget(parallel=1)
    counts = dict.fromkeys("abcd", 0)
    ready = threading.Barrier(4)

    def work(camera: str) -> None:
        ready.wait()
        while sum(counts.values()) < 400:
            turn = budget.ask(camera)
            turn.wait(30)
            counts[camera] += 1
            budget.done(turn)

    threads = [threading.Thread(target=work, args=(camera,)) for camera in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts.values()) <= 404
