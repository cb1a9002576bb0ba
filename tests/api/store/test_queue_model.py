"""The queue against a plain-Python model of it, under made-up sequences of events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, delete

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
from api.store.queue import depths, list_parked, park, put_work, remove_work, unpark
from api.store.tables import cases, metadata, work_items

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TRIES = 2
CASES = tuple(f"case-{i}" for i in range(5))
STATES = ("collected", "dispatched")
KEYS = ("k1", "k2")


@dataclass
class Item:
    """What the model remembers of a case in the queue."""

    state: str
    priority: int
    since: datetime
    available_at: datetime
    holder: tuple[str, int] | None = None
    """Key and token."""
    attempts: int = 0
    taken: bool = False
    parked: bool = False

    def is_ready(self, now: datetime) -> bool:
        waits = now < self.available_at <= now + timedelta(seconds=LONGEST_WAIT_S)
        return not (self.taken or self.parked or waits)


SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class QueueMachine(RuleBasedStateMachine):
    """Each rule does the same to the queue and to the model, and compares."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.model: dict[str, Item] = {}
        self.handed: list[tuple[str, Leased]] = []
        self.largest: dict[str, int] = {}
        with self.database.write() as connection:
            connection.execute(delete(work_items))

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self.database.write() as connection:
            yield connection

    @rule(
        case_id=st.sampled_from(CASES),
        state=st.sampled_from(STATES),
        priority=st.integers(0, 2),
        age=st.integers(0, 2),
    )
    def put(self, case_id: str, state: str, priority: int, age: int) -> None:
        since = START - timedelta(hours=age)
        with self._write() as connection:
            put_work(
                connection,
                case_id=case_id,
                state=state,
                label=None,
                grid_code=None,
                priority=priority,
                since=since,
                at=self.now,
            )
        item = self.model.get(case_id)
        if item is None or item.state != state:
            self.model[case_id] = Item(state, priority, since, SINCE_EVER)
        else:
            item.priority, item.since = priority, since

    @rule(case_id=st.sampled_from(CASES))
    def remove(self, case_id: str) -> None:
        with self._write() as connection:
            remove_work(connection, case_id)
        self.model.pop(case_id, None)
        self.now += timedelta(milliseconds=50)  # Tokens start at the millisecond.

    @rule(seconds=st.integers(-7200, 7200))
    def move_clock(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(
        n=st.integers(1, 4),
        states=st.sets(st.sampled_from(STATES), min_size=1),
        key=st.sampled_from(KEYS),
        seconds=st.integers(10, 60),
    )
    def lease(self, n: int, states: set[str], key: str, seconds: int) -> None:
        request = LeaseRequest(tuple(states), n, seconds, key, self.now, TRIES)
        ready = sorted(
            (-item.priority, item.since, case_id)
            for case_id, item in self.model.items()
            if item.state in states and item.is_ready(self.now)
        )
        with self._write() as connection:
            assert any_ready(connection, request) == bool(ready)
            lot = lease(connection, request)
        expected: list[str] = []
        poison: list[str] = []
        for _, _, case_id in ready:
            if len(expected) == n:
                break
            worn = self.model[case_id].attempts >= TRIES
            (poison if worn else expected).append(case_id)
        assert [one.case_id for one in lot.leased] == expected
        # It may have looked at poison beyond the last one it handed out, never at less.
        assert {one.case_id for one in lot.poison} >= set(poison)
        for one in lot.poison:
            item = self.model[one.case_id]
            assert item.attempts >= TRIES and item.is_ready(self.now)
            item.holder, item.available_at = None, self.now + timedelta(seconds=60)
            self._check_token(one)
        for one in lot.leased:
            item = self.model[one.case_id]
            item.attempts += 1
            item.holder = (key, one.lease_token)
            item.available_at = self.now + timedelta(seconds=seconds)
            assert (one.leased_until, one.attempts) == (item.available_at, item.attempts)
            self._check_token(one)
            self.handed.append((key, one))

    def _check_token(self, one: Leased) -> None:
        # Grows for as long as the case stays; a clock that jumps back may only lower the start
        # of a case that left and came back, and never to a token that is held.
        known = [held.lease_token for _, held in self.handed if held.case_id == one.case_id]
        assert one.lease_token not in known

    @rule(data=st.data(), how=st.sampled_from(("ack", "nack", "extend")), wrong_key=st.booleans())
    def settle(self, data: st.DataObject, how: str, wrong_key: bool) -> None:
        if not self.handed:
            return
        chosen = data.draw(st.lists(st.sampled_from(self.handed), min_size=1, max_size=4))
        key = chosen[0][0] if not wrong_key else "stranger"
        holds = [Hold(one.case_id, one.lease_token) for _, one in chosen]
        good_before = [self._is_held(hold, key, how) for hold in holds]
        with self._write() as connection:
            common: dict[str, Any] = {"key_id": key, "now": self.now}
            if how == "ack":
                good = ack(connection, holds, **common)
            elif how == "nack":
                good = nack(connection, holds, pause_s=30, error="no", **common)
            else:
                good = extend(connection, holds, seconds=45, **common)
        assert list(good) == good_before
        for hold, was_good in zip(holds, good, strict=True):
            if not was_good:
                continue
            item = self.model[hold.case_id]
            if how == "ack":
                item.taken = True
            elif how == "nack":
                item.holder, item.available_at = None, self.now + timedelta(seconds=30)
            else:
                item.available_at = self.now + timedelta(seconds=45)

    def _is_held(self, hold: Hold, key: str, how: str) -> bool:
        item = self.model.get(hold.case_id)
        if item is None or item.parked or (item.taken and how != "ack"):
            return False
        return item.holder == (key, hold.lease_token)

    @rule(case_id=st.sampled_from(CASES))
    def park(self, case_id: str) -> None:
        with self._write() as connection:
            parked = park(connection, case_id, at=self.now)
        item = self.model.get(case_id)
        assert parked == (item is not None and not item.taken and not item.parked)
        if parked and item is not None:
            item.parked, item.holder = True, None

    @rule(case_id=st.sampled_from(CASES))
    def unpark(self, case_id: str) -> None:
        with self._write() as connection:
            unparked = unpark(connection, case_id, at=self.now)
        item = self.model.get(case_id)
        assert unparked == (item is not None and item.parked)
        if unparked and item is not None:
            item.parked, item.attempts, item.available_at = False, 0, self.now

    @invariant()
    def every_case_is_somewhere(self) -> None:
        with self.database.read() as connection:
            counted = depths(connection, self.now)
            parked = list_parked(connection, grids=(), after=None, limit=99)
        assert sum(one.count for one in counted) == len(self.model)
        ready = sum(one.count for one in counted if one.standing == "ready")
        assert ready == sum(item.is_ready(self.now) for item in self.model.values())
        assert [one.case_id for one in parked] == sorted(
            case_id for case_id, item in self.model.items() if item.parked
        )


def _run(database: Database, examples: int, steps: int) -> None:
    with database.write() as connection:
        for i, case_id in enumerate(CASES):
            connection.execute(
                cases.insert().values(
                    id=case_id,
                    number=str(i),
                    state="collected",
                    source="citizen",
                    priority=0,
                    reports_count=1,
                    reporters_count=1,
                    opened_at=START,
                    state_since=START,
                    version=1,
                )
            )
    machine = type("Machine", (QueueMachine,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_queue_behaves_as_its_model(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    metadata.create_all(database.engine)
    _run(database, examples=60, steps=40)
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_queue_behaves_as_its_model_on_postgresql(database: Database) -> None:
    _run(database, examples=12, steps=25)
