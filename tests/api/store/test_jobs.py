"""Durable scoring jobs: claimed by one runner at a time, lost by none."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from api.ids import new_id
from api.store.database import Database
from api.store.jobs import (
    LONGEST_WAIT,
    claim_job,
    claim_jobs,
    finish_job,
    insert_job,
    postpone_job,
)
from api.store.tables import jobs, reports

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def _later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _add(connection: Connection, run_at: datetime = NOW) -> str:
    report_id = new_id()
    connection.execute(
        reports.insert().values(id=report_id, received_at=NOW, source="citizen", state="waiting")
    )
    insert_job(connection, report_id, NOW, run_at)
    return report_id


def test_due_jobs_are_claimed_longest_due_first(database: Database) -> None:
    with database.write() as connection:
        late = _add(connection, _later(-5))
        early = _add(connection, _later(-10))
        _add(connection, _later(1))
        claimed = claim_jobs(connection, NOW, _later(60), 1)
        assert [(one.report_id, one.attempts, one.claim) for one in claimed] == [(early, 1, 1)]
        assert [one.report_id for one in claim_jobs(connection, NOW, _later(60), 9)] == [late]
        assert claim_jobs(connection, NOW, _later(60), 9) == ()


def test_a_claim_that_ran_out_passes_on(database: Database) -> None:
    with database.write() as connection:
        report_id = _add(connection)
        (first,) = claim_jobs(connection, NOW, _later(60), 9)
        (second,) = claim_jobs(connection, _later(60), _later(120), 9)
        assert (second.report_id, second.attempts) == (report_id, 2)
        assert not finish_job(connection, report_id, first.claim)
        assert not postpone_job(connection, report_id, first.claim, NOW, "late")
        assert finish_job(connection, report_id, second.claim)
        assert not finish_job(connection, report_id, second.claim)
        assert connection.execute(select(jobs)).all() == []


def test_a_postponed_job_comes_back_then(database: Database) -> None:
    with database.write() as connection:
        report_id = _add(connection)
        (job,) = claim_jobs(connection, NOW, _later(60), 9)
        assert postpone_job(connection, report_id, job.claim, _later(30), "worker died")
        assert claim_jobs(connection, _later(29), _later(60), 9) == ()
        (again,) = claim_jobs(connection, _later(30), _later(60), 9)
        assert (again.attempts, again.claim) == (2, 2)
        assert connection.execute(select(jobs.c.last_error)).scalar_one() == "worker died"


def test_one_job_is_claimed_by_name(database: Database) -> None:
    with database.write() as connection:
        mine, other = _add(connection), _add(connection)
        job = claim_job(connection, mine, NOW, _later(60))
        assert job is not None
        assert (job.report_id, job.attempts) == (mine, 1)
        assert claim_job(connection, mine, NOW, _later(60)) is None
        assert claim_job(connection, "nobody", NOW, _later(60)) is None
        assert [one.report_id for one in claim_jobs(connection, NOW, _later(60), 9)] == [other]


def test_a_clock_that_jumped_back_delays_no_job_for_long(database: Database) -> None:
    with database.write() as connection:
        report_id = _add(connection, NOW + LONGEST_WAIT + timedelta(seconds=1))
        assert [one.report_id for one in claim_jobs(connection, NOW, _later(60), 9)] == [report_id]


def test_racing_runners_get_different_jobs(database: Database) -> None:
    with database.write() as connection:
        wanted = {_add(connection) for _ in range(120)}
    start = threading.Barrier(8)
    got: list[list[str]] = [[] for _ in range(8)]
    failures: list[BaseException] = []

    def run(i: int) -> None:
        start.wait()
        try:
            while True:
                with database.write() as connection:
                    claimed = claim_jobs(connection, NOW, _later(60), 3)
                if not claimed:
                    return
                got[i].extend(one.report_id for one in claimed)
                with database.write() as connection:
                    assert all(finish_job(connection, one.report_id, one.claim) for one in claimed)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    every = [one for lot in got for one in lot]
    assert len(every) == len(set(every))
    # A runner that meets only rows which others hold sees nothing and stops; they finish theirs.
    assert set(every) == wanted
