import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import RateLimitedError
from api.security import rate_limit
from api.security.rate_limit import RateLimit, name_address


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def count_taken(limit: RateLimit, client: str, tries: int) -> int:
    taken = 0
    for _ in range(tries):
        try:
            limit.take(client)
        except RateLimitedError:
            continue
        taken += 1
    return taken


@given(st.integers(1, 500))
def test_a_whole_minutes_requests_may_come_at_once_and_no_more(per_minute: int) -> None:
    assert count_taken(RateLimit(per_minute, Ticks()), "a", per_minute + 20) == per_minute


@given(st.integers(1, 300), st.lists(st.floats(0, 90), min_size=1, max_size=20))
def test_over_any_time_no_more_than_the_burst_and_the_rate(
    per_minute: int, pauses_s: list[float]
) -> None:
    ticks = Ticks()
    limit = RateLimit(per_minute, ticks)
    taken = count_taken(limit, "a", per_minute + 5)
    for pause_s in pauses_s:
        ticks.now += pause_s
        taken += count_taken(limit, "a", per_minute + 5)
    assert taken <= per_minute + per_minute * sum(pauses_s) / 60 + 1


@given(st.integers(1, 500))
def test_who_waits_as_told_is_let_in(per_minute: int) -> None:
    ticks = Ticks()
    limit = RateLimit(per_minute, ticks)
    count_taken(limit, "a", per_minute)
    with pytest.raises(RateLimitedError) as caught:
        limit.take("a")
    ticks.now += caught.value.retry_after_s
    limit.take("a")


def test_the_window_may_be_another() -> None:
    ticks = Ticks()
    limit = RateLimit(60, ticks, window_s=3600)
    assert count_taken(limit, "a", 100) == 60
    ticks.now += 59
    with pytest.raises(RateLimitedError) as caught:
        limit.check("a")
    assert caught.value.retry_after_s == 1
    ticks.now += 1
    assert count_taken(limit, "a", 100) == 1


def test_clients_do_not_share() -> None:
    limit = RateLimit(1, Ticks())
    limit.take("a")
    limit.take("b")
    with pytest.raises(RateLimitedError):
        limit.take("a")


def test_looking_counts_nothing() -> None:
    limit = RateLimit(1, Ticks())
    for _ in range(5):
        limit.check("a")
    limit.take("a")
    with pytest.raises(RateLimitedError):
        limit.check("a")


def test_quiet_clients_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "SWEEP_EVERY", 100)
    ticks = Ticks()
    limit = RateLimit(60, ticks)
    for number in range(1000):
        ticks.now += 1
        limit.take(f"client {number}")
    ticks.now += 3600
    for _ in range(10_000):
        ticks.now += 2
        limit.take("the last")
        if len(limit) == 1:
            break
    assert len(limit) == 1


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_addresses_are_counted_by_who_has_them(host: str, name: str) -> None:
    assert name_address(host) == name
