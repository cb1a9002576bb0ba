"""Durable scoring jobs: one row for each report whose photo waits to be scored.

A job is claimed for a while; who has not finished by then loses it to the next, and the claim's
number, which only grows, tells the late one that it is no longer theirs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, delete, insert, or_, select, update

from api.store.tables import jobs

LONGEST_WAIT: Final = timedelta(minutes=30)
"""No job waits longer: one that seems to was postponed before the clock jumped back. The longest
hold is that of `score_timeout_s` at its most (600 s), the longest pause as long."""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that is ours for now."""

    report_id: str
    attempts: int
    """This one included."""
    claim: int


def insert_job(connection: Connection, report_id: str, at: datetime, run_at: datetime) -> None:
    """Add a report's job.

    Args:
        connection: In a transaction that writes.
        report_id: The report, which has none yet.
        at: Now.
        run_at: Not to be claimed before: later than now when the upload itself tries first.
    """
    connection.execute(insert(jobs).values(report_id=report_id, created_at=at, run_at=run_at))


def claim_jobs(
    connection: Connection, now: datetime, until: datetime, n: int
) -> tuple[ClaimedJob, ...]:
    """Take the jobs that are due, longest due first; two runners never get the same one.

    Args:
        connection: In a transaction that writes.
        now: The time.
        until: From then on others may take what is not finished; at most LONGEST_WAIT away.
        n: At most so many.
    """
    c = jobs.c
    due = (
        select(c.report_id)
        .where(or_(c.run_at <= now, c.run_at > now + LONGEST_WAIT))
        .order_by(c.run_at, c.report_id)
        .limit(n)
    )
    if connection.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    first = due.cte("first")
    rows = connection.execute(
        update(jobs)
        .where(c.report_id == first.c.report_id)
        .values(run_at=min(until, now + LONGEST_WAIT), attempts=c.attempts + 1, claim=c.claim + 1)
        .returning(c.report_id, c.attempts, c.claim, c.created_at)
    ).all()
    rows = sorted(rows, key=lambda row: (row.created_at, row.report_id))
    return tuple(ClaimedJob(row.report_id, row.attempts, row.claim) for row in rows)


def claim_job(
    connection: Connection, report_id: str, now: datetime, until: datetime
) -> ClaimedJob | None:
    """Take one report's job if it is due, as `claim_jobs` does.

    Returns:
        None: it is not due, another runner has it, or it is finished.
    """
    c = jobs.c
    row = connection.execute(
        update(jobs)
        .where(c.report_id == report_id)
        .where(or_(c.run_at <= now, c.run_at > now + LONGEST_WAIT))
        .values(run_at=min(until, now + LONGEST_WAIT), attempts=c.attempts + 1, claim=c.claim + 1)
        .returning(c.report_id, c.attempts, c.claim)
    ).one_or_none()
    return None if row is None else ClaimedJob(row.report_id, row.attempts, row.claim)


def finish_job(connection: Connection, report_id: str, claim: int) -> bool:
    """Delete a job that is done, in the transaction that writes what came out of it.

    Returns:
        False: another has it or it is finished already; roll the transaction back.
    """
    c = jobs.c
    row = connection.execute(
        delete(jobs).where(c.report_id == report_id, c.claim == claim).returning(c.report_id)
    )
    return row.first() is not None


def postpone_job(
    connection: Connection,
    report_id: str,
    claim: int,
    run_at: datetime,
    error: str | None,
    *,
    tried: bool = True,
) -> bool:
    """Give a job back, to be tried again later.

    Args:
        connection: In a transaction that writes.
        report_id: Its report.
        claim: As it was claimed.
        run_at: Not to be claimed before; at most LONGEST_WAIT from now.
        error: Why, or None (the server stops, and it was not the photo's fault).
        tried: False: nobody got to it, so it does not count as an attempt.

    Returns:
        False: another has it or it is finished.
    """
    c = jobs.c
    row = connection.execute(
        update(jobs)
        .where(c.report_id == report_id, c.claim == claim)
        .values(
            run_at=run_at,
            last_error=error,
            attempts=c.attempts if tried else case((c.attempts > 0, c.attempts - 1), else_=0),
        )
        .returning(c.report_id)
    )
    return row.first() is not None
