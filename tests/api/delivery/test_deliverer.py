"""Events on their way to real receivers, over both databases."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook as Verifier

from api.clock import system_clock
from api.delivery.schedule import WAITS_S, Answer
from api.delivery.signing import make_secret
from api.delivery.step import Deliverer, DeliveryLoop, open_deliverer
from api.services import Services
from api.store import webhooks as store
from api.store.audit import list_audit
from tests.api.delivery.conftest import Receiver, listed, states, subscribe, tell, work

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

OPENED = "cn.street-issues.case.opened"


def test_the_receivers_library_verifies_what_arrives(local: Services, receiver: "Receiver") -> None:
    local.clock = system_clock  # The library compares with the machine's time.
    webhook, secret = subscribe(local, receiver.url)
    event = tell(local)
    deliverer = open_deliverer(local)
    work(deliverer, lambda: states(local, webhook) == ["delivered"])
    (got,) = receiver.received
    told = Verifier(secret).verify(got.body, got.headers)
    assert told == json.loads(got.body)
    assert (told["id"], told["type"], told["subject"]) == (event, OPENED, "cases/1")
    assert told["data"] == {"label": "site_dust"}
    assert got.headers["webhook-id"] == event
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert local.metrics.registry.get_sample_value(
        "street_issues_deliveries_total", {"outcome": "delivered"}
    )
    # While the secret rotates, the old and the new one verify; after its end the new one alone.
    newer = make_secret()
    with local.database.write() as connection:
        now = system_clock()
        until = now + timedelta(hours=1)
        store.rotate_secret(connection, webhook, newer, now=now, until=until)
    tell(local)
    work(deliverer, lambda: len(receiver.received) == 2)
    deliverer.close()
    rotated = receiver.received[1]
    assert Verifier(secret).verify(rotated.body, rotated.headers)
    assert Verifier(newer).verify(rotated.body, rotated.headers)


def test_a_failing_receiver_gets_the_same_id_again_until_it_takes_it(
    local: Services, clock: "SetClock", receiver: "Receiver", deliverer: Deliverer
) -> None:
    webhook, _ = subscribe(local, receiver.url)
    event = tell(local)
    receiver.answer_with(500)
    for tries in range(1, 5):
        work(deliverer, lambda: listed(local, webhook)[0].last_status == 500)
        (one,) = listed(local, webhook)
        assert (one.state, one.attempts, one.last_error) == ("waiting", tries, "It answered 500.")
        assert one.next_at is not None
        waits_s = (one.next_at - clock.now).total_seconds()
        assert WAITS_S[tries - 1] <= waits_s <= WAITS_S[tries - 1] * 1.2
        clock.now = one.next_at
        with local.database.write() as connection:  # So that the next answer shows.
            connection.exec_driver_sql("UPDATE deliveries SET last_status = NULL")
    receiver.answer_with(200)
    work(deliverer, lambda: states(local, webhook) == ["delivered"])
    assert receiver.ids == [event] * 5
    assert len({one.body for one in receiver.received}) == 1


def test_order_is_kept_for_a_case_while_others_flow(
    local: Services, clock: "SetClock", receiver: "Receiver", deliverer: Deliverer
) -> None:
    webhook, _ = subscribe(local, receiver.url)
    blocked = [tell(local, "cases/bad", f"{OPENED}{n}") for n in range(3)]
    flowing = [tell(local, "cases/good", f"{OPENED}{n}") for n in range(3)]
    refusals = ["first", "second"]

    def refuse_the_bad_case(handler: BaseHTTPRequestHandler) -> None:
        event = next(
            one
            for one in receiver.received
            if one.headers["webhook-id"] == handler.headers["webhook-id"]
        )
        bad = json.loads(event.body)["subject"] == "cases/bad"
        refused = bad and bool(refusals and refusals.pop())
        handler.send_response(500 if refused else 204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.behaviour = refuse_the_bad_case
    work(deliverer, lambda: states(local, webhook).count("delivered") == 3)
    assert [one for one in receiver.ids if one in flowing] == flowing
    assert set(receiver.ids) & set(blocked) == {blocked[0]}

    def step_in_time() -> bool:
        clock.advance(seconds=1)
        return states(local, webhook).count("delivered") == 6

    work(deliverer, step_in_time)
    arrived = list(dict.fromkeys(one for one in receiver.ids if one in blocked))
    assert arrived == blocked


def test_410_disables_at_once_and_is_audited(
    local: Services, receiver: "Receiver", deliverer: Deliverer
) -> None:
    webhook, _ = subscribe(local, receiver.url)
    other, _ = subscribe(local, receiver.url + "/other")
    tell(local)

    def be_gone(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(410 if handler.path == "/hook" else 204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.behaviour = be_gone
    tell(local)
    work(deliverer, lambda: states(local, webhook) == ["failed", "failed"])
    work(deliverer, lambda: states(local, other) == ["delivered", "delivered"])
    with local.database.read() as connection:
        present = store.get_webhook(connection, webhook.id)
        (row,) = list_audit(connection)
        assert store.get_webhook(connection, other.id).disabled_at is None
    assert present.disabled_why == "It answered 410: it wants nothing any more."
    assert (row.actor, row.action) == ("system:delivery", "webhook.disabled")
    assert row.target == f"webhooks/{webhook.id}"


class Refusing:
    """A sender whose receiver refuses all, or some subjects; it knows no network."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.sent: list[str] = []

    def send(self, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
        assert url and now and headers["webhook-id"]
        subject = json.loads(body)["subject"]
        self.sent.append(subject)
        return Answer(500, "It answered 500.") if self.refused in subject else Answer(204)


@pytest.mark.parametrize("everything_fails", [True, False])
def test_after_three_days_a_delivery_fails_and_with_all_others_the_webhook(
    local: Services, clock: "SetClock", everything_fails: bool
) -> None:
    webhook, _ = subscribe(local, "http://127.0.0.1/")
    sender = Refusing("" if everything_fails else "bad")
    started = clock.now

    def read_ticks() -> float:
        return (clock.now - started).total_seconds()

    deliverer = Deliverer(local, sender, ticks=read_ticks)
    tell(local, "cases/bad")

    def days_pass() -> bool:
        clock.advance(minutes=30)
        if not everything_fails and clock.now.minute == 0 and clock.now.hour == 0:
            tell(local, "cases/good")
        return "failed" in states(local, webhook)

    work(deliverer, days_pass)
    deliverer.close()
    assert timedelta(hours=72) <= clock.now - started <= timedelta(hours=74)
    with local.database.read() as connection:
        present = store.get_webhook(connection, webhook.id)
    assert (present.disabled_at is not None) is everything_fails
    if everything_fails:
        assert present.disabled_why == "Nothing got through for three days."
        tell(local, "cases/later")
        assert states(local, webhook) == ["failed"]


def test_a_stop_lets_tries_end_and_notes_them(local: Services, receiver: "Receiver") -> None:
    webhook, _ = subscribe(local, receiver.url)
    arrived = threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        time.sleep(0.5)
        handler.send_response(204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.behaviour = answer_late
    loop = DeliveryLoop(open_deliverer(local))
    tell(local)
    loop.start()
    assert arrived.wait(10)
    assert loop.stop()
    assert states(local, webhook) == ["delivered"]


def test_a_sender_that_breaks_is_a_failed_try_and_is_logged(
    local: Services, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def send(self, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
            raise ZeroDivisionError(f"{url} {len(body)} {len(headers)} {now}")

    webhook, _ = subscribe(local, "http://127.0.0.1/")
    tell(local)
    deliverer = Deliverer(local, Broken())
    work(deliverer, lambda: listed(local, webhook)[0].last_error is not None)
    deliverer.close()
    (one,) = listed(local, webhook)
    assert (one.state, one.last_error) == ("waiting", "The service failed: ZeroDivisionError.")
    assert "delivery_broke" in caplog.text


def test_a_network_taken_off_the_list_is_not_reached_any_more(
    services: Services, local: Services, receiver: "Receiver"
) -> None:
    webhook, _ = subscribe(local, receiver.url)
    tell(local)
    strict = open_deliverer(replace(services))
    work(strict, lambda: listed(local, webhook)[0].last_error is not None)
    strict.close()
    assert receiver.received == []
    assert "may not reach" in (listed(local, webhook)[0].last_error or "")
