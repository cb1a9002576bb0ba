"""The ledger's side of deliveries: the same on both databases."""

from datetime import timedelta

import pytest

from api.store.deliveries import (
    fail_delivery,
    find_due_webhooks,
    give_back_delivery,
    has_delivered_since,
    list_deliveries,
    postpone_delivery,
)
from api.store.outbox import forget_events, is_wanted, lies_within, record_event
from tests.api.conftest import MONDAY_MORNING as NOW
from tests.api.delivery.conftest import Ledger

CLAIM = timedelta(seconds=120)
OPENED = "cn.street-issues.case.opened"


def test_an_event_goes_to_those_that_want_it(ledger: Ledger) -> None:
    everything = ledger.subscribe()
    cases_only = ledger.subscribe(("cn.street-issues.case",))
    one_grid = ledger.subscribe((), ("3101",))
    one_type = ledger.subscribe((OPENED,), ("3101",))
    opened = ledger.tell("cases/1", OPENED, "310101")
    received = ledger.tell("reports/1", "cn.street-issues.report.received", None)
    elsewhere = ledger.tell("cases/2", OPENED, "3202")
    told = {
        name: [one.event_id for one in ledger.listed(webhook)]
        for name, webhook in {
            "all": everything,
            "cases": cases_only,
            "grid": one_grid,
            "type": one_type,
        }.items()
    }
    assert told == {
        "all": [opened, received, elsewhere],
        "cases": [opened, elsewhere],
        "grid": [opened],
        "type": [opened],
    }


def test_an_event_is_undone_with_its_transaction(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    with pytest.raises(RuntimeError, match="the case"), ledger.database.write() as connection:
        record_event(connection, type=OPENED, subject="cases/1", grid_code=None, at=NOW, data={})
        raise RuntimeError("the case could not be written")
    assert ledger.listed(webhook) == []


def test_types_match_by_whole_parts() -> None:
    assert is_wanted((), OPENED)
    assert is_wanted(("cn.street-issues",), OPENED)
    assert is_wanted(("x", "cn.street-issues.case.opened"), OPENED)
    assert not is_wanted(("cn.street-issues.case.open",), OPENED)
    assert not is_wanted(("cn.street-issues.case.opened.x",), OPENED)


def test_no_cell_lies_within_no_prefix() -> None:
    assert lies_within((), None)
    assert not lies_within(("31",), None)
    assert lies_within(("32", "31"), "3101")


def test_events_of_one_subject_wait_for_each_other(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    first, second = ledger.tell("cases/1"), ledger.tell("cases/1")
    other = ledger.tell("cases/2")
    taken = ledger.claim(webhook)
    assert [one.event.id for one in taken] == [first, other]
    assert ledger.claim(webhook) == ()
    assert ledger.finish(taken[0])
    (after,) = ledger.claim(webhook)
    assert after.event.id == second


def test_a_postponed_event_holds_up_those_behind_it_and_nobody_else(ledger: Ledger) -> None:
    webhook, bystander = ledger.subscribe(), ledger.subscribe()
    first, second = ledger.tell("cases/1"), ledger.tell("cases/1")
    (taken,) = ledger.claim(webhook)
    later = NOW + timedelta(hours=1)
    with ledger.database.write() as connection:
        assert postpone_delivery(connection, taken, next_at=later, status=500, error="It said no.")
    assert ledger.claim(webhook, NOW + timedelta(minutes=59)) == ()
    (again,) = ledger.claim(webhook, later)
    assert (again.event.id, again.attempts) == (first, 2)
    with ledger.database.write() as connection:
        assert fail_delivery(connection, again, at=later, status=500, error="It said no.")
    assert [one.event.id for one in ledger.claim(webhook, later)] == [second]
    assert [one.event.id for one in ledger.claim(bystander, NOW)] == [first]
    states = [(one.state, one.attempts, one.last_status) for one in ledger.listed(webhook)]
    assert states == [("failed", 2, 500), ("waiting", 1, None)]


def test_a_claim_that_ended_is_taken_over_and_the_late_one_notes_nothing(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    ledger.tell()
    (killed,) = ledger.claim(webhook)
    assert ledger.claim(webhook, NOW + CLAIM - timedelta(seconds=1)) == ()
    later = NOW + CLAIM
    (heir,) = ledger.claim(webhook, later)
    assert (heir.id, heir.claim, heir.attempts) == (killed.id, killed.claim + 1, 2)
    with ledger.database.write() as connection:
        assert not postpone_delivery(connection, killed, next_at=NOW, status=None, error="late")
        assert not fail_delivery(connection, killed, at=NOW, status=None, error="late")
        assert not give_back_delivery(connection, killed, NOW)
    assert not ledger.finish(killed)
    assert ledger.finish(heir, later)
    assert not ledger.finish(heir, later)
    (one,) = ledger.listed(webhook)
    assert (one.state, one.ended_at, one.last_status) == ("delivered", later, 204)


def test_a_claim_given_back_counts_as_no_try(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    ledger.tell()
    (taken,) = ledger.claim(webhook)
    with ledger.database.write() as connection:
        assert give_back_delivery(connection, taken, NOW)
    (again,) = ledger.claim(webhook)
    assert (again.attempts, again.claim) == (1, 2)


def test_only_webhooks_with_something_due_are_found(ledger: Ledger) -> None:
    busy, idle = ledger.subscribe(), ledger.subscribe(("cn.street-issues.camera",))
    ledger.tell()
    with ledger.database.read() as connection:
        assert find_due_webhooks(connection, NOW) == (busy.id,)
        assert find_due_webhooks(connection, NOW - timedelta(seconds=1)) == ()
    assert idle.id != busy.id


def test_pages_of_deliveries_join_without_gap(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    told = [ledger.tell(f"cases/{number}") for number in range(7)]
    seen: list[str] = []
    before = None
    while True:
        with ledger.database.read() as connection:
            page = list_deliveries(connection, webhook.id, before=before, limit=3)
        if not page:
            break
        seen += [one.event_id for one in page]
        before = page[-1].id
    assert seen == told[::-1]
    with ledger.database.read() as connection:
        assert list_deliveries(connection, webhook.id, state="failed") == ()
        assert len(list_deliveries(connection, webhook.id, state="waiting")) == 7


def test_old_events_are_forgotten_unless_they_wait(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    ledger.tell("cases/1")
    kept = ledger.tell("cases/2")
    first, _ = ledger.claim(webhook)
    ledger.finish(first)
    young = ledger.tell("cases/3", at=NOW + timedelta(days=2))
    with ledger.database.write() as connection:
        assert forget_events(connection, NOW + timedelta(days=1)) == 1
        assert forget_events(connection, NOW + timedelta(days=1)) == 0
    assert [one.event_id for one in ledger.listed(webhook)] == [kept, young]


def test_what_got_through_is_remembered(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    ledger.tell()
    (taken,) = ledger.claim(webhook)
    with ledger.database.read() as connection:
        assert not has_delivered_since(connection, webhook.id, NOW)
    ledger.finish(taken)
    with ledger.database.read() as connection:
        assert has_delivered_since(connection, webhook.id, NOW)
        assert not has_delivered_since(connection, webhook.id, NOW + timedelta(seconds=1))
