"""The ledger's side of deliveries: the same on both databases."""

from datetime import datetime, timedelta

import pytest

from api.errors import NotFoundError
from api.ids import new_id
from api.store import webhooks as store
from api.store.database import Database
from api.store.deliveries import (
    ClaimedDelivery,
    Delivery,
    claim_deliveries,
    fail_delivery,
    find_due_webhooks,
    finish_delivery,
    give_back_delivery,
    has_delivered_since,
    list_deliveries,
    postpone_delivery,
)
from api.store.outbox import forget_events, is_wanted, lies_within, record_event, record_ping
from api.store.replay import replay_deliveries, replay_since
from api.store.webhooks import Webhook, WebhookSecret
from tests.api.conftest import MONDAY_MORNING as NOW

CLAIM = timedelta(seconds=120)
OPENED = "cn.street-issues.case.opened"


def subscribe(
    database: Database, types: tuple[str, ...] = (), grids: tuple[str, ...] = ()
) -> Webhook:
    webhook = Webhook(
        id=new_id(),
        url="https://example.org/hook",
        types=types,
        grids=grids,
        secrets=(WebhookSecret("whsec_AAAA"),),
        created_at=NOW,
        created_by="system:test",
    )
    with database.write() as connection:
        store.insert_webhook(connection, webhook)
    return webhook


def tell(
    database: Database,
    subject: str = "cases/1",
    kind: str = OPENED,
    grid: str | None = None,
    at: datetime = NOW,
) -> str:
    with database.write() as connection:
        return record_event(
            connection, type=kind, subject=subject, grid_code=grid, at=at, data={"label": "dust"}
        )


def claim(
    database: Database, webhook: Webhook, now: datetime = NOW, most: int = 10
) -> tuple[ClaimedDelivery, ...]:
    with database.write() as connection:
        present = store.get_webhook(connection, webhook.id)
        return claim_deliveries(connection, present, now=now, until=now + CLAIM, most=most)


def finish(database: Database, taken: ClaimedDelivery, at: datetime = NOW) -> bool:
    with database.write() as connection:
        return finish_delivery(connection, taken, at=at, status=204)


def listed(database: Database, webhook: Webhook) -> list[Delivery]:
    with database.read() as connection:
        return list(reversed(list_deliveries(connection, webhook.id)))


def test_an_event_goes_to_those_that_want_it(database: Database) -> None:
    everything = subscribe(database)
    cases_only = subscribe(database, ("cn.street-issues.case",))
    one_grid = subscribe(database, (), ("3101",))
    one_type = subscribe(database, (OPENED,), ("3101",))
    opened = tell(database, "cases/1", OPENED, "310101")
    received = tell(database, "reports/1", "cn.street-issues.report.received", None)
    elsewhere = tell(database, "cases/2", OPENED, "3202")
    told = {
        name: [one.event_id for one in listed(database, webhook)]
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


def test_an_event_is_undone_with_its_transaction(database: Database) -> None:
    webhook = subscribe(database)
    with pytest.raises(RuntimeError, match="the case"), database.write() as connection:
        record_event(connection, type=OPENED, subject="cases/1", grid_code=None, at=NOW, data={})
        raise RuntimeError("the case could not be written")
    assert listed(database, webhook) == []


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


def test_events_of_one_subject_wait_for_each_other(database: Database) -> None:
    webhook = subscribe(database)
    first, second = tell(database, "cases/1"), tell(database, "cases/1")
    other = tell(database, "cases/2")
    taken = claim(database, webhook)
    assert [one.event.id for one in taken] == [first, other]
    assert claim(database, webhook) == ()
    assert finish(database, taken[0])
    (after,) = claim(database, webhook)
    assert after.event.id == second


def test_a_postponed_event_holds_up_those_behind_it_and_nobody_else(database: Database) -> None:
    webhook, bystander = subscribe(database), subscribe(database)
    first, second = tell(database, "cases/1"), tell(database, "cases/1")
    (taken,) = claim(database, webhook)
    later = NOW + timedelta(hours=1)
    with database.write() as connection:
        assert postpone_delivery(connection, taken, next_at=later, status=500, error="It said no.")
    assert claim(database, webhook, NOW + timedelta(minutes=59)) == ()
    (again,) = claim(database, webhook, later)
    assert (again.event.id, again.attempts) == (first, 2)
    with database.write() as connection:
        assert fail_delivery(connection, again, at=later, status=500, error="It said no.")
    assert [one.event.id for one in claim(database, webhook, later)] == [second]
    assert [one.event.id for one in claim(database, bystander, NOW)] == [first]
    states = [(one.state, one.attempts, one.last_status) for one in listed(database, webhook)]
    assert states == [("failed", 2, 500), ("waiting", 1, None)]


def test_a_claim_that_ended_is_taken_over_and_the_late_one_notes_nothing(
    database: Database,
) -> None:
    webhook = subscribe(database)
    tell(database)
    (killed,) = claim(database, webhook)
    assert claim(database, webhook, NOW + CLAIM - timedelta(seconds=1)) == ()
    later = NOW + CLAIM
    (heir,) = claim(database, webhook, later)
    assert (heir.id, heir.claim, heir.attempts) == (killed.id, killed.claim + 1, 2)
    with database.write() as connection:
        assert not postpone_delivery(connection, killed, next_at=NOW, status=None, error="late")
        assert not fail_delivery(connection, killed, at=NOW, status=None, error="late")
        assert not give_back_delivery(connection, killed, NOW)
    assert not finish(database, killed)
    assert finish(database, heir, later)
    assert not finish(database, heir, later)
    (one,) = listed(database, webhook)
    assert (one.state, one.ended_at, one.last_status) == ("delivered", later, 204)


def test_a_claim_given_back_counts_as_no_try(database: Database) -> None:
    webhook = subscribe(database)
    tell(database)
    (taken,) = claim(database, webhook)
    with database.write() as connection:
        assert give_back_delivery(connection, taken, NOW)
    (again,) = claim(database, webhook)
    assert (again.attempts, again.claim) == (1, 2)


def test_only_webhooks_with_something_due_are_found(database: Database) -> None:
    busy, idle = subscribe(database), subscribe(database, ("cn.street-issues.camera",))
    tell(database)
    with database.read() as connection:
        assert find_due_webhooks(connection, NOW) == (busy.id,)
        assert find_due_webhooks(connection, NOW - timedelta(seconds=1)) == ()
    assert idle.id != busy.id


def test_a_disabled_webhook_gets_nothing_until_a_replay(database: Database) -> None:
    webhook = subscribe(database)
    before = tell(database, "cases/1")
    arrived = tell(database, "cases/2")
    under_way = tell(database, "cases/3")
    _, second, third = claim(database, webhook)
    finish(database, second)
    with database.write() as connection:
        assert store.disable_webhook(connection, webhook.id, NOW, "Enough.")
        assert not store.disable_webhook(connection, webhook.id, NOW, "Again.")
    assert finish(database, third)  # It had arrived when the webhook was disabled.
    missed = tell(database, "cases/4", at=NOW + timedelta(minutes=1))
    with database.read() as connection:
        assert find_due_webhooks(connection, NOW + CLAIM) == ()
    assert claim(database, webhook, NOW + CLAIM) == ()
    with database.write() as connection:
        store.enable_webhook(connection, webhook.id)
        present = store.get_webhook(connection, webhook.id)
        assert (present.disabled_at, present.disabled_why) == (None, None)
        replayed = replay_since(connection, present, NOW, NOW)
        assert (replayed.events, replayed.more) == (2, False)
        assert replay_since(connection, present, NOW, NOW).events == 0
    assert [one.event.id for one in claim(database, webhook)] == [before, missed]
    assert {arrived, under_way}.isdisjoint({before, missed})


def test_a_replay_sends_only_what_the_webhook_wants(database: Database) -> None:
    wanted = tell(database, "cases/1", OPENED, "310101")
    tell(database, "cases/2", OPENED, "3202")
    tell(database, "cases/3", OPENED, None)
    tell(database, "cases/4", "cn.street-issues.case_like", "310101")
    tell(database, "reports/1", "cn.street-issues.report.received", "310101")
    tell(database, "cases/5", OPENED, "310101", NOW - timedelta(seconds=1))
    other = subscribe(database)
    with database.write() as connection:
        record_ping(connection, other.id, NOW)
    webhook = subscribe(database, ("cn.street-issues.case",), ("3101",))
    with database.write() as connection:
        assert replay_since(connection, webhook, NOW, NOW).events == 1
    assert [one.event_id for one in listed(database, webhook)] == [wanted]


def test_one_delivery_is_replayed_by_its_id_also_when_it_arrived(database: Database) -> None:
    webhook, other = subscribe(database), subscribe(database)
    event = tell(database)
    (taken,) = claim(database, webhook)
    finish(database, taken)
    with database.write() as connection:
        assert replay_deliveries(connection, webhook.id, [taken.id, taken.id], NOW).events == 1
        assert replay_deliveries(connection, webhook.id, [taken.id], NOW).events == 0  # It waits.
    with pytest.raises(NotFoundError), database.write() as connection:
        replay_deliveries(connection, other.id, [taken.id], NOW)
    assert [one.event_id for one in listed(database, webhook)] == [event, event]
    (again,) = claim(database, webhook)
    assert (again.event.id, again.attempts) == (event, 1)


def test_a_replayed_event_goes_before_younger_ones(database: Database) -> None:
    webhook = subscribe(database)
    first = tell(database)
    (taken,) = claim(database, webhook)
    finish(database, taken)
    second = tell(database)
    with database.write() as connection:
        replay_deliveries(connection, webhook.id, [taken.id], NOW)
    assert [one.event.id for one in claim(database, webhook)] == [first]
    assert second != first


def test_pages_of_deliveries_join_without_gap(database: Database) -> None:
    webhook = subscribe(database)
    told = [tell(database, f"cases/{number}") for number in range(7)]
    seen: list[str] = []
    before = None
    while True:
        with database.read() as connection:
            page = list_deliveries(connection, webhook.id, before=before, limit=3)
        if not page:
            break
        seen += [one.event_id for one in page]
        before = page[-1].id
    assert seen == told[::-1]
    with database.read() as connection:
        assert list_deliveries(connection, webhook.id, state="failed") == ()
        assert len(list_deliveries(connection, webhook.id, state="waiting")) == 7


def test_old_events_are_forgotten_unless_they_wait(database: Database) -> None:
    webhook = subscribe(database)
    tell(database, "cases/1")
    kept = tell(database, "cases/2")
    first, _ = claim(database, webhook)
    finish(database, first)
    young = tell(database, "cases/3", at=NOW + timedelta(days=2))
    with database.write() as connection:
        assert forget_events(connection, NOW + timedelta(days=1)) == 1
        assert forget_events(connection, NOW + timedelta(days=1)) == 0
    assert [one.event_id for one in listed(database, webhook)] == [kept, young]


def test_what_got_through_is_remembered(database: Database) -> None:
    webhook = subscribe(database)
    tell(database)
    (taken,) = claim(database, webhook)
    with database.read() as connection:
        assert not has_delivered_since(connection, webhook.id, NOW)
    finish(database, taken)
    with database.read() as connection:
        assert has_delivered_since(connection, webhook.id, NOW)
        assert not has_delivered_since(connection, webhook.id, NOW + timedelta(seconds=1))


def test_secrets_rotate_end_and_are_never_more_than_three(database: Database) -> None:
    webhook = subscribe(database)
    hour = timedelta(hours=1)
    for number in range(4):
        with database.write() as connection:
            present = store.get_webhook(connection, webhook.id, lock=True)
            store.rotate_secret(connection, present, f"s{number}", now=NOW, until=NOW + hour)
    with database.read() as connection:
        present = store.get_webhook(connection, webhook.id)
    assert present.valid_secrets(NOW) == ("s3", "s2", "s1")
    assert present.valid_secrets(NOW + hour) == ("s3",)
    with database.write() as connection:
        store.rotate_secret(connection, present, "s4", now=NOW + hour, until=NOW + hour)
        assert [one.secret for one in store.get_webhook(connection, webhook.id).secrets] == ["s4"]


def test_a_deleted_webhook_has_no_secrets_but_a_history(database: Database) -> None:
    webhook = subscribe(database)
    tell(database)
    with database.write() as connection:
        store.delete_webhook(connection, webhook.id, NOW, "Deleted.")
        present = store.get_webhook(connection, webhook.id)
        assert store.count_enabled(connection) == 0
    assert present.deleted
    assert [one.state for one in listed(database, webhook)] == ["failed"]
