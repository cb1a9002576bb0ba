"""Routes: the queue from which the bureau's systems take cases."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from api.casework.queueing import LeaseOrder, is_work_ready, lease_cases, unpark_cases
from api.errors import InvalidError
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.ids import is_id
from api.principal import Principal
from api.schemas.queue import (
    AckBody,
    ExtendBody,
    LeaseAnswer,
    LeaseBody,
    NackBody,
    OutcomesAnswer,
    ParkedAnswer,
    QueueAnswer,
    UnparkAnswer,
    UnparkBody,
    UnparkOutcomeAnswer,
    read_holds,
    show_depth,
    show_leased,
    show_outcomes,
    show_parked,
)
from api.schemas.types import Cursor, Page, PageSize, decode_cursor, encode_cursor
from api.services import Services
from api.store.leases import ack, extend, nack
from api.store.queue import depths, list_parked

router = APIRouter(prefix="/v1/queue", tags=["queue"])

LOOK_EVERY_S: Final = 0.3
"""A case that becomes ready is handed to who waits within half a second."""
PROBLEMS: Final = problem_responses(401, 403, 413, 422, 429, 503)

ServicesHere = Annotated[Services, Depends(get_services)]
Consumer = Annotated[Principal, Depends(require("queue"))]
Reader = Annotated[Principal, Depends(require("read"))]


@router.post(
    "/lease",
    operation_id="lease",
    summary="Take the cases that come first",
    response_model=LeaseAnswer,
    responses=PROBLEMS,
)
async def lease(
    body: LeaseBody, request: Request, services: ServicesHere, principal: Consumer
) -> Any:
    """Hold up to `n` cases for `seconds`: by priority, then age.

    **At least once.** A case is handed out again when its lease runs out before `ack`, also if
    this answer got lost on its way. Work on it so that doing it twice does no harm; `lease_token`
    tells the later holder from the earlier, whose `ack` is refused.

    A case that was handed out as often as the rules allow (`queue_tries`) without an `ack` is
    parked instead, until a person puts it back.
    """
    order = LeaseOrder(body.states, body.labels, body.grid, body.n, body.seconds)
    clock = asyncio.get_running_loop()
    ends_at = clock.time() + body.wait_s
    while True:
        handed = await run_in_threadpool(lease_cases, services, principal, order)
        if handed or not await _wait_for_work(request, services, principal, order, ends_at):
            return LeaseAnswer(leased=tuple(show_leased(one) for one in handed))


async def _wait_for_work(
    request: Request, services: Services, principal: Principal, order: LeaseOrder, ends_at: float
) -> bool:
    """Sleep until something is ready; False: time is up, or nobody waits any more.

    Between two short looks it holds neither a thread nor a connection.
    """
    clock = asyncio.get_running_loop()
    while (left_s := ends_at - clock.time()) > 0:
        await asyncio.sleep(min(LOOK_EVERY_S, left_s))
        if services.stopping.is_set() or await request.is_disconnected():
            return False
        if await run_in_threadpool(is_work_ready, services, principal, order):
            return True
    return False


@router.post(
    "/ack",
    operation_id="acknowledge",
    summary="Cases are done with",
    response_model=OutcomesAnswer,
    responses=PROBLEMS,
)
def acknowledge(body: AckBody, services: ServicesHere, principal: Consumer) -> Any:
    """Take cases out of the queue until their state changes. Twice is fine.

    The answer is 200 with an outcome for each item: `lease_lost` says that the case was handed out
    again, moved on, was parked or ended, and that nothing was changed. A lease that ran out counts
    as long as the case was not handed out again.
    """
    with services.database.write() as connection:
        good = ack(connection, read_holds(body.items), key_id=principal.id, now=services.clock())
    return show_outcomes(body.items, good)


@router.post(
    "/nack",
    operation_id="give_back",
    summary="Cases are given back",
    response_model=OutcomesAnswer,
    responses=PROBLEMS,
)
def give_back(body: NackBody, services: ServicesHere, principal: Consumer) -> Any:
    """Let others have the cases, after a pause. Outcomes are as in `ack`."""
    with services.database.write() as connection:
        good = nack(
            connection,
            read_holds(body.items),
            key_id=principal.id,
            now=services.clock(),
            pause_s=body.pause_s,
            error=body.error,
        )
    return show_outcomes(body.items, good)


@router.post(
    "/extend",
    operation_id="extend_leases",
    summary="Cases take longer",
    response_model=OutcomesAnswer,
    responses=PROBLEMS,
)
def extend_leases(body: ExtendBody, services: ServicesHere, principal: Consumer) -> Any:
    """Hold cases for `seconds` from now. Outcomes are as in `ack`."""
    with services.database.write() as connection:
        good = extend(
            connection,
            read_holds(body.items),
            key_id=principal.id,
            now=services.clock(),
            seconds=body.seconds,
        )
    return show_outcomes(body.items, good)


@router.get(
    "",
    operation_id="show_queue",
    summary="How deep the queue is",
    response_model=QueueAnswer,
    responses=problem_responses(401, 403, 422, 429, 503),
)
def show_queue(services: ServicesHere, principal: Reader) -> Any:
    """Count cases by state and standing.

    `ready` may be leased now, `leased` is held, `paused` was given back and rests, `taken` was
    acknowledged in its present state, `parked` was tried too often.
    """
    with services.database.read() as connection:
        found = depths(connection, services.clock(), principal.grids)
    return QueueAnswer(depths=tuple(show_depth(one) for one in found))


@router.get(
    "/parked",
    operation_id="list_parked_cases",
    summary="Cases that were tried too often",
    response_model=Page[ParkedAnswer],
    responses=problem_responses(401, 403, 422, 429, 503),
)
def list_parked_cases(
    services: ServicesHere,
    principal: Reader,
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> Any:
    """List parked cases, by id."""
    after = None if cursor is None else _read_cursor(cursor)
    with services.database.read() as connection:
        found = list_parked(connection, grids=principal.grids, after=after, limit=limit)
    return Page[ParkedAnswer](
        items=tuple(show_parked(one) for one in found),
        next=encode_cursor([found[-1].case_id]) if len(found) == limit else None,
    )


@router.post(
    "/unpark",
    operation_id="unpark",
    summary="Put parked cases back",
    response_model=UnparkAnswer,
    responses=PROBLEMS,
)
def unpark(
    body: UnparkBody,
    services: ServicesHere,
    principal: Annotated[Principal, Depends(require("judge"))],
) -> Any:
    """Put cases back into the queue, with their tries counted anew.

    A case that is not parked, does not exist or is not for this key is `not_parked`.
    """
    done = unpark_cases(services, principal, body.case_ids)
    return UnparkAnswer(
        outcomes=tuple(
            UnparkOutcomeAnswer(case_id=case_id, outcome="unparked" if one else "not_parked")
            for case_id, one in zip(body.case_ids, done, strict=True)
        )
    )


def _read_cursor(cursor: str) -> str:
    case_id: str = decode_cursor(cursor, (str,))[0]
    if not is_id(case_id):
        raise InvalidError(
            "bad_cursor", "This page token is not one of this list.", "Begin again without it."
        )
    return case_id
