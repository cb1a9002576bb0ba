"""What the address of the statistics says, and addresses that say the same."""

from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from api.cases.rules import Rules
from api.cases.spans import DaySpan, last_days, make_span, month_before, month_of
from api.principal import Principal
from api.schemas.types import GridCode, Label
from api.store.statistics import Wanted
from api.web.forms import OrNone
from api.web.ledger_query import LedgerFilter, ledger_address

STATISTICS: Final = "/console/statistics"

SpanName = Literal["7", "30", "90", "month", "last_month", "dates"]
SPAN_NAMES: Final[tuple[tuple[SpanName, str, str], ...]] = (
    ("7", "近 7 天", "last 7 days"),
    ("30", "近 30 天", "last 30 days"),
    ("90", "近 90 天", "last 90 days"),
    ("month", "本月", "this month"),
    ("last_month", "上月", "last month"),
    ("dates", "自选日期", "from … to …"),
)


DAYS_BEFORE: Final = 29
"""From the first day to the last where only the last is named: 30 days."""


class StatisticsQuery(BaseModel):
    """Of which days, label and grid cells."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    span: SpanName = "30"
    first: OrNone[date] = Field(default=None, alias="from")
    """With `dates` alone."""
    last: OrNone[date] = Field(default=None, alias="to")
    label: OrNone[Label] = None
    grid: OrNone[GridCode] = None

    def address(self, path: str = "") -> str:
        """Return the address that says this, below that of the page."""
        said = self.model_dump(mode="json", exclude_none=True, by_alias=True)
        return f"{STATISTICS}{path}?{urlencode(said)}"


def choose_span(query: StatisticsQuery, rules: Rules, now: datetime) -> DaySpan:
    """Return the days that are asked for, in the bureau's calendar.

    Raises:
        InvalidError: The dates make no span.
    """
    timezone = rules.timezone
    today = now.astimezone(timezone).date()
    if query.span == "month":
        return month_of(today, timezone)
    if query.span == "last_month":
        return month_before(today, timezone)
    if query.span == "dates":
        last = query.last or today
        first = date.fromordinal(max(1, last.toordinal() - DAYS_BEFORE))
        return make_span(query.first or first, last, timezone)
    return last_days(int(query.span), today, timezone)


def choose_wanted(
    query: StatisticsQuery, rules: Rules, principal: Principal, now: datetime
) -> Wanted:
    """Return which cases are counted: what is asked for, as far as the key sees it."""
    return Wanted(choose_span(query, rules, now), query.label, query.grid, principal.grids)


def lead_to_ledger(
    wanted: Wanted, *, first: date | None = None, last: date | None = None, **filters: Any
) -> str:
    """Return the address of the ledger's rows behind a figure of opened cases.

    Args:
        wanted: The page's filters, which hold there, too.
        first: Of fewer days than the span's.
        last: Of them, itself among them.
        filters: More of the ledger's, such as source or another label.
    """
    days = {
        "opened_from": first or wanted.span.first,
        "opened_before": (last or wanted.span.last) + timedelta(days=1),
    }
    return _ledger(wanted, days | filters)


def lead_to_present(wanted: Wanted, **filters: Any) -> str:
    """Return the address of the ledger's rows whenever they were opened."""
    return _ledger(wanted, filters)


def _ledger(wanted: Wanted, filters: dict[str, Any]) -> str:
    if "label" in filters:
        label = filters.pop("label")
        filters |= {"unlabelled": True} if label is None else {"label": (label,)}
    elif wanted.label is not None:
        filters["label"] = (wanted.label,)
    filters.setdefault("grid", wanted.grid_prefix)
    return ledger_address(LedgerFilter.model_construct(**filters))
