import threading

import pytest

from api.errors import RateLimitedError
from api.security import lock_out as module
from api.security.lock_out import MOST_FAILURES, WINDOW_S, LockOut

HOME = "203.0.113.7"


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


def fail(lock_out: LockOut, times: int, address: str = HOME) -> None:
    for _ in range(times):
        lock_out.check(address)
        lock_out.fail(address)


def test_ten_wrong_keys_shut_the_door_for_a_while(ticks: Ticks) -> None:
    lock_out = LockOut(ticks)
    fail(lock_out, MOST_FAILURES)
    ticks.now += 60
    with pytest.raises(RateLimitedError) as caught:
        lock_out.check(HOME)
    assert (caught.value.code, caught.value.retry_after_s) == ("locked_out", round(WINDOW_S - 60))
    assert "14 min" in caught.value.hint
    lock_out.check("203.0.113.8")
    ticks.now += caught.value.retry_after_s
    lock_out.check(HOME)


def test_failures_far_apart_do_not_add_up(ticks: Ticks) -> None:
    lock_out = LockOut(ticks)
    for _ in range(5 * MOST_FAILURES):
        fail(lock_out, 1)
        ticks.now += WINDOW_S / (MOST_FAILURES - 1)


def test_a_right_key_wipes_the_slate(ticks: Ticks) -> None:
    lock_out = LockOut(ticks)
    fail(lock_out, MOST_FAILURES - 1)
    lock_out.forgive(HOME)
    lock_out.forgive("203.0.113.8")
    fail(lock_out, MOST_FAILURES - 1)
    lock_out.check(HOME)


def test_only_so_many_addresses_are_remembered(
    ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ADDRESSES", 3)
    lock_out = LockOut(ticks)
    fail(lock_out, MOST_FAILURES)
    for number in range(2):
        fail(lock_out, 1, f"198.51.100.{number}")
    with pytest.raises(RateLimitedError):
        lock_out.check(HOME)
    fail(lock_out, 1, "198.51.100.2")  # The fourth: who failed longest ago is forgotten.
    lock_out.check(HOME)


def test_failures_at_once_are_all_counted(ticks: Ticks) -> None:
    lock_out = LockOut(ticks)
    threads = [threading.Thread(target=lock_out.fail, args=(HOME,)) for _ in range(MOST_FAILURES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(RateLimitedError):
        lock_out.check(HOME)
