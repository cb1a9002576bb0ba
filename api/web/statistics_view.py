"""The statistics page: figures with their names and their ways into the ledger."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import Connection

from api.cases.grid import Grid
from api.store.statistics import (
    EndedCount,
    NowCount,
    OpenedCount,
    Wanted,
    count_by_cell,
    count_ended,
    count_now,
    count_opened,
)
from api.web.figures import Bucket, DayChart, RowChart, Share, draw_days, draw_rows, make_buckets
from api.web.figures import top as largest
from api.web.shown import Showing
from api.web.statistics_query import lead_to_ledger, lead_to_present

MOST_CELLS: Final = 20
K = TypeVar("K")
CLOSED: Final = frozenset({"closed", "evaluated"})


@dataclass(frozen=True, slots=True)
class Tile:
    """One total."""

    name: str
    count: int
    note: str
    address: str | None
    """Where the cases stand in the ledger; None: it has no such filter."""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class CountRow:
    """One bar, and its row of the table."""

    name: str
    kind: str
    """CSS class of the bar."""
    opened: int
    closed: int | None
    """None: not counted so."""
    address: str | None


@dataclass(frozen=True, slots=True)
class CountFigure:
    """Bars of one kind."""

    rows: tuple[CountRow, ...]
    chart: RowChart


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day, or a week, in the table."""

    bucket: Bucket
    address: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What the page shows at once."""

    tiles: tuple[Tile, ...]
    chart: DayChart
    days: tuple[DayRow, ...]
    by_week: bool
    labels: CountFigure
    sources: CountFigure
    cells: CountFigure
    joined: Share
    """Reports that joined a case that was there, of all reports of the cases opened."""


def gather_counts(connection: Connection, wanted: Wanted, grid: Grid, showing: Showing) -> Counts:
    """Count cases, and put words to the counts."""
    opened = count_opened(connection, wanted)
    ended = count_ended(connection, wanted)
    now = count_now(connection, wanted, showing.now)
    cells = count_by_cell(connection, wanted)
    closed = [one for one in ended if one.state in CLOSED]
    buckets = make_buckets(
        tuple(wanted.span.days()),
        _add((one.day, one.cases) for one in opened),
        _add((one.day, one.cases) for one in closed),
    )
    reports = sum(one.reports for one in opened)
    return Counts(
        tiles=_tiles(opened, ended, now, wanted, showing),
        chart=draw_days(buckets),
        days=tuple(
            DayRow(one, lead_to_ledger(wanted, first=one.first, last=one.last)) for one in buckets
        ),
        by_week=any(one.first != one.last for one in buckets),
        labels=_by_label(opened, closed, wanted, showing),
        sources=_by_source(opened, wanted, showing),
        cells=_by_cell(cells, wanted, grid, showing),
        joined=Share(reports - sum(one.led for one in opened), reports),
    )


def name_cells(grid: Grid) -> Callable[[str], str]:
    """Return a function that shows a grid cell's code with its name, where it has one."""
    names = {cell.code: cell.name for cell in grid.cells}

    def name(code: str) -> str:
        known = names.get(code)
        return f"{code} {known}" if known else code

    return name


def label_rank(label: str | None, showing: Showing) -> tuple[bool, int, str]:
    """Return by what labels are sorted: the rules' order, others behind them, none at last."""
    known = list(showing.rules.events)
    return label is None, known.index(label) if label in known else len(known), label or ""


def _tiles(
    opened: Iterable[OpenedCount],
    ended: Iterable[EndedCount],
    now: NowCount,
    wanted: Wanted,
    showing: Showing,
) -> tuple[Tile, ...]:
    t = showing.choose
    states = _add(("closed" if one.state in CLOSED else one.state, one.cases) for one in ended)
    span = t("时段内", "in the span")
    new = sum(one.cases for one in opened)
    merged = states.get("merged", 0)
    note = t("另有 {} 件并入其他案件", "{} more were merged into others").format(merged)
    present = t("截至此刻，不限新增时间", "at this moment, whenever they were opened")
    return (
        Tile(t("新增案件", "Opened"), new, span, lead_to_ledger(wanted)),
        Tile(t("结案", "Closed"), states.get("closed", 0), note if merged else span, None),
        Tile(t("注销", "Dismissed"), states.get("dismissed", 0), span, None),
        Tile(t("在办", "Open now"), now.open, present, lead_to_present(wanted, ended=False)),
        Tile(
            t("超时", "Overdue now"),
            now.overdue,
            present,
            lead_to_present(wanted, overdue=True),
            bad=now.overdue > 0,
        ),
    )


def _by_label(
    opened: Iterable[OpenedCount], closed: Iterable[EndedCount], wanted: Wanted, showing: Showing
) -> CountFigure:
    new = _add((one.label, one.cases) for one in opened)
    done = _add((one.label, one.cases) for one in closed)
    return _figure(
        CountRow(
            showing.label_name(label),
            f"bar-{label or 'none'}",
            new.get(label, 0),
            done.get(label, 0),
            lead_to_ledger(wanted, label=label),
        )
        for label in sorted({*new, *done}, key=lambda one: label_rank(one, showing))
    )


def _by_source(opened: Iterable[OpenedCount], wanted: Wanted, showing: Showing) -> CountFigure:
    counts = _add((one.source, one.cases) for one in opened)
    return _figure(
        CountRow(
            showing.source_name(source),
            "bar-plain",
            count,
            None,
            lead_to_ledger(wanted, source=source),
        )
        for source, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def _by_cell(
    counts: Mapping[str | None, int], wanted: Wanted, grid: Grid, showing: Showing
) -> CountFigure:
    name = name_cells(grid)
    shown, rest = largest(counts, MOST_CELLS)
    rows = [
        CountRow(
            showing.choose("不在任何网格", "in no cell") if code is None else name(code),
            "bar-plain",
            count,
            None,
            None if code is None else lead_to_ledger(wanted, grid=code),
        )
        for code, count in shown
    ]
    if rest:
        others = showing.choose("其余 {} 个网格", "{} other cells").format(len(counts) - len(shown))
        rows.append(CountRow(others, "bar-rest", rest, None, None))
    return _figure(rows)


def _figure(rows: Iterable[CountRow]) -> CountFigure:
    kept = tuple(rows)
    return CountFigure(kept, draw_rows([(one.name, one.kind, one.opened) for one in kept]))


def _add(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    sums: dict[K, int] = {}
    for key, count in pairs:
        sums[key] = sums.get(key, 0) + count
    return sums
