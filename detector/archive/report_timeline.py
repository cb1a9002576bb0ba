"""The report's timeline: a row a camera and label, day by day, drawn as SVG in per cent.

Positions are attributes, not inline styles, which the page's content policy forbids.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from detector.archive.markup import escape, name_class, sort_labels
from detector.archive.report_words import Speech, show_clock
from detector.archive.timeline_facts import (
    Seen,
    Stretch,
    Strip,
    find_window,
    sort_by_day,
    sort_by_file,
    start_of,
)
from detector.camera.incident import Incident

STEPS_S: Final = (10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)
MOST_TICKS: Final = 12
MOST_ROWS: Final = 3000
"""Rows of cameras on one page: browsers draw so many at once without a wait."""
ALL_SHOWN: Final = 12
"""Up to so many cameras, those that saw nothing get a row as well."""
QUIET_NAMED: Final = 30
OPEN_DAYS: Final = 3
"""Up to so many days all are unfolded, else the last."""
LEVEL_PX: Final = 17
"""From a bar to the one that overlaps it."""
MOST_LEVELS: Final = 6
GAP: Final = 0.4
"""Per cent between two bars of one level: less looks like one bar."""
TEXT_SHARE: Final = 0.1
"""A state is written into its bar where the bar is so long a share of the axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of time with its ticks."""

    stretch: Stretch
    ticks: tuple[tuple[float, str], ...]
    """Where and what."""

    def place(self, stretch: Stretch) -> tuple[float, float] | None:
        """Return left edge and width in per cent; None: it lies outside."""
        start, end = self.stretch
        first, last = max(stretch[0], start), min(stretch[1], end)
        if first > last:
            return None
        return self.share(first), self.share(last) - self.share(first)

    def share(self, at_s: float) -> float:
        """Return where a moment lies, in per cent."""
        start, end = self.stretch
        return (at_s - start) / (end - start) * 100


class Timeline:
    """Draws strips, and counts its rows so that the page stays usable."""

    def __init__(self, speech: Speech) -> None:
        """Keep language and timezone."""
        self._say = speech
        self._rows = 0
        self.left_out = 0

    def days(self, seen: Seen) -> Iterator[str]:
        """Draw what has a known time, a part a day."""
        zone = self._say.timezone
        days = sort_by_day(seen, zone)
        window = find_window(days, zone)
        for number, day in enumerate(sorted(days)):
            shown = len(days) <= OPEN_DAYS or number == len(days) - 1
            yield f'<details class="day"{" open" if shown else ""}>'
            yield f"<summary>{self._say.day(day)}{self._sum_up(days[day].values())}</summary>"
            yield from self._draw(self._day_axis(day, window), days[day])
            yield "</details>"

    def files(self, seen: Seen) -> Iterator[str]:
        """Draw what has no known time: a strip a file, from its start."""
        strips = sort_by_file(seen)
        if not strips:
            return
        last = max((end for one in strips.values() for _, end in one.stretches()), default=0.0)
        step = _step(max(last, 60.0))
        end = max(step, -(-last // step) * step)
        ticks = tuple((at, show_clock(at)) for at in _range(0, end, step))
        yield from self._draw(Axis((0, end), ticks), strips)

    def _day_axis(self, day: date, window: Stretch) -> Axis:
        step, zone = _step(window[1] - window[0]), self._say.timezone
        first = -(-window[0] // step) * step
        ticks = []
        for after_s in _range(first, window[1], step):
            minutes = round(after_s) // 60
            text = f"{minutes // 60:02d}:{minutes % 60:02d}"
            if step < 60:
                text += f":{round(after_s) % 60:02d}"
            ticks.append((start_of(day, zone, after_s), text))
        return Axis((start_of(day, zone, window[0]), start_of(day, zone, window[1])), tuple(ticks))

    def _sum_up(self, strips: Iterable[Strip]) -> str:
        counts = Counter(one.label for strip in strips for _, one in strip.incidents)
        parts = [
            f'<span class="count {name_class(label)}"><i></i>{escape(self._say.label(label))} '
            f"<b>{counts[label]}</b></span>"
            for label in sort_labels(counts)
        ]
        nothing = f'<span class="count quiet">{self._say("day_nothing")}</span>'
        return " ".join(["", *(parts or [nothing])])

    def _draw(self, axis: Axis, strips: Mapping[str, Strip]) -> Iterator[str]:
        yield f'<div class="strips">{_draw_axis(axis)}'
        drawn = [one for _, one in sorted(strips.items())]
        quiet = [one.name for one in drawn if not one.eventful]
        if len(drawn) > ALL_SHOWN:
            drawn = [one for one in drawn if one.eventful]
        else:
            quiet = []
        for strip in drawn:
            if self._rows >= MOST_ROWS:
                self.left_out += 1
                continue
            self._rows += 1
            yield from self._strip(axis, strip)
        yield "</div>"
        if quiet:
            names = self._say.names(quiet, QUIET_NAMED)
            text = self._say("quiet", count=len(quiet), names=names)
            yield f'<p class="note quiet">{text}</p>'

    def _strip(self, axis: Axis, strip: Strip) -> Iterator[str]:
        name = escape(strip.name)
        yield '<div class="camera">'
        yield _lane(
            f"<b><bdi>{name}</bdi></b>",
            self._base(axis, strip),
            "base",
            f"{self._say('footage_head')}: {name}",
        )
        by_label: dict[str, list[tuple[int, Incident]]] = defaultdict(list)
        for number, one in sorted(strip.incidents, key=lambda pair: pair[1].started_s):
            by_label[one.label].append((number, one))
        for label in sort_labels(by_label):
            shown = escape(self._say.label(label))
            head = f"<i></i>{shown}<em>{len(by_label[label])}</em>"
            links, levels = self._links(axis, by_label[label])
            yield _lane(head, links, name_class(label), f"{name}: {shown}", levels)
        yield "</div>"

    def _base(self, axis: Axis, strip: Strip) -> Iterator[str]:
        """Draw when there is footage, and what of it shows nothing."""
        for stretch in strip.footage:
            if placed := axis.place(stretch):
                yield _bar(placed, "footage", "")
        for state in strip.states:
            if placed := axis.place(state.stretch):
                name = escape(self._say.state(state.state))
                length = self._say.duration(state.stretch[1] - state.stretch[0])
                yield _bar(placed, "trouble", f"{name}, {length}")
                if placed[1] >= TEXT_SHARE * 100:
                    x = placed[0] + placed[1] / 2
                    yield f'<text x="{x:.3f}%" y="15" text-anchor="middle">{name}</text>'

    def _links(
        self, axis: Axis, incidents: Sequence[tuple[int, Incident]]
    ) -> tuple[list[str], int]:
        """Draw bars, one under the other where they overlap; tell how many levels that took."""
        links, ends = [], [-GAP]
        for number, one in incidents:
            placed = axis.place((one.started_s, one.last_seen_s))
            if placed is None:
                continue
            free = (level for level, end in enumerate(ends) if end + GAP <= placed[0])
            level = next(free, min(len(ends), MOST_LEVELS - 1))
            if level == len(ends):
                ends.append(0.0)
            ends[level] = max(ends[level], placed[0] + placed[1])
            links.append(self._link(axis, number, one, placed, level))
        return links, len(ends)

    def _link(
        self, axis: Axis, number: int, one: Incident, placed: tuple[float, float], level: int
    ) -> str:
        if one.started_at is None or one.last_seen_at is None:
            when = f"{show_clock(one.started_s)}–{show_clock(one.last_seen_s)}"
        else:
            when = self._say.span(one.started_at, one.last_seen_at)
        title = escape(f"{self._say.label(one.label)} · {when} · {one.peak.score:.2f}")
        arrow = ""
        if one.state == "open" and one.last_seen_s <= axis.stretch[1]:
            title += f" · {self._say('open')}"
            x, y = placed[0] + placed[1], 15 + level * LEVEL_PX
            arrow = f'<text x="{x:.3f}%" dx="3" y="{y}" class="arrow" aria-hidden="true">▶</text>'
        return (
            f'<a href="#i{number}" data-card="i{number}" aria-label="{title}">'
            f"{_bar(placed, 'incident', title, level)}{arrow}</a>"
        )


def _draw_axis(axis: Axis) -> str:
    """Draw hours above the strips and a line from each through all of them."""
    lines, texts = [], []
    for number, (at, text) in enumerate(axis.ticks):
        x = axis.share(at)
        lines.append(f'<line x1="{x:.3f}%" x2="{x:.3f}%" y1="0" y2="100%"/>')
        anchor = "start" if x < 2 else "end" if x > 98 else "middle"
        odd = ' class="odd"' if number % 2 else ""
        texts.append(f'<text x="{x:.3f}%" y="13" text-anchor="{anchor}"{odd}>{text}</text>')
    return (
        f'<svg class="grid" aria-hidden="true">{"".join(lines)}</svg>'
        f'<div class="lane axis"><span class="name"></span><svg height="18" aria-hidden="true">'
        f"{''.join(texts)}</svg></div>"
    )


def _lane(head: str, bars: Iterable[str], kind: str, about: str, levels: int = 1) -> str:
    return (
        f'<div class="lane {kind}"><span class="name">{head}</span>'
        f'<svg height="{22 + (levels - 1) * LEVEL_PX}" role="group" aria-label="{about}">'
        f"{''.join(bars)}</svg></div>"
    )


def _bar(placed: tuple[float, float], kind: str, title: str, level: int = 0) -> str:
    words = f"<title>{title}</title>" if title else ""
    y = 5 + level * LEVEL_PX
    return (
        f'<rect class="{kind}" x="{placed[0]:.3f}%" y="{y}" width="{placed[1]:.3f}%" height="12"'
        f' rx="2">{words}</rect>'
    )


def _step(length_s: float) -> float:
    return next((one for one in STEPS_S if length_s / one <= MOST_TICKS), STEPS_S[-1])


def _range(first: float, last: float, step: float) -> Iterator[float]:
    for number in itertools.count():
        at = first + number * step
        if at > last + 1e-6:
            return
        yield at
