"""What the ledger's address says, and addresses that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from api.cases.case import Case, Source
from api.cases.states import MOVES, CaseState, MoveName, allowed_moves
from api.cases.waiting import deadline_of, is_overdue
from api.errors import InvalidError
from api.principal import Principal
from api.schemas.types import GridCode, Label, ShortText, decode_cursor, encode_cursor
from api.store.case_list import CaseFilter, CaseOrder
from api.store.case_search import PLACE_KINDS, Place, Search
from api.web.forms import OrNone

LEDGER: Final = "/console/ledger"
_CURSOR: Final = r"^[A-Za-z0-9_-]*$"

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(9998, 12, 31))]
"""A day of the bureau's calendar, far enough from the calendar's ends to be shifted to UTC."""
Token = Annotated[str, Field(max_length=400, pattern=_CURSOR)]


class LedgerFilter(BaseModel):
    """Which cases; a name that is unknown is a slip, not a filter that does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: OrNone[ShortText] = None
    state: Annotated[tuple[CaseState, ...], Field(max_length=20)] = ()
    label: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    unlabelled: bool = False
    grid: OrNone[GridCode] = None
    source: OrNone[Source] = None
    opened_from: OrNone[Day] = None
    opened_before: OrNone[Day] = None
    ended: OrNone[bool] = None
    overdue: bool = False
    order: CaseOrder = "newest"


class LedgerQuery(LedgerFilter):
    """Which page of them."""

    size: Literal["50", "100"] = "50"
    after: OrNone[Token] = None
    before: OrNone[Token] = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A case as the ledger shows it."""

    case: Case
    deadline: datetime | None
    overdue: bool
    moves: tuple[MoveName, ...]
    """That may be made with many at once."""


def make_search(
    query: LedgerFilter, *, now: datetime, timezone: ZoneInfo, grids: tuple[str, ...]
) -> Search:
    """Return what a query looks for.

    Args:
        query: As the address says.
        now: What is overdue is so at this time.
        timezone: The bureau's: where its days begin.
        grids: Prefixes that the asking key sees.
    """
    wanted = CaseFilter(
        states=query.state,
        labels=query.label,
        unlabelled=query.unlabelled,
        grid_prefix=query.grid,
        opened_from=_begin(query.opened_from, timezone),
        opened_before=_begin(query.opened_before, timezone),
        ended=query.ended,
        overdue_at=now if query.overdue else None,
        source=query.source,
        grids=grids,
    )
    return Search(wanted, None if query.q is None else query.q.strip(), query.order)


def describe_filter(query: LedgerFilter) -> dict[str, Any]:
    """Return a filter for the audit log, which can never be erased.

    What was searched for may be somebody's name: only that there was a search is kept.
    """
    said = query.model_dump(mode="json", exclude_defaults=True, exclude={"size", "after", "before"})
    return said | {"q": "…"} if "q" in said else said


def ledger_address(query: LedgerFilter, path: str = LEDGER, **changes: Any) -> str:
    """Return the address that says what a query says.

    Args:
        query: The filters; another page's place is never taken along.
        path: Of the page or the export.
        changes: What is to be said otherwise.
    """
    said = query.model_dump(mode="json", exclude_defaults=True, exclude={"after", "before"})
    pairs: list[tuple[str, str]] = []
    for name, value in (said | changes).items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None:
                pairs.append((name, _plain(one)))
    return f"{path}?{urlencode(pairs)}" if pairs else path


def show_rows(found: Sequence[Case], principal: Principal, now: datetime) -> tuple[LedgerRow, ...]:
    """Return cases as rows."""
    return tuple(_show_row(one, principal, now) for one in found)


def encode_place(place: Place | None) -> str | None:
    """Return a place as a page token."""
    if place is None:
        return None
    return encode_cursor(
        [part.isoformat() if isinstance(part, datetime) else part for part in place]
    )


def decode_place(token: str | None, order: CaseOrder) -> Place | None:
    """Return the place that a page token holds.

    Raises:
        InvalidError: It is not one of this order.
    """
    if token is None:
        return None
    kinds = PLACE_KINDS[order]
    parts = decode_cursor(token, [str if kind is datetime else kind for kind in kinds])
    return tuple(
        _read_time(part) if kind is datetime else part
        for part, kind in zip(parts, kinds, strict=True)
    )


def possible_moves(principal: Principal) -> tuple[MoveName, ...]:
    """Return the moves that somebody may make with many cases at once.

    A merge needs another case, so it is none of them.
    """
    return tuple(
        name for name, move in MOVES.items() if name != "merge" and principal.may(move.right)
    )


def _show_row(one: Case, principal: Principal, now: datetime) -> LedgerRow:
    deadline = deadline_of(one)
    mine = possible_moves(principal)
    moves = tuple(name for name in allowed_moves(one.state) if name in mine)
    return LedgerRow(one, deadline, is_overdue(one, now), moves)


def _begin(day: date | None, timezone: ZoneInfo) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day, time.min, timezone).astimezone(UTC)


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _read_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no offset")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "bad_cursor", "This page token is not one of this list.", "Begin at the first page."
        ) from error
