"""The ledger as people leaf through it: words, deadlines, pages in both directions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import union as union_of

from api.cases.case import Case
from api.cases.waiting import deadline_of
from api.store.case_list import (
    ORDERS,
    CaseFilter,
    CaseOrder,
    conditions_of,
    stands_behind,
)
from api.store.cases import COLUMNS
from api.store.deadlines import MAY_RUN, awaited
from api.store.tables import case_reports, cases, reports

_NUMBER: Final = re.compile(r"\d{4}-\d{6,}")
_NUMBER_BEGUN: Final = re.compile(r"\d{4}-\d{0,5}")
"""Or a house's number."""
_COUNT: Final = re.compile(r"\d{1,6}")
"""What people say of a number such as 2026-000123: 123."""
COUNT_DIGITS: Final = 6

Place = tuple[Any, ...]
"""Where a case stands in an order: what it is sorted by, and its id."""


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for in the ledger."""

    wanted: CaseFilter
    text: str | None = None
    """A number or how it begins, or words of the address or of a reporter's note."""
    order: CaseOrder = "newest"
    """`due`: only cases whose deadline runs, the one that ends first at the top."""
    running: bool = False
    """Only cases whose deadline runs."""


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some rows of the ledger, in order."""

    cases: tuple[Case, ...]
    before: Place | None
    """Where the page before this ends; None: this is the first."""
    after: Place | None
    """Where the next begins; None: this is the last."""
    found: int
    """Cases on all pages, counted no further than asked."""


def turn_page(
    connection: Connection,
    search: Search,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = 50,
    count_to: int = 0,
) -> CasePage:
    """Return the page behind a place, or the one before it, or the first.

    Args:
        connection: In a transaction.
        search: What is looked for.
        after: The place of the last row of the page that was left forward.
        before: The place of the first row of the page that was left backward.
        limit: At most so many rows.
        count_to: Count the cases of all pages, no further than this.
    """
    part = _Part(limit + 1, count_to)
    if after is None and before is not None:
        found, count = _read(connection, search, before, replace(part, backward=True))
        if len(found) > limit:
            rows = found[:limit][::-1]
            ends = place_of(rows[0], search.order), place_of(rows[-1], search.order)
            return CasePage(rows, *ends, count)
        # Nothing stands before these: the first page, whole.
    found, count = _read(connection, search, after, part)
    rows = found[:limit]
    if not rows and after is not None and count_to:  # No row carries the count.
        count = count_found(connection, search, count_to)
    return CasePage(
        rows,
        None if after is None or not rows else place_of(rows[0], search.order),
        place_of(rows[-1], search.order) if len(found) > limit else None,
        count,
    )


def count_found(connection: Connection, search: Search, most: int) -> int:
    """Return how many cases are found, counting up to `most` and no further."""
    return int(connection.execute(_count(_conditions(search), most)).scalar_one())


def place_of(one: Case, order: CaseOrder) -> Place:
    """Return a case's place in an order."""
    if order == "due":
        return (deadline_of(one), one.id)
    return tuple(getattr(one, column.key) for column, _ in ORDERS[order])


_DUE: Final = ((awaited, False), (cases.c.id, False))
PLACE_KINDS: Final[Mapping[CaseOrder, tuple[type, ...]]] = {
    "newest": (datetime, str),
    "oldest": (datetime, str),
    "priority": (int, datetime, str),
    "due": (datetime, str),
}
"""What places are made of."""


@dataclass(frozen=True, slots=True)
class _Part:
    limit: int
    count_to: int
    backward: bool = False


def _read(
    connection: Connection, search: Search, place: Place | None, part: _Part
) -> tuple[tuple[Case, ...], int]:
    """Return the rows behind a place, and how many cases there are on all pages."""
    columns: Sequence[tuple[Any, bool]] = _DUE if search.order == "due" else ORDERS[search.order]
    if part.backward:
        columns = [(column, not falling) for column, falling in columns]
    conditions = _conditions(search)
    # In one statement, so that a search for words reads the ledger through once, not twice.
    count = _count(conditions, part.count_to).scalar_subquery() if part.count_to else literal(0)
    statement = select(*COLUMNS, count.label("found_cases")).where(*conditions)
    if place is not None:
        statement = statement.where(stands_behind(columns, place))
    ordered = statement.order_by(
        *(column.desc() if falling else column.asc() for column, falling in columns)
    )
    rows = [dict(row._mapping) for row in connection.execute(ordered.limit(part.limit))]
    counts = [row.pop("found_cases") for row in rows]
    return tuple(Case(**row) for row in rows), counts[0] if counts else 0


def _count(conditions: Sequence[ColumnElement[bool]], most: int) -> Select[int]:
    inner = select(cases.c.id).where(*conditions).limit(most).subquery()
    return select(func.count()).select_from(inner)


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    conditions = conditions_of(search.wanted)
    if search.running or search.order == "due":
        conditions += [MAY_RUN, awaited.is_not(None)]
    if search.text is not None:
        conditions.append(_matches(search.text))
    return conditions


def _matches(text: str) -> ColumnElement[bool]:
    if _NUMBER.fullmatch(text):
        return cases.c.number.startswith(text, autoescape=True)
    # Named, so that the database works it out once for a statement, however often it stands there.
    found = cases.c.id.in_(select(_containing(text).cte("with_text").c.id))
    if _NUMBER_BEGUN.fullmatch(text):
        return or_(cases.c.number.startswith(text, autoescape=True), found)
    return found


def _containing(text: str) -> CompoundSelect[Any]:
    """Return the query for the cases in which a text stands, capital letters or not.

    No index: a column of 50,000 addresses and one of notes are read through in the time that the
    page takes anyway (benchmarks/README.md, console_pages).
    """
    words = _stands_in(cases.c.address, text)
    if _COUNT.fullmatch(text):
        words = or_(words, cases.c.number.endswith(f"-{text.zfill(COUNT_DIGITS)}"))
    # The notes first, then their cases: SQLite would go the other way, a look-up for each report.
    noted = select(reports.c.id).where(_stands_in(reports.c.note, text))
    by_note = select(case_reports.c.case_id.label("id")).where(case_reports.c.report_id.in_(noted))
    return union_of(select(cases.c.id).where(words), by_note)


def _stands_in(column: Column[str | None], text: str) -> ColumnElement[bool]:
    if text.lower() == text.upper():  # Chinese: nothing to fold, and less work.
        return column.contains(text, autoescape=True)
    return column.icontains(text, autoescape=True)
