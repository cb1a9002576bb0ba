"""What the wall shows: the cameras that a visitor sees, the troubled ones first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from sqlalchemy import Connection

from api.cameras.camera import Camera, CameraPlace, noticed_since, state_at, state_since
from api.cameras.incidents import see_cases
from api.cameras.watching import find_cameras
from api.principal import Principal
from api.services import Services
from api.store.incidents import Incident
from api.store.service_requests import find_cases_of
from api.store.site_dust import count_open, frame_times, open_incidents

WallState = Literal[
    "live", "frozen", "black", "blurred", "moved", "offline", "never", "trouble", "retired"
]
STATES: Final[tuple[WallState, ...]] = (
    *("frozen", "black", "blurred", "moved", "offline", "never", "live"),
)
"""As they are counted at the top; `never`: it was never heard of."""
QUIET: Final = frozenset({"live", "never"})
PAGE_CAMERAS: Final = 60


@dataclass(frozen=True, slots=True)
class WallFilter:
    """Which cameras are wanted; None and empty: all."""

    place: CameraPlace | None = None
    site: str | None = None
    state: WallState | None = None
    words: str | None = None
    """Part of a code, a name or a site."""
    by_site: bool = False
    """Group the tiles by site."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class ShownIncident:
    """What a camera saw, and the cases it speaks for that the visitor may see."""

    incident: Incident
    case_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One camera on the wall."""

    camera: Camera
    state: str
    since: datetime | None
    noticed_at: datetime | None
    """When that could first be seen."""
    frame_at: datetime | None
    open_count: int
    incidents: tuple[ShownIncident, ...] = ()

    @property
    def is_troubled(self) -> bool:
        """Tell whether its picture cannot be believed."""
        return self.state not in QUIET


@dataclass(frozen=True, slots=True)
class Wall:
    """One page of the wall."""

    tiles: tuple[Tile, ...]
    groups: tuple[tuple[str, tuple[Tile, ...]], ...]
    """The same by site, if that was asked for; else all in one."""
    counts: Mapping[str, int]
    """By state, over all cameras but for the filter of states."""
    sites: tuple[str, ...]
    """Names to choose from."""
    on_sites: tuple[Camera, ...]
    """All of the building sites that occur on any page, whatever their state, retired ones too."""
    total: int
    page: int
    pages: int


def gather_wall(services: Services, principal: Principal, wanted: WallFilter) -> Wall:
    """Return a page of the wall; one beyond the last is the last."""
    everything = find_cameras(services, principal, retired=True)
    now = services.clock()
    used = [one for one in everything if one.retired_at is None]
    sites = tuple(sorted({one.site for one in used if one.site}))
    pool = used if wanted.state != "retired" else [one for one in everything if one.retired_at]
    fitting = [one for one in pool if _fits(one, wanted)]
    counts: dict[str, int] = dict.fromkeys(STATES, 0)
    for one in fitting:
        counts[name_state(one, now)] += 1
    fitting = [one for one in fitting if _is_so(name_state(one, now), wanted.state)]
    pages = max(1, -(-len(fitting) // PAGE_CAMERAS))
    page = min(wanted.page, pages)
    with services.database.read() as connection:
        open_counts = count_open(connection)
        order = sorted(fitting, key=lambda one: _place_of(one, now, open_counts, wanted))
        shown = order[(page - 1) * PAGE_CAMERAS : page * PAGE_CAMERAS]
        tiles = make_tiles(connection, principal, shown, now)
    shown_sites = {one.site for one in fitting if one.site}
    on_sites = tuple(one for one in everything if one.site in shown_sites)
    return Wall(
        tiles,
        _group(tiles, by_site=wanted.by_site),
        counts,
        sites,
        on_sites,
        len(fitting),
        page,
        pages,
    )


def make_tiles(
    connection: Connection, principal: Principal, cameras: Sequence[Camera], now: datetime
) -> tuple[Tile, ...]:
    """Return tiles of cameras, in their order."""
    seen = open_incidents(connection, [one.id for one in cameras])
    every = [incident for some in seen.values() for incident in some]
    shown = {one.incident.id: one for one in add_cases(connection, principal, every)}
    frames = frame_times(connection, [one.frame_sha256 for one in cameras if one.frame_sha256])
    return tuple(
        Tile(
            camera=one,
            state=name_state(one, now),
            since=state_since(one, now),
            noticed_at=noticed_since(one, now),
            frame_at=frames.get(one.frame_sha256 or ""),
            open_count=len(seen.get(one.id, ())),
            incidents=tuple(shown[incident.id] for incident in seen.get(one.id, ())),
        )
        for one in cameras
    )


def add_cases(
    connection: Connection, principal: Principal, incidents: Sequence[Incident]
) -> tuple[ShownIncident, ...]:
    """Return incidents with those of their cases that a key sees."""
    report_ids = [one.report_id for one in incidents if one.report_id is not None]
    cases = find_cases_of(connection, report_ids)
    every = sorted({one for some in cases.values() for one in some})
    seen = frozenset(see_cases(connection, principal, every))
    return tuple(
        ShownIncident(
            one, tuple(case for case in cases.get(one.report_id or "", ()) if case in seen)
        )
        for one in incidents
    )


def name_state(camera: Camera, now: datetime) -> str:
    """Return a camera's state as the wall counts it."""
    return state_at(camera, now) or "never"


def _group(tiles: Sequence[Tile], *, by_site: bool) -> tuple[tuple[str, tuple[Tile, ...]], ...]:
    """Return tiles under their sites, which follow each other already."""
    named = groupby(tiles, key=lambda one: (one.camera.site or "") if by_site else "")
    return tuple((name, tuple(some)) for name, some in named)


def _fits(camera: Camera, wanted: WallFilter) -> bool:
    words = (wanted.words or "").strip().casefold()
    text = " ".join((camera.code, camera.name, camera.site or "")).casefold()
    return (
        (wanted.place is None or camera.place == wanted.place)
        and (wanted.site is None or camera.site == wanted.site)
        and words in text
    )


def _is_so(state: str, wanted: WallState | None) -> bool:
    if wanted in (None, "retired"):
        return True
    return state not in QUIET if wanted == "trouble" else state == wanted


def _place_of(
    camera: Camera, now: datetime, open_counts: Mapping[str, int], wanted: WallFilter
) -> tuple[bool, str, int, str]:
    """Return what a camera is sorted by: trouble, then incidents, then those never heard of."""
    state = name_state(camera, now)
    calm = 2 if state == "never" else 3
    rank = 0 if state not in QUIET else 1 if open_counts.get(camera.id) else calm
    group = (camera.site or "") if wanted.by_site else ""
    return (wanted.by_site and not group, group, rank, camera.code)
