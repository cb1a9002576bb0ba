"""How long cases take: from dispatch to closing, until the first look, past the deadline."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from api.store.case_list import conditions_of
from api.store.local_days import minutes_between
from api.store.statistics import Wanted, ended_within, opened_within
from api.store.tables import case_events, cases


@dataclass(frozen=True, slots=True)
class HandledCount:
    """Cases closed in the span that took equally long."""

    label: str | None
    minutes: int
    """Whole ones, from the last dispatch to the closing."""
    cases: int
    timed: int
    """Of them, those with a deadline."""
    in_time: int
    """Of those, the ones that were closed by then."""


@dataclass(frozen=True, slots=True)
class LookCount:
    """Cases opened in the span that were looked at equally soon."""

    minutes: int | None
    """Whole ones, from the opening until somebody verified or dismissed it; None: nobody has."""
    cases: int


@dataclass(frozen=True, slots=True)
class DueCount:
    """Cases whose deadline lay in the span, and has passed."""

    label: str | None
    cases: int
    late: int
    """Of them, those that ended after it, or have not ended."""


def count_handled(connection: Connection, wanted: Wanted) -> tuple[HandledCount, ...]:
    """Count the cases closed in the span by how long they took.

    From the last dispatch, as the deadline counts: of a case that was sent back, from when it was
    dispatched again; of a reopened one, from its newest round.
    """
    # A closed case cannot have been dispatched after its last closing, so the newest is the one.
    inner = (
        select(
            cases.c.label,
            cases.c.ended_at,
            cases.c.due_at,
            func.max(case_events.c.at).label("started_at"),
        )
        .join(case_events, _events("dispatch"))
        .where(*ended_within(wanted), cases.c.state.in_(("closed", "evaluated")))
        .group_by(cases.c.id)
        .subquery()
    )
    minutes = minutes_between(connection, inner.c.started_at, inner.c.ended_at).label("minutes")
    in_time = case((inner.c.ended_at <= inner.c.due_at, 1))
    rows = connection.execute(
        select(
            inner.c.label, minutes, func.count(), func.count(inner.c.due_at), func.count(in_time)
        )
        .group_by(inner.c.label, minutes)
        .order_by(minutes, inner.c.label)
    )
    return tuple(HandledCount(*row) for row in rows)


def count_first_looks(connection: Connection, wanted: Wanted) -> tuple[LookCount, ...]:
    """Count the cases opened in the span by how soon somebody verified or dismissed them.

    Cases that nobody had to look at (filed at once by the service, or merged unseen) are left out.
    """
    by_people = ~case_events.c.actor.startswith("system:")
    inner = (
        select(cases.c.opened_at, cases.c.state, func.min(case_events.c.at).label("seen_at"))
        .outerjoin(case_events, and_(_events("verify", "dismiss"), by_people))
        .where(*opened_within(wanted))
        .group_by(cases.c.id)
        .subquery()
    )
    minutes = minutes_between(connection, inner.c.opened_at, inner.c.seen_at).label("minutes")
    rows = connection.execute(
        select(minutes, func.count())
        .where(or_(inner.c.seen_at.is_not(None), inner.c.state == "collected"))
        .group_by(minutes)
    )
    counts = [LookCount(*row) for row in rows]
    return tuple(sorted(counts, key=lambda one: (one.minutes is None, one.minutes)))


def count_due(connection: Connection, wanted: Wanted, now: datetime) -> tuple[DueCount, ...]:
    """Count the cases whose handling deadline lay in the span and has passed, by label.

    Merged ones are left out: the case that they went into has a deadline of its own.
    """
    late = case((or_(cases.c.ended_at.is_(None), cases.c.ended_at > cases.c.due_at), 1))
    rows = connection.execute(
        select(cases.c.label, func.count(), func.count(late))
        .where(
            *conditions_of(wanted.filter()),
            cases.c.due_at >= wanted.span.start,
            cases.c.due_at < min(wanted.span.end, now),
            cases.c.state != "merged",
        )
        .group_by(cases.c.label)
        .order_by(cases.c.label)
    )
    return tuple(DueCount(*row) for row in rows)


def _events(*actions: str) -> ColumnElement[bool]:
    """Return the condition that joins such events to their cases."""
    return and_(case_events.c.case_id == cases.c.id, case_events.c.action.in_(actions))
