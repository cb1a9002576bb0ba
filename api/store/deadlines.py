"""The deadline that a case waits for, in SQL: what `api.cases.waiting` says of one case."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, or_

from api.cases.waiting import HANDLED_BY, REVIEWED_BY
from api.store.tables import cases

_REVIEWED: Final = cases.c.state.in_(sorted(REVIEWED_BY))
_HANDLED: Final = cases.c.state.in_(sorted(HANDLED_BY))

awaited: Final[ColumnElement[Any]] = case(
    (_REVIEWED, cases.c.review_due_at), (_HANDLED, cases.c.due_at)
)
"""`deadline_of`."""
MAY_RUN: Final[ColumnElement[bool]] = cases.c.state.in_(sorted(REVIEWED_BY | HANDLED_BY))
"""States in which a deadline runs, if the case has one."""


def overdue_at(now: datetime) -> ColumnElement[bool]:
    """Return `is_overdue`; spelt out by states, so that indexes on them can be used."""
    review = and_(_REVIEWED, cases.c.review_due_at < now)
    handling = and_(_HANDLED, cases.c.due_at < now)
    return or_(review, handling)
