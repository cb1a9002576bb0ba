"""The queue: order, expiry, fencing, parking; the same on both databases."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from api.store.database import Database
from api.store.leases import (
    LONGEST_WAIT_S,
    Hold,
    Leased,
    LeaseRequest,
    ack,
    any_ready,
    extend,
    lease,
    nack,
)
from api.store.queue import (
    depths,
    list_parked,
    park,
    put_work,
    remove_work,
    unpark,
)
from api.store.tables import work_items

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ASK = LeaseRequest(states=("dispatched",), n=10, seconds=60, key_id="k", now=NOW, tries=3)
AddCase = Callable[..., str]


def _later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def put(add_case: AddCase) -> Callable[..., str]:
    """Write a case and put it into the queue; with `case_id` put it there again."""

    def put(connection: Connection, case_id: str | None = None, **values: Any) -> str:
        case_id = case_id or add_case(connection)
        work: dict[str, Any] = {
            "state": "dispatched",
            "label": "overflowing_bin",
            "grid_code": None,
            "priority": 0,
            "since": NOW,
            "at": NOW,
        }
        put_work(connection, case_id=case_id, **work | values)
        return case_id

    return put


Put = Callable[..., str]


def _hold(leased: Leased) -> Hold:
    return Hold(leased.case_id, leased.lease_token)


def _ids(leased: tuple[Leased, ...]) -> list[str]:
    return [one.case_id for one in leased]


def test_priority_then_age_then_id(database: Database, put: Put) -> None:
    with database.write() as connection:
        old, new, third = sorted(put(connection) for _ in range(3))
        put(connection, new, since=NOW, priority=1)
        put(connection, old, since=_later(-60), priority=1)
        put(connection, third, since=_later(60), priority=9)
        twins = sorted(put(connection, since=_later(-90)) for _ in range(3))
        assert _ids(lease(connection, ASK).leased) == [third, old, new, *twins]
        assert lease(connection, ASK).leased == ()


def test_several_states_are_one_order(database: Database, put: Put) -> None:
    with database.write() as connection:
        low = put(connection, state="collected", priority=1)
        high = put(connection, state="dispatched", priority=3)
        middle = put(connection, state="sent_back", priority=2)
        put(connection, state="filed", priority=9)
        ask = replace(ASK, states=("collected", "dispatched", "sent_back"), n=2)
        assert _ids(lease(connection, ask).leased) == [high, middle]
        assert _ids(lease(connection, ask).leased) == [low]


def test_labels_and_grids_narrow_it(database: Database, put: Put) -> None:
    with database.write() as connection:
        bin_ = put(connection, label="overflowing_bin", grid_code="3101_1")
        dust = put(connection, label="site_dust", grid_code="3101_2")
        bare = put(connection, label=None, grid_code="31019")
        put(connection, label="overflowing_bin", grid_code=None)

        def found(**asked: Any) -> set[str]:
            request = replace(ASK, **asked)
            connection.execute(text("SAVEPOINT try"))
            ready = any_ready(connection, request)
            ids = set(_ids(lease(connection, request).leased))
            assert ready == bool(ids)
            connection.execute(text("ROLLBACK TO SAVEPOINT try"))
            return ids

        assert found(labels=("site_dust", None)) == {dust, bare}
        assert found(labels=(None,)) == {bare}
        assert found(grids=("3101",)) == {bin_, dust, bare}
        assert found(grids=("3101_1", "31019")) == {bin_, bare}  # "_" is no wildcard.
        assert found(grids=("3101_",), grid="3101_2") == {dust}
        assert found(grids=("32",)) == set()
        assert len(found()) == 4


def test_a_lease_that_ran_out_goes_to_the_next_and_fences_the_first(
    database: Database, put: Put
) -> None:
    with database.write() as connection:
        case_id = put(connection)
        (first,) = lease(connection, ASK).leased
        assert first.leased_until == _later(60)
        assert first.attempts == 1
        assert lease(connection, replace(ASK, now=_later(59))).leased == ()
        (second,) = lease(connection, replace(ASK, now=_later(60), key_id="other")).leased
        assert second.case_id == case_id
        assert second.lease_token > first.lease_token
        assert second.attempts == 2
        for settle in (
            ack(connection, [_hold(first)], key_id="k", now=NOW),
            nack(connection, [_hold(first)], key_id="k", now=NOW, pause_s=0, error=None),
            extend(connection, [_hold(first)], key_id="k", now=NOW, seconds=60),
            ack(connection, [_hold(second)], key_id="k", now=NOW),  # Another key's lease.
        ):
            assert settle == (False,)
        assert ack(connection, [_hold(second)], key_id="other", now=_later(61)) == (True,)


def test_a_lease_that_ran_out_counts_while_nobody_else_has_it(database: Database, put: Put) -> None:
    with database.write() as connection:
        put(connection)
        (leased,) = lease(connection, ASK).leased
        late = _later(500)
        assert ack(connection, [_hold(leased)], key_id="k", now=late) == (True,)
        assert ack(connection, [_hold(leased)], key_id="k", now=late) == (True,)  # Again is fine.
        assert lease(connection, replace(ASK, now=_later(5000))).leased == ()
        again = nack(connection, [_hold(leased)], key_id="k", now=late, pause_s=0, error=None)
        assert again == (False,)  # What is taken is not given back.


def test_a_new_state_is_work_anew_and_the_same_state_is_not(database: Database, put: Put) -> None:
    with database.write() as connection:
        case_id = put(connection)
        (leased,) = lease(connection, ASK).leased
        put(connection, case_id, priority=7, label="site_dust")
        assert lease(connection, ASK).leased == ()
        assert ack(connection, [_hold(leased)], key_id="k", now=NOW) == (True,)
        put(connection, case_id, priority=8)
        assert lease(connection, ASK).leased == ()
        put(connection, case_id, state="handled")
        (fresh,) = lease(connection, replace(ASK, states=("handled",))).leased
        assert fresh.attempts == 1
        assert fresh.lease_token > leased.lease_token
        put(connection, case_id, state="dispatched")
        assert ack(connection, [_hold(fresh)], key_id="k", now=NOW) == (False,)


def test_a_case_that_left_and_came_back_does_not_know_old_tokens(
    database: Database, put: Put
) -> None:
    with database.write() as connection:
        case_id = put(connection)
        (first,) = lease(connection, ASK).leased
        remove_work(connection, case_id)
        remove_work(connection, case_id)
        assert ack(connection, [_hold(first)], key_id="k", now=NOW) == (False,)
        put(connection, case_id, at=_later(1))
        (second,) = lease(connection, replace(ASK, now=_later(1))).leased
        assert second.lease_token > first.lease_token
        assert ack(connection, [_hold(first)], key_id="k", now=NOW) == (False,)


def test_nack_pauses_and_says_why(database: Database, put: Put) -> None:
    with database.write() as connection:
        put(connection)
        (leased,) = lease(connection, ASK).leased
        hold = [_hold(leased)]
        assert nack(connection, hold, key_id="k", now=NOW, pause_s=30, error="timeout") == (True,)
        assert ack(connection, hold, key_id="k", now=NOW) == (False,)
        assert [one.standing for one in depths(connection, NOW)] == ["paused"]
        assert lease(connection, replace(ASK, now=_later(29))).leased == ()
        (again,) = lease(connection, replace(ASK, now=_later(30))).leased
        assert again.last_error == "timeout"


def test_extend_holds_it_longer(database: Database, put: Put) -> None:
    with database.write() as connection:
        put(connection)
        (leased,) = lease(connection, ASK).leased
        held = extend(connection, [_hold(leased)], key_id="k", now=_later(50), seconds=60)
        assert held == (True,)
        assert lease(connection, replace(ASK, now=_later(109))).leased == ()
        assert len(lease(connection, replace(ASK, now=_later(110))).leased) == 1


def test_a_batch_answers_item_by_item(database: Database, put: Put) -> None:
    with database.write() as connection:
        for _ in range(100):
            put(connection)
        leased = lease(connection, replace(ASK, n=100)).leased
        assert len(leased) == 100
        holds = [_hold(one) for one in leased]
        holds[3] = replace(holds[3], lease_token=holds[3].lease_token - 1)
        holds[7] = Hold("nobody", holds[7].lease_token)
        good = ack(connection, [*holds, holds[0]], key_id="k", now=NOW)
        assert [i for i, one in enumerate(good) if not one] == [3, 7]
        assert len(good) == 101
        assert ack(connection, [], key_id="k", now=NOW) == ()
        taken = next(one for one in depths(connection, NOW) if one.standing == "taken")
        assert taken.count == 98


def test_poison_is_set_aside_and_the_others_still_come(database: Database, put: Put) -> None:
    with database.write() as connection:
        poison = put(connection, priority=9)
        good = [put(connection, since=_later(i)) for i in range(3)]
        for i in range(3):
            (leased,) = lease(connection, replace(ASK, n=1, now=_later(100 * i))).leased
            assert (leased.case_id, leased.attempts) == (poison, i + 1)
        lot = lease(connection, replace(ASK, n=2, now=_later(300)))
        assert _ids(lot.leased) == good[:2]
        assert _ids(lot.poison) == [poison]
        assert lot.poison[0].attempts == 3
        assert ack(connection, [_hold(leased)], key_id="k", now=_later(300)) == (False,)
        assert not park(connection, poison, at=_later(300), token=leased.lease_token)
        assert park(connection, poison, at=_later(300), token=lot.poison[0].lease_token)
        assert not park(connection, poison, at=_later(300))
        assert _ids(lease(connection, replace(ASK, now=_later(320))).leased) == good[2:]
        (parked,) = list_parked(connection, grids=(), after=None, limit=5)
        assert (parked.case_id, parked.attempts, parked.parked_at) == (poison, 3, _later(300))
        assert list_parked(connection, grids=("3",), after=None, limit=5) == ()
        assert list_parked(connection, grids=(), after=poison, limit=5) == ()
        assert unpark(connection, poison, at=_later(320))
        assert not unpark(connection, poison, at=_later(320))
        (leased,) = lease(connection, replace(ASK, now=_later(320))).leased
        assert (leased.case_id, leased.attempts) == (poison, 1)


def test_poison_that_nobody_parked_is_met_again(database: Database, put: Put) -> None:
    with database.write() as connection:
        poison = put(connection)
        once = replace(ASK, tries=1)
        assert len(lease(connection, once).leased) == 1
        assert _ids(lease(connection, replace(once, now=_later(100))).poison) == [poison]
        assert _ids(lease(connection, replace(once, now=_later(200))).poison) == [poison]


def test_a_clock_that_jumps_back_loses_nothing(database: Database, put: Put) -> None:
    with database.write() as connection:
        put(connection)
        (first,) = lease(connection, ASK).leased
        # A little back: the lease lasts longer than meant, and is still good.
        assert lease(connection, replace(ASK, now=_later(-600))).leased == ()
        # Further back than any lease lasts: it is from another time.
        back = _later(-LONGEST_WAIT_S - 61)
        (second,) = lease(connection, replace(ASK, now=back, key_id="other")).leased
        assert second.lease_token > first.lease_token
        assert ack(connection, [_hold(first)], key_id="k", now=back) == (False,)
        assert ack(connection, [_hold(second)], key_id="other", now=back) == (True,)


def test_depths_count_every_standing(database: Database, put: Put) -> None:
    with database.write() as connection:
        for i in range(5):
            put(connection, since=_later(-i), grid_code="A1" if i else "B1")
        put(connection, state="collected")
        lot = lease(connection, replace(ASK, n=3)).leased
        ack(connection, [_hold(lot[0])], key_id="k", now=NOW)
        nack(connection, [_hold(lot[1])], key_id="k", now=NOW, pause_s=60, error=None)
        park(connection, lot[2].case_id, at=NOW)
        lease(connection, replace(ASK, n=1))
        counted = {(one.state, one.standing): one.count for one in depths(connection, NOW)}
        assert counted == {("collected", "ready"): 1} | {
            ("dispatched", standing): 1
            for standing in ("leased", "parked", "paused", "ready", "taken")
        }
        ready = next(
            one
            for one in depths(connection, NOW)
            if (one.state, one.standing) == ("dispatched", "ready")
        )
        assert ready.oldest_since == NOW
        assert sum(one.count for one in depths(connection, NOW, ("A",))) == 4


@pytest.mark.parametrize("n", [1, 7])
def test_racing_consumers_get_different_cases(database: Database, put: Put, n: int) -> None:
    with database.write() as connection:
        for i in range(200):
            put(connection, priority=i % 3)
    start = threading.Barrier(20)
    lots: list[list[Leased]] = [[] for _ in range(20)]
    failures: list[BaseException] = []

    def consume(i: int) -> None:
        start.wait()
        until = time.monotonic() + 60
        try:
            while time.monotonic() < until:
                with database.write() as connection:
                    lot = lease(connection, replace(ASK, n=n, key_id=str(i))).leased
                lots[i].extend(lot)
                if not lot:
                    with database.read() as connection:
                        if not any_ready(connection, ASK):
                            return
                with database.write() as connection:
                    good = ack(connection, [_hold(one) for one in lot], key_id=str(i), now=NOW)
                assert all(good)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=consume, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    every = [one.case_id for lot in lots for one in lot]
    assert len(every) == len(set(every)) == 200
    with database.read() as connection:
        rows = connection.execute(select(work_items)).all()
    assert all(row.attempts == 1 and row.taken_at is not None for row in rows)
