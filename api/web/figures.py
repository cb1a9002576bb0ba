"""From counts to what is shown: shares, medians, bars. Pure; SVG is drawn by templates."""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

FEW: Final = 20
"""A share of fewer judgements says little: of 20, 95 % intervals are some 40 points wide."""
Z_95: Final = 1.959964
"""Normal quantile of a two-sided 95 % interval."""
MOST_DAILY: Final = 100
"""Days that are still told apart as bars; longer spans are drawn by week."""
WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with a Wilson interval of 95 %."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None: of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def few(self) -> bool:
        """Whether it rests on too little to be relied on."""
        return self.whole < FEW

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the share of many more would lie, in 95 of 100 cases (Wilson's score interval)."""
        if not self.whole:
            return None
        n, share, square = self.whole, self.part / self.whole, Z_95**2
        middle = (share + square / (2 * n)) / (1 + square / n)
        half = Z_95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        # At the ends the exact borders are 0 and 1; rounding must not leave them just inside.
        return (0.0 if self.part == 0 else low, 1.0 if self.part == n else high)


def quantile(counts: Iterable[tuple[int, int]], share: float) -> int | None:
    """Return the smallest value that so large a share does not exceed (nearest rank).

    Args:
        counts: Pairs of a value and how often it occurs, in any order.
        share: In (0, 1]; 0.5 is the median.

    Returns:
        One of the values; None: there are none.
    """
    ordered = sorted(counts)
    whole = sum(count for _, count in ordered)
    # Shares such as 0.9 are no binary fractions: 0.9 * 10 must be rank 9, not 10.
    rank = max(1, math.ceil(round(share * whole, 6)))
    seen = 0
    for value, count in ordered:
        seen += count
        if seen >= rank:
            return value
    return None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day, or a week, of a chart."""

    first: date
    last: date
    opened: int
    closed: int


def make_buckets(
    days: Sequence[date], opened: Mapping[date, int], closed: Mapping[date, int]
) -> tuple[Bucket, ...]:
    """Return what happened on each day, days without anything among them.

    Long spans come by week, from Monday; the first and last week may be cut by the span.
    """
    if len(days) <= MOST_DAILY:
        return tuple(Bucket(day, day, opened.get(day, 0), closed.get(day, 0)) for day in days)
    weeks: dict[date, list[date]] = {}
    for day in days:
        weeks.setdefault(day - timedelta(days=day.weekday()), []).append(day)
    return tuple(
        Bucket(
            week[0],
            week[-1],
            sum(opened.get(day, 0) for day in week),
            sum(closed.get(day, 0) for day in week),
        )
        for week in weeks.values()
    )


def top(counts: Mapping[str | None, int], most: int) -> tuple[list[tuple[str | None, int]], int]:
    """Return the largest counts, and the sum of the others.

    Equals stand in the order of their names; what has no name stands last among them.
    """
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0] is None, one[0] or ""))
    return ordered[:most], sum(count for _, count in ordered[most:])


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale of a chart: from 0 in equal, round steps."""

    ticks: tuple[int, ...]

    @property
    def end(self) -> int:
        """The largest tick."""
        return self.ticks[-1]


def make_axis(largest: int, steps: int = 4) -> Axis:
    """Return a scale of at most so many steps of 1, 2 or 5 times a power of ten."""
    least = max(1, math.ceil(largest / steps))
    power = 10 ** (len(str(least)) - 1)
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
    return Axis(tuple(step * number for number in range(max(1, math.ceil(largest / step)) + 1)))


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in units of its chart."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DayChart:
    """Bars by day, opened and closed side by side."""

    width: int
    height: int
    ticks: tuple[tuple[float, int], ...]
    """Lines across: y, and the number beside it."""
    names: tuple[tuple[float, date], ...]
    """Days under the axis: x of their middle."""
    bars: tuple[tuple[Bucket, Bar, Bar], ...]


LEFT: Final = 44
BOTTOM: Final = 24
TOP: Final = 10
MOST_NAMES: Final = 10


def draw_days(buckets: Sequence[Bucket], width: int = 960, height: int = 230) -> DayChart:
    """Lay out a chart of days, in px of its view box."""
    axis = make_axis(max((max(one.opened, one.closed) for one in buckets), default=0))
    floor, slot = height - BOTTOM, (width - LEFT) / max(1, len(buckets))
    scale, bar = (floor - TOP) / axis.end, slot * 0.4

    def stand(number: int, count: int, side: int) -> Bar:
        tall = count * scale
        x = LEFT + slot * (number + 0.1) + side * bar
        return Bar(round(x, 2), round(floor - tall, 2), round(bar, 2), round(tall, 2))

    every = math.ceil(len(buckets) / MOST_NAMES)
    return DayChart(
        width,
        height,
        tuple((round(floor - tick * scale, 2), tick) for tick in axis.ticks),
        tuple(
            (round(LEFT + slot * (number + 0.5), 2), one.first)
            for number, one in enumerate(buckets)
            if number % every == 0
        ),
        tuple(
            (one, stand(number, one.opened, 0), stand(number, one.closed, 1))
            for number, one in enumerate(buckets)
        ),
    )


@dataclass(frozen=True, slots=True)
class RowChart:
    """Bars from left to right, one under the other."""

    width: int
    height: int
    start: int
    """Where bars begin: names stand left of it."""
    rows: tuple[tuple[str, str, int, Bar], ...]
    """Name as far as there is room, kind (a CSS class), count, bar."""


ROW: Final = 26
SIGN: Final = 7.6
"""Width of a letter of 13 px; Chinese signs take 13 px, which is less than two."""


def draw_rows(rows: Sequence[tuple[str, str, int]], width: int = 560) -> RowChart:
    """Lay out bars for (name, kind, count), in px of the view box."""
    names = [shorten(name) for name, _, _ in rows]
    start = math.ceil(SIGN * max((measure(name) for name in names), default=0)) + 12
    largest = max((count for _, _, count in rows), default=0) or 1
    room = width - start - 64  # The number stands behind the bar.
    return RowChart(
        width,
        ROW * len(rows) + 6,
        start,
        tuple(
            (
                names[number],
                kind,
                count,
                Bar(start, ROW * number + 5, round(count / largest * room, 2), ROW - 8),
            )
            for number, (_, kind, count) in enumerate(rows)
        ),
    )


def measure(name: str) -> int:
    """Return how many half widths a name takes: Chinese signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in name)


def shorten(name: str, room: int = 28) -> str:
    """Return as much of a name as has room, in half widths."""
    if measure(name) <= room:
        return name
    kept = name
    while measure(kept) >= room:  # One is for the dots.
        kept = kept[:-1]
    return f"{kept}…"


def quantile_limits(counts: Sequence[int], classes: int = 5) -> tuple[int, ...]:
    """Return the largest count of each colour class, rising; fewer where counts are alike."""
    ones = [(count, 1) for count in counts]
    limits = (quantile(ones, (number + 1) / classes) for number in range(classes))
    return tuple(sorted({limit for limit in limits if limit is not None}))
