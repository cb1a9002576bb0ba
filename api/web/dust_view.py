"""When dust was seen on a building site, laid out on a line of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from api.cameras.camera import Camera
from api.cameras.dust import Span, cut_spans, days_of, seconds_by_day, sum_seconds
from api.services import Services
from api.store.site_dust import DustSpan, list_dust

DustRange = Literal["day", "week"]
RANGES: Final[dict[DustRange, timedelta]] = {
    "day": timedelta(hours=24),
    "week": timedelta(days=7),
}
TICK_HOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A span on the line, in shares of its length."""

    x: float
    width: float
    span: Span
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis."""

    x: float
    text: str
    is_day: bool
    """A day begins here."""


@dataclass(frozen=True, slots=True)
class DustRow:
    """What one camera saw."""

    camera: Camera
    bars: tuple[Bar, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """When dust was seen within a window."""

    window: Span
    rows: tuple[DustRow, ...]
    ticks: tuple[Tick, ...]
    working: tuple[Bar, ...]
    """The bureau's working hours."""
    days: tuple[tuple[date, float], ...]
    """Seconds with dust by local day; what several cameras saw at once counts once."""
    seconds: float
    is_open: bool
    """Dust is seen now."""


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A building site's line on the wall."""

    site: str
    cameras: int
    timeline: Timeline


def gather_timeline(
    services: Services, connection: Connection, cameras: Sequence[Camera], over: DustRange
) -> Timeline:
    """Return when cameras saw dust, up to now."""
    window = _window(services, over)
    dust = list_dust(connection, [one.id for one in cameras], window)
    return lay_out(services, cameras, dust, window)


def gather_sites(
    services: Services, connection: Connection, cameras: Sequence[Camera]
) -> tuple[SiteRow, ...]:
    """Return the last day of each building site among cameras, the dustiest first."""
    window = _window(services, "day")
    by_site: dict[str, list[Camera]] = {}
    for one in cameras:
        if one.site:
            by_site.setdefault(one.site, []).append(one)
    every = [one.id for some in by_site.values() for one in some]
    dust = list_dust(connection, every, window)
    rows = []
    for site, some in by_site.items():
        ids = {one.id for one in some}
        own = [one for one in dust if one.camera_id in ids]
        rows.append(SiteRow(site, len(some), lay_out(services, some, own, window)))
    return tuple(sorted(rows, key=lambda row: (-row.timeline.seconds, row.site)))


def lay_out(
    services: Services, cameras: Sequence[Camera], dust: Sequence[DustSpan], window: Span
) -> Timeline:
    """Return spans laid out in a window."""
    timezone = services.rules.timezone
    spans = [one.span for one in dust]
    days = days_of(window, timezone)
    working = [Span(*ends) for day, _ in days for ends in services.calendar.spans(day)]
    rows = []
    for camera in cameras:
        own = [one for one in dust if one.camera_id == camera.id]
        bars = tuple(_bar(one.span, window, is_open=one.is_open) for one in own)
        rows.append(DustRow(camera, bars, sum_seconds([one.span for one in own])))
    return Timeline(
        window=window,
        rows=tuple(rows),
        ticks=_ticks(services, window),
        working=tuple(_bar(one, window) for one in cut_spans(working, window)),
        days=seconds_by_day(spans, window, timezone),
        seconds=sum_seconds(spans),
        is_open=any(one.is_open for one in dust),
    )


def _window(services: Services, over: DustRange) -> Span:
    now = services.clock()
    return Span(now - RANGES[over], now)


def _bar(span: Span, window: Span, *, is_open: bool = False) -> Bar:
    x = _share(span.start, window)
    return Bar(x, _share(span.end, window) - x, span, is_open)


def _share(at: datetime, window: Span) -> float:
    return (at - window.start) / (window.end - window.start)


def _ticks(services: Services, window: Span) -> tuple[Tick, ...]:
    """Return a mark every three hours of one day, or at each midnight of several."""
    timezone = services.rules.timezone
    short = window.seconds <= timedelta(days=2).total_seconds()
    ticks = []
    for day, _ in days_of(window, timezone):
        for hour in range(0, 24, TICK_HOURS if short else 24):
            at = datetime(day.year, day.month, day.day, hour, tzinfo=timezone)
            if window.start <= at <= window.end:
                text = f"{at:%H:%M}" if short and hour else f"{at:%m-%d}"
                ticks.append(Tick(_share(at, window), text, hour == 0))
    return tuple(ticks)
