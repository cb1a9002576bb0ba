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
MOST_SITES: Final = 40
"""Lines of sites on the wall, which is drawn anew every 15 seconds; the others have pages."""


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
    """In use."""
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class SiteRows:
    """The building sites on the wall."""

    rows: tuple[SiteRow, ...]
    total: int
    """With those that are not shown."""


def gather_timeline(
    services: Services, connection: Connection, cameras: Sequence[Camera], over: DustRange
) -> Timeline:
    """Return when cameras saw dust, up to now."""
    window = _window(services, over)
    dust = list_dust(connection, cameras, window, services.rules.timezone)
    return lay_out(services, cameras, dust, window)


def gather_sites(services: Services, connection: Connection, cameras: Sequence[Camera]) -> SiteRows:
    """Return the last day of building sites, those with dust now first, then the dustiest."""
    window = _window(services, "day")
    by_site: dict[str, list[Camera]] = {}
    for one in cameras:
        if one.site:
            by_site.setdefault(one.site, []).append(one)
    every = [one for some in by_site.values() for one in some]
    sites = {one.id: site for site, some in by_site.items() for one in some}
    dust: dict[str, list[DustSpan]] = {site: [] for site in by_site}
    for seen in list_dust(connection, every, window, services.rules.timezone):
        dust[sites[seen.camera_id]].append(seen)
    seconds = {site: sum_seconds([one.span for one in own]) for site, own in dust.items()}
    now = {site for site, own in dust.items() if any(one.is_open for one in own)}
    order = sorted(by_site, key=lambda site: (site not in now, -seconds[site], site))
    return SiteRows(
        tuple(
            SiteRow(
                site,
                sum(one.retired_at is None for one in by_site[site]),
                lay_out(services, by_site[site], dust[site], window),
            )
            for site in order[:MOST_SITES]
        ),
        len(by_site),
    )


def lay_out(
    services: Services, cameras: Sequence[Camera], dust: Sequence[DustSpan], window: Span
) -> Timeline:
    """Return spans laid out in a window; a retired camera that saw nothing has no row."""
    timezone = services.rules.timezone
    spans = [one.span for one in dust]
    days = days_of(window, timezone)
    working = [Span(*ends) for day, _ in days for ends in services.calendar.spans(day)]
    by_camera: dict[str, list[DustSpan]] = {}
    for seen in dust:
        by_camera.setdefault(seen.camera_id, []).append(seen)
    rows = []
    for camera in cameras:
        own = by_camera.get(camera.id, [])
        if camera.retired_at is not None and not own:
            continue
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
