"""What consumers do with the queue: take cases, settle them; and what people put back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from api.cases.case import Case
from api.casework.ledger import make_event, record_note
from api.principal import Principal
from api.services import Services
from api.store.cases import get_case, get_cases
from api.store.leases import Leased, LeaseRequest, any_ready, lease
from api.store.queue import park, unpark

ACTOR: Final = "system:queue"


@dataclass(frozen=True, slots=True)
class LeaseOrder:
    """What a consumer wants to work on."""

    states: tuple[str, ...]
    labels: tuple[str | None, ...]
    """None stands for cases without a label; empty: all."""
    grid: str | None
    n: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A case, and how it is held."""

    lease: Leased
    case: Case


def lease_cases(services: Services, principal: Principal, order: LeaseOrder) -> tuple[Handed, ...]:
    """Hand out the cases that come first; those tried too often are parked on the way.

    Raises:
        StorageError: The database does not answer. What was handed out comes back by itself when
            its lease runs out.
    """
    with services.database.write() as connection:
        lot = lease(connection, _request(services, principal, order))
        known = get_cases(connection, [one.case_id for one in lot.leased]) if lot.leased else {}
        handed = tuple(Handed(one, known[one.case_id]) for one in lot.leased)
    # In transactions of their own: everybody else locks the case first, then its place in the
    # queue, and who locks the other way round waits for them while they wait for him.
    for one in lot.poison:
        with services.database.write() as connection:
            _park(services, connection, one)
    return handed


def is_work_ready(services: Services, principal: Principal, order: LeaseOrder) -> bool:
    """Tell whether `lease_cases` would find something, without taking or locking anything."""
    with services.database.read() as connection:
        return any_ready(connection, _request(services, principal, order))


def unpark_cases(
    services: Services, principal: Principal, case_ids: Sequence[str]
) -> tuple[bool, ...]:
    """Put parked cases back into the queue, with their tries counted anew.

    Returns:
        For each case, in order, whether it was parked; a case that the key does not see was not.
    """
    now = services.clock()
    done: set[str] = set()
    with services.database.write() as connection:
        for case_id in sorted(set(case_ids)):  # In one order, so that two do not block each other.
            case = get_case(connection, case_id, lock=True)
            if case is None or not principal.sees(case.grid_code):
                continue
            if unpark(connection, case_id, at=now):
                event = make_event(case, "unparked", at=now, actor=principal.actor)
                record_note(connection, case, event)
                done.add(case_id)
    return tuple(case_id in done for case_id in case_ids)


def _park(services: Services, connection: Connection, poison: Leased) -> None:
    now = services.clock()
    case = get_case(connection, poison.case_id, lock=True)
    if case is None or not park(connection, case.id, at=now, token=poison.lease_token):
        return  # It moved on in between.
    details = {"attempts": poison.attempts, "last_error": poison.last_error}
    event = make_event(
        case,
        "parked",
        at=now,
        actor=ACTOR,
        reason=f"Handed out {poison.attempts} times without being acknowledged.",
        details=details,
    )
    record_note(connection, case, event)


def _request(services: Services, principal: Principal, order: LeaseOrder) -> LeaseRequest:
    return LeaseRequest(
        states=order.states,
        n=order.n,
        seconds=order.seconds,
        key_id=principal.id,
        now=services.clock(),
        tries=services.rules.queue_tries,
        labels=order.labels,
        grids=principal.grids,
        grid=order.grid,
    )
