"""The figures as CSV: a line for each, so that every tool can sort them out."""

import csv
import io
from collections.abc import Iterator

from api.web.cells import BYTE_ORDER_MARK, guard_cell
from api.web.figures import Share
from api.web.shown import Showing
from api.web.statistics_judged import OUTCOME_NAMES, Judged
from api.web.statistics_view import CountFigure, Counts

Line = tuple[str, str, str, str | int]
"""Figure, item, measure, value."""


def write_figures(counts: Counts, judged: Judged, showing: Showing) -> str:
    """Return the file's text."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    lines = csv.writer(out, lineterminator="\r\n")
    t = showing.choose
    lines.writerow(
        [t("统计项", "figure"), t("对象", "item"), t("指标", "measure"), t("数值", "value")]
    )
    for figure, item, measure, value in (*_counts(counts, showing), *_judged(judged, showing)):
        lines.writerow([figure, guard_cell(item), measure, value])
    return out.getvalue()


def _counts(counts: Counts, showing: Showing) -> Iterator[Line]:
    t = showing.choose
    opened, closed = t("新增", "opened"), t("结案", "closed")
    for tile in counts.tiles:
        yield t("合计", "totals"), tile.name, t("件数", "cases"), tile.count
    for day in counts.days:
        bucket = day.bucket
        item = f"{bucket.first}" if bucket.first == bucket.last else f"{bucket.first}/{bucket.last}"
        yield t("按日", "by day"), item, opened, bucket.opened
        yield t("按日", "by day"), item, closed, bucket.closed
    figures: tuple[tuple[str, CountFigure], ...] = (
        (t("按类别", "by label"), counts.labels),
        (t("按来源", "by source"), counts.sources),
        (t("按网格", "by grid cell"), counts.cells),
    )
    for name, figure in figures:
        for row in figure.rows:
            yield name, row.name, opened, row.opened
            if row.closed is not None:
                yield name, row.name, closed, row.closed
    yield from _share(
        t("重复上报", "duplicates"), "", t("并入已有案件", "joined a case"), counts.joined, showing
    )


def _judged(judged: Judged, showing: Showing) -> Iterator[Line]:
    t = showing.choose
    everything = t("全部", "all")
    handling = t("处置时长", "handling time")
    for row, name in (
        *((row, showing.label_name(row.label)) for row in judged.handling),
        (judged.handling_all, everything),
    ):
        yield handling, name, t("件数", "cases"), row.cases
        yield handling, name, t("中位数（分钟）", "median, minutes"), _number(row.median_min)
        yield handling, name, t("九成不超过（分钟）", "90 %, minutes"), _number(row.ninth_min)
        yield from _share(handling, name, t("按期", "in time"), row.in_time, showing)
    look = judged.first_look
    first = t("首次查看", "first look")
    yield first, "", t("件数", "cases"), look.cases
    yield first, "", t("中位数（分钟）", "median, minutes"), _number(look.median_min)
    yield first, "", t("九成不超过（分钟）", "90 %, minutes"), _number(look.ninth_min)
    yield first, "", t("尚未查看", "not looked at yet"), look.waiting
    for due, name in (
        *((row, showing.label_name(row.label)) for row in judged.due),
        (judged.due_all, everything),
    ):
        yield from _share(t("超时率", "overdue rate"), name, t("超时", "late"), due.late, showing)
    for one in judged.precision:
        figure, name = t("模型查准", "model precision"), showing.label_name(one.label)
        yield from _share(figure, name, t("判对", "right"), one.right, showing)
        low, high = one.right.interval or (None, None)
        yield figure, name, t("95 % 下限", "95 % from"), _decimal(low)
        yield figure, name, t("95 % 上限", "95 % to"), _decimal(high)
        yield figure, name, t("人工补框", "added by people"), one.added
    for word in judged.words:
        name = showing.label_name(word.label)
        yield from _share(t("市民意见", "citizens"), name, t("说对", "right"), word.right, showing)
    names = {outcome: t(zh, en) for outcome, zh, en in OUTCOME_NAMES}
    for outcome, share in judged.checks:
        figure = t("结案核查", "closing checks")
        yield from _share(figure, names[outcome], t("次数", "checks"), share, showing)


def _share(figure: str, item: str, measure: str, share: Share, showing: Showing) -> Iterator[Line]:
    yield figure, item, measure, share.part
    yield figure, item, f"{measure} / {showing.choose('总数', 'of')}", share.whole
    yield figure, item, f"{measure} / {showing.choose('比例', 'share')}", _decimal(share.value)


def _number(value: int | None) -> str | int:
    return "" if value is None else value


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
