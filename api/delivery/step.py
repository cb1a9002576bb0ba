"""Deliveries under way: claimed from the ledger, tried in threads, noted in the ledger."""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from api.background import Loop
from api.delivery.addresses import AddressGuard
from api.delivery.cloudevent import CONTENT_TYPE, format_event, make_source
from api.delivery.pace import Pace, adapt
from api.delivery.schedule import Answer, Tried, decide
from api.delivery.sender import HttpSender, Sender
from api.delivery.signing import make_headers
from api.errors import StorageError
from api.services import Services
from api.store.audit import record_audit
from api.store.deliveries import (
    ClaimedDelivery,
    claim_deliveries,
    fail_delivery,
    find_due_webhooks,
    find_ready_deliveries,
    finish_delivery,
    give_back_delivery,
    has_delivered_since,
    postpone_delivery,
)
from api.store.webhooks import disable_webhook, get_webhook

logger = logging.getLogger(__name__)

THREADS: Final = 16
CLAIM_S: Final = 120.0
"""A try takes 20 s and a slow DNS; a replica that was killed is taken over after this time."""
IDLE_S: Final = 0.5
"""Between two looks for something due."""
LOOK_S: Final = 0.1
"""The same while tries are under way; one that ends is noted at once."""
LOOK_SHARE: Final = 10
"""Looking in vain takes at most one part in so many of the time."""
ACTOR: Final = "system:delivery"

Outcome = Literal["delivered", "retried", "failed", "gone", "overtaken"]
"""What came of a try: overtaken when the claim had ended and another replica has it."""


class Deliverer:
    """Tries what is due. One for each replica; its methods are called by one thread at a time."""

    def __init__(
        self,
        services: Services,
        sender: Sender,
        *,
        chance: Callable[[], float] = random.random,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what sends, the jitter's dice, and a clock in seconds that never jumps."""
        self._services = services
        self._sender = sender
        self._chance = chance
        self._ticks = ticks
        self._source = make_source(services.settings.public_url)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="delivery")
        self._under_way: dict[Future[Answer], ClaimedDelivery] = {}
        self._paces: dict[str, Pace] = {}
        self._look_again_s: dict[str, float] = {}
        self._turn = 0

    def step(self) -> float:
        """Note tries that ended, begin others; return the seconds to wait before the next call.

        A slow receiver holds up nobody else: each has a few threads at most, and no step waits
        for a try to end.

        Raises:
            StorageError: The ledger does not answer. Tries that ended are noted in a later step.
        """
        self._note_ended()
        room = THREADS - len(self._under_way)
        if room > 0:
            self._begin(room)
        if not self._under_way:
            return IDLE_S
        wait(self._under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
        return 0.0

    def close(self, timeout_s: float = 25.0) -> None:
        """Let tries under way end, note them, and give back what was not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait(self._under_way, timeout=timeout_s)
        unsent = [taken for future, taken in self._under_way.items() if future.cancelled()]
        try:
            self._note_ended()
            with self._services.database.write() as connection:
                for taken in unsent:
                    give_back_delivery(connection, taken, self._services.clock())
        except StorageError as error:
            # Nothing is lost: the claims end by themselves, and another replica tries again.
            logger.warning("delivery_not_noted", extra={"code": error.code})
        self._under_way.clear()

    def _begin(self, room: int) -> None:
        now = self._services.clock()
        found = self._look(now, room)
        if not found:
            return
        claimed: list[ClaimedDelivery] = []
        with self._services.database.write() as connection:
            for webhook_id, ids in found.items():
                claimed += claim_deliveries(
                    connection,
                    get_webhook(connection, webhook_id),
                    ids,
                    now=now,
                    until=now + timedelta(seconds=CLAIM_S),
                )
        for taken in claimed:
            self._under_way[self._threads.submit(self._try, taken)] = taken

    def _look(self, now: datetime, room: int) -> dict[str, tuple[int, ...]]:
        """Return what could be tried now, at most so much as there is room for."""
        busy = Counter(taken.webhook.id for taken in self._under_way.values())
        found: dict[str, tuple[int, ...]] = {}
        with self._services.database.read() as connection:
            due = find_due_webhooks(connection, now)
            self._turn = (self._turn + 1) % max(len(due), 1)  # Another one is first each time.
            for webhook_id in due[self._turn :] + due[: self._turn]:
                started_s = self._ticks()
                pace = self._paces.get(webhook_id, Pace())
                most = min(pace.free(started_s, busy[webhook_id]), room)
                if most <= 0 or started_s < self._look_again_s.get(webhook_id, 0.0):
                    continue
                ids = find_ready_deliveries(connection, webhook_id, now=now, most=most)
                if ids:
                    found[webhook_id] = ids
                    room -= len(ids)
                else:  # A long backlog waits behind some: looking through it must stay cheap.
                    spent_s = self._ticks() - started_s
                    self._look_again_s[webhook_id] = started_s + LOOK_SHARE * spent_s
        return found

    def _try(self, taken: ClaimedDelivery) -> Answer:
        now = self._services.clock()
        body = format_event(taken.event, self._source)
        signed = make_headers(taken.event.id, now, body, taken.webhook.valid_secrets(now))
        headers = {**signed, "Content-Type": CONTENT_TYPE}
        return self._sender.send(taken.webhook.url, body, headers, now)

    def _note_ended(self) -> None:
        """Note all tries that ended in one transaction; on an error they are kept for later."""
        ended = [
            (future, taken)
            for future, taken in self._under_way.items()
            if future.done() and not future.cancelled()
        ]
        if not ended:
            return
        # In the order of their ids, as others lock them: no two transactions wait in a circle.
        ended.sort(key=lambda one: one[1].id)
        answers = [(taken, _read_answer(future, taken)) for future, taken in ended]
        with self._services.database.write() as connection:
            noted = [(taken, self._note(connection, taken, answer)) for taken, answer in answers]
            hopeless = self._find_hopeless(connection, noted)
        for (future, taken), (_, answer), (_, outcome) in zip(ended, answers, noted, strict=True):
            del self._under_way[future]
            pace = self._paces.get(taken.webhook.id, Pace())
            self._paces[taken.webhook.id] = adapt(pace, answer, self._ticks())
            self._services.metrics.deliveries_total.labels(outcome=outcome).inc()
        # Not in the same transaction: a webhook is locked before its deliveries everywhere. If it
        # is not disabled now, the next 410 or the next failure does it.
        for webhook_id, why in hopeless.items():
            self._disable(webhook_id, why)

    def _note(self, connection: Connection, taken: ClaimedDelivery, answer: Answer) -> Outcome:
        """Write what came of one try; return its outcome's name."""
        now = self._services.clock()
        decision = decide(answer, Tried(taken.attempts, taken.created_at, now), self._chance())
        error = answer.error or ""
        if decision.action == "delivered":
            ours = finish_delivery(connection, taken, at=now, status=answer.status or 0)
            return "delivered" if ours else "overtaken"
        if decision.next_at is not None:
            ours = postpone_delivery(
                connection, taken, next_at=decision.next_at, status=answer.status, error=error
            )
            return "retried" if ours else "overtaken"
        ours = fail_delivery(connection, taken, at=now, status=answer.status, error=error)
        if not ours:
            return "overtaken"
        return "gone" if decision.action == "disable" else "failed"

    def _find_hopeless(
        self, connection: Connection, noted: list[tuple[ClaimedDelivery, Outcome]]
    ) -> dict[str, str]:
        """Return the webhooks that want or get nothing any more, and why."""
        hopeless: dict[str, str] = {}
        for taken, outcome in noted:
            webhook_id = taken.webhook.id
            if outcome == "gone":
                hopeless[webhook_id] = "It answered 410: it wants nothing any more."
            elif outcome == "failed" and not has_delivered_since(
                connection, webhook_id, taken.created_at
            ):
                hopeless.setdefault(webhook_id, "Nothing got through for three days.")
        return hopeless

    def _disable(self, webhook_id: str, why: str) -> None:
        now = self._services.clock()
        with self._services.database.write() as connection:
            if not disable_webhook(connection, webhook_id, now, why):
                return
            record_audit(
                self._services.database,
                connection,
                at=now,
                actor=ACTOR,
                action="webhook.disabled",
                target=f"webhooks/{webhook_id}",
                details={"why": why},
            )
        logger.warning("webhook_disabled", extra={"webhook": webhook_id})


class DeliveryLoop(Loop):
    """Delivers in the background, and at its stop gives back what it holds."""

    def __init__(self, deliverer: Deliverer) -> None:
        """Take what delivers."""
        super().__init__("delivery", deliverer.step)
        self._deliverer = deliverer

    def stop(self, timeout_s: float = 25.0) -> bool:
        """Stop stepping, then let tries under way end."""
        deadline = time.monotonic() + timeout_s
        stopped = super().stop(timeout_s)
        if stopped:
            self._deliverer.close(max(deadline - time.monotonic(), 0.0))
        return stopped


def open_deliverer(services: Services) -> Deliverer:
    """Return a deliverer that sends for real, within the networks that the settings allow.

    Raises:
        SettingsError: One of those networks is not a range of addresses.
    """
    guard = AddressGuard(services.settings.webhook_networks)
    return Deliverer(services, HttpSender(guard))


def _read_answer(future: Future[Answer], taken: ClaimedDelivery) -> Answer:
    error = future.exception()
    if error is None:
        return future.result()
    # A fault of ours, not of the receiver: it is tried again, and somebody must see it.
    logger.error("delivery_broke", exc_info=error, extra={"delivery": taken.id})
    return Answer(None, f"The service failed: {type(error).__name__}.")
