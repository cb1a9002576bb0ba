"""The queue as the API shows it."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from api.cases.states import CaseState
from api.casework.queueing import Handed
from api.schemas.cases import EXAMPLE_ID, CaseAnswer, show_case
from api.schemas.types import Answer, Body, GridCode, Id, Label, ShortText, UtcDatetime, Whole
from api.store.leases import LONGEST_WAIT_S, Hold
from api.store.queue import Depth, Parked, Standing

MOST_ITEMS: Final = 100
LONGEST_POLL_S: Final = 30
"""Under the minute after which proxies give up on a silent answer."""

Seconds = Annotated[Whole, Field(ge=10, le=LONGEST_WAIT_S)]


class LeaseBody(Body):
    """What a consumer wants to work on."""

    states: Annotated[tuple[CaseState, ...], Field(min_length=1, max_length=12)] = Field(
        ("dispatched",), description="A platform that judges by itself takes `collected`."
    )
    labels: tuple[Label | None, ...] = Field(
        (), max_length=50, description="null: cases without a label; empty: all."
    )
    grid: GridCode | None = Field(None, description="Prefix of grid codes.")
    n: Whole = Field(10, ge=1, le=MOST_ITEMS, description="At most so many.")
    seconds: Seconds = Field(300, description="How long they are held.")
    wait_s: Whole = Field(
        0, ge=0, le=LONGEST_POLL_S, description="With nothing ready, wait so long for something."
    )


class LeasedAnswer(Answer):
    """A case, held for the key that asked."""

    case: CaseAnswer
    path: str = Field(examples=[f"/v1/cases/{EXAMPLE_ID}"])
    lease_token: int = Field(
        description="Send it with ack, nack and extend. It grows whenever the case is handed out.",
        examples=[1772413200001],
    )
    leased_until: UtcDatetime
    attempts: int = Field(description="1: the first time in this state.", examples=[1])
    last_error: str | None = Field(description="Why it was given back the last time.")


class LeaseAnswer(Answer):
    """Cases handed out, first things first."""

    leased: tuple[LeasedAnswer, ...] = Field(
        description="By priority, then age. Fewer than `n` does not mean that no more are ready."
    )


class HoldBody(Body):
    """A case that is held."""

    case_id: Id = Field(examples=[EXAMPLE_ID])
    lease_token: Whole = Field(ge=0, lt=2**53, examples=[1772413200001])


Holds = Annotated[tuple[HoldBody, ...], Field(min_length=1, max_length=MOST_ITEMS)]


class AckBody(Body):
    """Cases that are done with in their present state."""

    items: Holds


class NackBody(Body):
    """Cases that are given back."""

    items: Holds
    pause_s: Whole = Field(0, ge=0, le=LONGEST_WAIT_S, description="Not handed out for so long.")
    error: ShortText | None = Field(
        None, description="Why; kept with the case. No personal data.", examples=["timeout"]
    )


class ExtendBody(Body):
    """Cases that take longer."""

    items: Holds
    seconds: Seconds = Field(300, description="Held for so long from now.")


class OutcomeAnswer(Answer):
    """What became of one item."""

    case_id: Id = Field(examples=[EXAMPLE_ID])
    lease_token: int = Field(examples=[1772413200001])
    outcome: Literal["done", "lease_lost"]


class OutcomesAnswer(Answer):
    """What became of each item, in the order sent."""

    outcomes: tuple[OutcomeAnswer, ...]


class UnparkBody(Body):
    """Cases to put back."""

    case_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        examples=[[EXAMPLE_ID]]
    )


class UnparkOutcomeAnswer(Answer):
    """What became of one case."""

    case_id: Id = Field(examples=[EXAMPLE_ID])
    outcome: Literal["unparked", "not_parked"]


class UnparkAnswer(Answer):
    """What became of each case, in the order sent."""

    outcomes: tuple[UnparkOutcomeAnswer, ...]


class DepthAnswer(Answer):
    """How many cases of one state stand in one way."""

    state: str = Field(examples=["dispatched"])
    standing: Standing
    count: int = Field(examples=[12])
    oldest_opened_at: UtcDatetime


class QueueAnswer(Answer):
    """The queue, counted."""

    depths: tuple[DepthAnswer, ...] = Field(description="What is empty is left out.")


class ParkedAnswer(Answer):
    """A case that was handed out too often."""

    case_id: Id = Field(examples=[EXAMPLE_ID])
    state: str = Field(examples=["dispatched"])
    parked_at: UtcDatetime
    attempts: int = Field(examples=[5])
    last_error: str | None = Field(examples=["timeout"])


def read_holds(items: Sequence[HoldBody]) -> tuple[Hold, ...]:
    """Return what is claimed to be held."""
    return tuple(Hold(one.case_id, one.lease_token) for one in items)


def show_outcomes(items: Sequence[HoldBody], good: Sequence[bool]) -> OutcomesAnswer:
    """Return what became of each item."""
    return OutcomesAnswer(
        outcomes=tuple(
            OutcomeAnswer(
                case_id=item.case_id,
                lease_token=item.lease_token,
                outcome="done" if one else "lease_lost",
            )
            for item, one in zip(items, good, strict=True)
        )
    )


def show_leased(handed: Handed) -> LeasedAnswer:
    """Return a case that is held."""
    return LeasedAnswer(
        case=show_case(handed.case),
        path=f"/v1/cases/{handed.case.id}",
        lease_token=handed.lease.lease_token,
        leased_until=handed.lease.leased_until,
        attempts=handed.lease.attempts,
        last_error=handed.lease.last_error,
    )


def show_depth(depth: Depth) -> DepthAnswer:
    """Return a count."""
    return DepthAnswer(
        state=depth.state,
        standing=depth.standing,
        count=depth.count,
        oldest_opened_at=depth.oldest_since,
    )


def show_parked(parked: Parked) -> ParkedAnswer:
    """Return a case that was handed out too often."""
    return ParkedAnswer(
        case_id=parked.case_id,
        state=parked.state,
        parked_at=parked.parked_at,
        attempts=parked.attempts,
        last_error=parked.last_error,
    )
