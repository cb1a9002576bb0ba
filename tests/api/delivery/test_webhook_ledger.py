"""Webhooks in the ledger: disabled, deleted, rotated, replayed. The same on both databases."""

from datetime import timedelta

import pytest

from api.errors import NotFoundError
from api.store import webhooks as store
from api.store.deliveries import (
    find_due_webhooks,
)
from api.store.outbox import record_ping
from api.store.replay import replay_deliveries, replay_since
from tests.api.conftest import MONDAY_MORNING as NOW
from tests.api.delivery.conftest import Ledger

CLAIM = timedelta(seconds=120)
OPENED = "cn.street-issues.case.opened"


def test_a_disabled_webhook_gets_nothing_until_a_replay(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    before = ledger.tell("cases/1")
    arrived = ledger.tell("cases/2")
    under_way = ledger.tell("cases/3")
    _, second, third = ledger.claim(webhook)
    ledger.finish(second)
    with ledger.database.write() as connection:
        assert store.disable_webhook(connection, webhook.id, NOW, "Enough.")
        assert not store.disable_webhook(connection, webhook.id, NOW, "Again.")
    assert ledger.finish(third)  # It had arrived when the webhook was disabled.
    missed = ledger.tell("cases/4", at=NOW + timedelta(minutes=1))
    with ledger.database.read() as connection:
        assert find_due_webhooks(connection, NOW + CLAIM) == ()
    assert ledger.claim(webhook, NOW + CLAIM) == ()
    with ledger.database.write() as connection:
        store.enable_webhook(connection, webhook.id)
        present = store.get_webhook(connection, webhook.id)
        assert (present.disabled_at, present.disabled_why) == (None, None)
        replayed = replay_since(connection, present, NOW, NOW)
        assert (replayed.events, replayed.more) == (2, False)
        assert replay_since(connection, present, NOW, NOW).events == 0
    assert [one.event.id for one in ledger.claim(webhook)] == [before, missed]
    assert {arrived, under_way}.isdisjoint({before, missed})


def test_a_replay_sends_only_what_the_webhook_wants(ledger: Ledger) -> None:
    wanted = ledger.tell("cases/1", OPENED, "310101")
    ledger.tell("cases/2", OPENED, "3202")
    ledger.tell("cases/3", OPENED, None)
    ledger.tell("cases/4", "cn.street-issues.case_like", "310101")
    ledger.tell("reports/1", "cn.street-issues.report.received", "310101")
    ledger.tell("cases/5", OPENED, "310101", NOW - timedelta(seconds=1))
    other = ledger.subscribe()
    with ledger.database.write() as connection:
        record_ping(connection, other.id, NOW)
    webhook = ledger.subscribe(("cn.street-issues.case",), ("3101",))
    with ledger.database.write() as connection:
        assert replay_since(connection, webhook, NOW, NOW).events == 1
    assert [one.event_id for one in ledger.listed(webhook)] == [wanted]


def test_one_delivery_is_replayed_by_its_id_also_when_it_arrived(ledger: Ledger) -> None:
    webhook, other = ledger.subscribe(), ledger.subscribe()
    event = ledger.tell()
    (taken,) = ledger.claim(webhook)
    ledger.finish(taken)
    with ledger.database.write() as connection:
        assert replay_deliveries(connection, webhook.id, [taken.id, taken.id], NOW).events == 1
        assert replay_deliveries(connection, webhook.id, [taken.id], NOW).events == 0  # It waits.
    with pytest.raises(NotFoundError), ledger.database.write() as connection:
        replay_deliveries(connection, other.id, [taken.id], NOW)
    assert [one.event_id for one in ledger.listed(webhook)] == [event, event]
    (again,) = ledger.claim(webhook)
    assert (again.event.id, again.attempts) == (event, 1)


def test_a_replayed_event_goes_before_younger_ones(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    first = ledger.tell()
    (taken,) = ledger.claim(webhook)
    ledger.finish(taken)
    second = ledger.tell()
    with ledger.database.write() as connection:
        replay_deliveries(connection, webhook.id, [taken.id], NOW)
    assert [one.event.id for one in ledger.claim(webhook)] == [first]
    assert second != first


def test_secrets_rotate_end_and_are_never_more_than_three(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    hour = timedelta(hours=1)
    for number in range(4):
        with ledger.database.write() as connection:
            present = store.get_webhook(connection, webhook.id, lock=True)
            store.rotate_secret(connection, present, f"s{number}", now=NOW, until=NOW + hour)
    with ledger.database.read() as connection:
        present = store.get_webhook(connection, webhook.id)
    assert present.valid_secrets(NOW) == ("s3", "s2", "s1")
    assert present.valid_secrets(NOW + hour) == ("s3",)
    with ledger.database.write() as connection:
        store.rotate_secret(connection, present, "s4", now=NOW + hour, until=NOW + hour)
        assert [one.secret for one in store.get_webhook(connection, webhook.id).secrets] == ["s4"]


def test_a_deleted_webhook_has_no_secrets_but_a_history(ledger: Ledger) -> None:
    webhook = ledger.subscribe()
    ledger.tell()
    with ledger.database.write() as connection:
        store.delete_webhook(connection, webhook.id, NOW, "Deleted.")
        present = store.get_webhook(connection, webhook.id)
        assert store.count_enabled(connection) == 0
    assert present.deleted
    assert [one.state for one in ledger.listed(webhook)] == ["failed"]
