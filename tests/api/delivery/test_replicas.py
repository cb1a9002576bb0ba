"""Several servers on one ledger, and servers that are killed."""

import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from api.clock import system_clock
from api.delivery.step import CLAIM_S, Deliverer, open_deliverer
from api.services import Services
from api.store.database import Database
from api.store.deliveries import claim_deliveries, find_ready_deliveries
from tests.api.delivery.conftest import Receiver, listed, states, subscribe, tell, work

if TYPE_CHECKING:
    from tests.api.conftest import SetClock


def test_two_replicas_deliver_each_event_once_and_in_order(
    local: Services, receiver: "Receiver"
) -> None:
    webhook, _ = subscribe(local, receiver.url)
    told = [(n % 10, tell(local, f"cases/{n % 10}")) for n in range(80)]
    url = local.database.engine.url.render_as_string(hide_password=False)
    replicas = [open_deliverer(replace(local, database=Database(url))) for _ in range(2)]
    stop = threading.Event()
    broke: list[BaseException] = []

    def run(replica: Deliverer) -> None:
        try:
            while not stop.is_set():
                time.sleep(min(replica.step(), 0.01))
        except BaseException as error:
            broke.append(error)
            raise

    threads = [threading.Thread(target=run, args=(one,)) for one in replicas]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while states(local, webhook).count("delivered") < 80 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    for replica in replicas:
        replica.close()
        replica._services.database.close()
    assert broke == []
    assert Counter(receiver.ids) == Counter(event for _, event in told)
    for case in range(10):
        mine = [event for number, event in told if number == case]
        assert [one for one in receiver.ids if one in mine] == mine


def test_what_a_killed_replica_had_claimed_is_taken_over(
    local: Services, clock: "SetClock", receiver: "Receiver", deliverer: Deliverer
) -> None:
    webhook, _ = subscribe(local, receiver.url)
    event = tell(local)
    with local.database.write() as connection:  # Claimed, committed, and never heard of again
        until = clock.now + timedelta(seconds=CLAIM_S)
        found = find_ready_deliveries(connection, webhook.id, now=clock.now, most=5)
        assert claim_deliveries(connection, webhook, found, now=clock.now, until=until)
    for _ in range(3):
        deliverer.step()
    assert receiver.received == []
    clock.advance(seconds=CLAIM_S)
    work(deliverer, lambda: states(local, webhook) == ["delivered"])
    assert receiver.ids == [event]
    assert listed(local, webhook)[0].attempts == 2


REPLICA = """
import sys
from types import SimpleNamespace
from api.clock import system_clock
from api.delivery.step import open_deliverer
from api.metrics import Metrics
from api.settings import Settings
from api.store.database import Database

settings = Settings(webhook_networks=("127.0.0.0/8",))
database = Database(sys.argv[1])
deliverer = open_deliverer(
    SimpleNamespace(settings=settings, clock=system_clock, database=database, metrics=Metrics())
)
while True:
    deliverer.step()
"""


def test_a_process_killed_in_the_middle_of_a_try_loses_nothing(
    local: Services, clock: "SetClock", receiver: "Receiver"
) -> None:
    clock.now = system_clock()
    webhook, _ = subscribe(local, receiver.url)
    told = [tell(local, f"cases/{number}") for number in range(3)]
    release = threading.Event()

    def wait_for_release(_handler: BaseHTTPRequestHandler) -> None:
        release.wait(20)

    receiver.behaviour = wait_for_release
    url = local.database.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", REPLICA, url])
    deadline = time.monotonic() + 30
    while len(receiver.received) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert sorted(receiver.ids) == sorted(told)
    assert states(local, webhook) == ["waiting"] * 3
    receiver.answer_with(204)
    release.set()
    clock.now = system_clock() + timedelta(seconds=CLAIM_S)
    heir = open_deliverer(local)
    work(heir, lambda: states(local, webhook) == ["delivered"] * 3)
    heir.close()
    assert Counter(receiver.ids) == dict.fromkeys(told, 2)
