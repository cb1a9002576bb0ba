import threading
import time

import pytest

from api import background
from api.background import Loop


def test_steps_follow_each_other_until_it_is_stopped() -> None:
    done = threading.Semaphore(0)

    def step() -> float:
        done.release()
        return 0.0

    loop = Loop("test", step)
    loop.start()
    for _ in range(5):
        assert done.acquire(timeout=5)
    assert loop.stop(5)
    while done.acquire(blocking=False):
        pass
    assert not done.acquire(timeout=0.05)


def test_waking_ends_the_wait() -> None:
    done = threading.Semaphore(0)

    def step() -> float:
        done.release()
        return 3600.0

    loop = Loop("test", step)
    loop.start()
    assert done.acquire(timeout=5)
    assert not done.acquire(timeout=0.05)
    loop.wake()
    assert done.acquire(timeout=5)
    assert loop.stop(5)


def test_waking_during_a_step_is_not_lost() -> None:
    entered, leave = threading.Semaphore(0), threading.Semaphore(0)

    def step() -> float:
        entered.release()
        leave.acquire(timeout=5)
        return 3600.0

    loop = Loop("test", step)
    loop.start()
    assert entered.acquire(timeout=5)
    loop.wake()
    leave.release()
    assert entered.acquire(timeout=5)
    leave.release()
    assert loop.stop(5)


def test_an_error_is_logged_and_the_step_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_S", 0.01)
    tries = threading.Semaphore(0)

    def step() -> float:
        tries.release()
        raise ValueError("broken")

    loop = Loop("test", step)
    loop.start()
    for _ in range(3):
        assert tries.acquire(timeout=5)
    assert loop.stop(5)
    lines = [one for one in caplog.records if one.message == "loop_failed"]
    assert len(lines) >= 3
    assert lines[0].exc_info is not None
    pauses = [one.__dict__["retry_in_s"] for one in lines[:3]]
    assert pauses == [0.01, 0.02, 0.04]


def test_stopping_waits_for_the_running_step_but_not_for_ever() -> None:
    entered, leave = threading.Event(), threading.Event()

    def step() -> float:
        entered.set()
        leave.wait(10)
        return 0.0

    loop = Loop("test", step)
    loop.start()
    assert entered.wait(5)
    began = time.monotonic()
    assert not loop.stop(0.1)
    assert time.monotonic() - began < 5
    leave.set()
    assert loop.stop(5)


def test_stopping_ends_the_pause_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_S", 3600.0)
    tried = threading.Event()

    def step() -> float:
        tried.set()
        raise ValueError("broken")

    loop = Loop("test", step)
    loop.start()
    assert tried.wait(5)
    assert loop.stop(5)


def test_a_loop_that_never_began_is_stopped() -> None:
    assert Loop("test", lambda: 0.0).stop(1)


def test_a_loop_begins_once() -> None:
    loop = Loop("test", lambda: 3600.0)
    loop.start()
    with pytest.raises(RuntimeError):
        loop.start()
    assert loop.stop(5)
