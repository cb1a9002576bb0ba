"""Receivers that are slow, down or far behind hold up nobody else."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from api.delivery.addresses import AddressGuard
from api.delivery.sender import HttpSender
from api.delivery.step import Deliverer
from api.services import Services
from api.store.deliveries import find_ready_deliveries
from tests.api.delivery.conftest import Receiver, listed, states, subscribe, tell, work

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

OPENED = "cn.street-issues.case.opened"


def test_a_slow_receiver_holds_up_nobody_else(
    local: Services, make_receiver: Callable[[], "Receiver"]
) -> None:
    slow, quick = make_receiver(), make_receiver()
    release = threading.Event()

    def wait_for_release(_handler: BaseHTTPRequestHandler) -> None:
        release.wait(30)

    slow.behaviour = wait_for_release
    slow_hook, _ = subscribe(local, slow.url)
    quick_hook, _ = subscribe(local, quick.url)
    for number in range(30):
        tell(local, f"cases/{number}")
    deliverer = Deliverer(local, HttpSender(AddressGuard(("127.0.0.0/8",)), timeout_s=20))
    started = time.monotonic()
    work(deliverer, lambda: states(local, quick_hook) == ["delivered"] * 30)
    assert time.monotonic() - started < 10
    assert len(slow.received) <= 4  # Its limit, not all threads
    assert "delivered" not in states(local, slow_hook)
    release.set()
    deliverer.close()


def test_a_receiver_that_is_down_comes_back(
    local: Services, clock: "SetClock", make_receiver: Callable[[], "Receiver"]
) -> None:
    ticks = {"s": 0.0}
    down = make_receiver()
    webhook, _ = subscribe(local, down.url)
    for number in range(20):
        tell(local, f"cases/{number}")
    down.behaviour = lambda handler: handler.connection.close()
    sender = HttpSender(AddressGuard(("127.0.0.0/8",)))
    deliverer = Deliverer(local, sender, ticks=lambda: ticks["s"])
    for _ in range(20):
        deliverer.step()
    assert len(down.received) <= 4  # One handful, then a pause: not all twenty at once
    assert set(states(local, webhook)) == {"waiting"}
    down.answer_with(204)

    def go_on() -> bool:
        ticks["s"] += 1
        clock.advance(seconds=1)
        return states(local, webhook) == ["delivered"] * 20

    work(deliverer, go_on)
    deliverer.close()


def test_looking_in_vain_through_a_long_backlog_stays_cheap(
    local: Services, receiver: Receiver
) -> None:
    ticks = iter(range(10**6))
    webhook, _ = subscribe(local, receiver.url)
    receiver.answer_with(500)
    deliverer = Deliverer(
        local,
        HttpSender(AddressGuard(("127.0.0.0/8",))),
        ticks=lambda: float(next(ticks)),  # Each look at the clock finds it a second later.
    )
    tell(local)
    work(deliverer, lambda: listed(local, webhook)[0].last_status == 500)
    behind = tell(local)  # Due by its time, but behind the first
    looks: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def count(*arguments: Any, **named: Any) -> tuple[int, ...]:
            looks.append("looked")
            return find_ready_deliveries(*arguments, **named)

        patch.setattr("api.delivery.step.find_ready_deliveries", count)
        for _ in range(30):
            deliverer.step()
    deliverer.close()
    assert 1 <= len(looks) <= 30 / 5
    assert behind not in receiver.ids
