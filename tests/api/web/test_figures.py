"""From counts to what is shown: intervals, quantiles, weeks, scales, bars; a minute's memory."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.figures import (
    MOST_DAILY,
    Share,
    draw_days,
    draw_rows,
    make_axis,
    make_buckets,
    measure,
    quantile,
    quantile_limits,
    shorten,
    top,
)
from api.web.recent import MOST, Recent

counts = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=20)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_the_literature(
    part: int, whole: int, low: float, high: float
) -> None:
    assert Share(part, whole).interval == pytest.approx((low, high), abs=5e-5)


@given(whole=st.integers(0, 3000), data=st.data())
def test_an_interval_holds_its_share(whole: int, data: st.DataObject) -> None:
    share = Share(data.draw(st.integers(0, whole)), whole)
    assert share.few == (whole < 20)
    if not whole:
        assert (share.value, share.interval) == (None, None)
        return
    low, high = share.interval or (1, 0)
    assert 0 <= low <= (share.value or 0) <= high <= 1
    assert high - low > 0


@given(grouped=counts, percent=st.integers(1, 100))
def test_quantiles_are_those_of_the_sorted_list(
    grouped: list[tuple[int, int]], percent: int
) -> None:
    plain = sorted(value for value, count in grouped for _ in range(count))
    found = quantile(grouped, percent / 100)
    if not plain:
        assert found is None
    else:
        assert found == plain[-(-percent * len(plain) // 100) - 1]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 366), st.data())
def test_buckets_hold_every_day_once(first: date, length: int, data: st.DataObject) -> None:
    days = [first + timedelta(days=number) for number in range(length)]
    opened = data.draw(st.dictionaries(st.sampled_from(days), st.integers(1, 9), max_size=5))
    buckets = make_buckets(days, opened, {})
    assert sum(one.opened for one in buckets) == sum(opened.values())
    assert (buckets[0].first, buckets[-1].last) == (days[0], days[-1])
    held = [
        one.first + timedelta(days=number)
        for one in buckets
        for number in range((one.last - one.first).days + 1)
    ]
    assert held == days
    if length > MOST_DAILY:
        assert all(one.first.weekday() == 0 for one in buckets[1:])


@given(st.integers(0, 10**7), st.integers(1, 8))
def test_a_scale_reaches_the_largest_in_few_round_steps(largest: int, steps: int) -> None:
    axis = make_axis(largest, steps)
    assert axis.ticks[0] == 0
    assert largest <= axis.end
    assert len(axis.ticks) - 1 <= steps
    assert str(axis.ticks[1]).rstrip("0") in ("1", "2", "5")


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=80))
def test_bars_stay_in_the_chart(pairs: list[tuple[int, int]]) -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(len(pairs))]
    opened = {day: one for day, (one, _) in zip(days, pairs, strict=True)}
    closed = {day: other for day, (_, other) in zip(days, pairs, strict=True)}
    chart = draw_days(make_buckets(days, opened, closed))
    floor = chart.ticks[0][0]
    ends = [0.0]
    for _, one, other in chart.bars:
        for bar in (one, other):
            assert bar.x >= ends[-1] - 0.02
            assert bar.y >= 0
            assert math.isclose(bar.y + bar.height, floor, abs_tol=0.02)
            ends.append(bar.x + bar.width)
    assert ends[-1] <= chart.width + 0.02
    assert len(chart.names) <= 10


def test_rows_of_bars_leave_room_for_names_and_numbers() -> None:
    chart = draw_rows(
        [("外滩街道第一网格与更长的名字再长一些", "a", 40), ("b", "b", 0), ("c", "c", 20)]
    )
    assert [bar.width / chart.rows[0][3].width for *_, bar in chart.rows] == [1, 0, 0.5]
    assert chart.rows[0][0].endswith("…")
    for _, _, _, bar in chart.rows:
        assert bar.x + bar.width <= chart.width - 60
    assert draw_rows([]).rows == ()


@given(st.text(max_size=60), st.integers(2, 40))
def test_names_are_cut_to_their_room(name: str, room: int) -> None:
    cut = shorten(name, room)
    assert measure(cut) <= max(room, 2)
    assert cut == name if measure(name) <= room else name.startswith(cut[:-1])


def test_the_largest_come_first_and_the_rest_is_summed() -> None:
    counted: dict[str | None, int] = {"b": 2, "a": 2, None: 2, "c": 5, "d": 1}
    assert top(counted, 3) == ([("c", 5), ("a", 2), ("b", 2)], 3)
    assert top({}, 3) == ([], 0)


@given(st.lists(st.integers(1, 99), max_size=60))
def test_colour_classes_rise_and_reach_the_largest(values: list[int]) -> None:
    limits = quantile_limits(values)
    assert list(limits) == sorted(set(limits))
    assert len(limits) <= 5
    assert (limits[-1:] or (0,))[0] == max(values, default=0)


def test_answers_are_kept_for_a_minute() -> None:
    recent: Recent[int] = Recent()
    made = iter(range(10**6))
    at = datetime(2026, 3, 2, tzinfo=UTC)

    def ask(name: object, seconds: float) -> int:
        return recent.get(name, at + timedelta(seconds=seconds), lambda: next(made))

    assert [ask("a", 0), ask("a", 59.9), ask("b", 59.9), ask("a", 60)] == [0, 0, 1, 2]
    assert ask("a", -5) == 3  # A clock that was set back makes nothing older than it is.
    for number in range(MOST):
        ask(number, 0)
    assert ask("a", 0) > MOST
