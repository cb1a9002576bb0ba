"""Walking through the queue: which lane and filter, and from where on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from api.cases.waiting import Lane
from api.errors import InvalidError
from api.principal import Principal
from api.schemas.types import GridCode, Id, Label, decode_cursor, encode_cursor
from api.store.review_queue import Place, Wanted
from api.web.forms import OrNone, PageForm

UNLABELLED: Final = "none"
"""In the place of a label: cases without one."""
LANE_NAMES: Final[Mapping[Lane, tuple[str, str]]] = {
    "review": ("待审核", "To review"),
    "dispatch": ("待派遣", "To dispatch"),
    "handling": ("处理中", "Being handled"),
    "check": ("待核查", "To check"),
}
CursorText = Annotated[str, Field(max_length=400, pattern=r"^[A-Za-z0-9_-]*$")]


@dataclass(frozen=True, slots=True)
class Walk:
    """A lane, as one operator goes through it."""

    lane: Lane
    label: str | None = None
    grid: str | None = None

    def wanted(self, principal: Principal) -> Wanted:
        """Return which cases those are, among those that a key sees."""
        return Wanted(
            lane=self.lane,
            grids=principal.grids,
            label=None if self.label == UNLABELLED else self.label,
            unlabelled=self.label == UNLABELLED,
            grid_prefix=self.grid,
        )

    def query(self, **more: str | None) -> str:
        """Return it as the query of an address, with more parts; None is left out."""
        parts = {"lane": self.lane, "label": self.label, "grid": self.grid, **more}
        return "?" + urlencode({name: part for name, part in parts.items() if part})

    def elsewhere(self, lane: Lane) -> "Walk":
        """Return the same filter in another lane."""
        return replace(self, lane=lane)


class WalkQuery(BaseModel):
    """How a page's address names a walk; a name too many is no reason to show nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    lane: OrNone[Lane] = None
    label: OrNone[Label] = None
    grid: OrNone[GridCode] = None
    done: OrNone[Id] = None
    """The case that was decided a moment ago."""

    def walk(self, lane: Lane) -> Walk:
        """Return the walk, in a lane where none is named."""
        return Walk(self.lane or lane, self.label, self.grid)


class WalkForm(PageForm):
    """A decision within a walk: where to go on afterwards."""

    lane: OrNone[Lane] = None
    only_label: OrNone[Label] = None
    only_grid: OrNone[GridCode] = None
    after: OrNone[CursorText] = None
    then: OrNone[str] = Field(default=None, max_length=8)
    """`stay`, or the next case opens."""

    @property
    def walk(self) -> Walk | None:
        """The walk; None: the case was opened from elsewhere."""
        if self.lane is None:
            return None
        return Walk(self.lane, self.only_label, self.only_grid)


def write_place(place: Place) -> str:
    """Return a place as part of an address."""
    deadline = "" if place.deadline is None else place.deadline.isoformat()
    return encode_cursor(
        [place.now.isoformat(), deadline, place.priority, place.opened_at.isoformat(), place.id]
    )


def parse_place(cursor: str) -> Place:
    """Return the place that an address names.

    Raises:
        InvalidError: It names none.
    """
    now, deadline, priority, opened_at, case_id = decode_cursor(cursor, (str, str, int, str, str))
    try:
        return Place(
            _parse_time(now),
            _parse_time(deadline) if deadline else None,
            max(-(2**31), min(2**31 - 1, priority)),  # As wide as the column
            _parse_time(opened_at),
            case_id,
        )
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "bad_cursor", "This page of the queue is gone.", "Begin at its first page."
        ) from error


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
