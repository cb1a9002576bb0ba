"""What waits for a person, by what there is to do, and until when."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, get_args

from api.cases.case import Case
from api.cases.states import CaseState

Lane = Literal["review", "dispatch", "handling", "check"]
LANES: Final[tuple[Lane, ...]] = get_args(Lane)

LANE_STATES: Final[Mapping[Lane, tuple[CaseState, ...]]] = MappingProxyType(
    {
        "review": ("collected", "verified"),
        "dispatch": ("filed", "sent_back"),
        "handling": ("dispatched", "handled"),
        "check": ("reported_back", "checked"),
    }
)
"""Every state that has not ended stands in one lane."""

REVIEWED_BY: Final[frozenset[CaseState]] = frozenset({"collected"})
"""States whose deadline is that of the review."""
HANDLED_BY: Final[frozenset[CaseState]] = frozenset({"dispatched", "handled", "sent_back"})
"""States whose deadline is that of the handling."""


def lane_of(state: CaseState) -> Lane | None:
    """Return the lane in which a state waits; None: it has ended."""
    return next((lane for lane in LANES if state in LANE_STATES[lane]), None)


def deadline_of(case: Case) -> datetime | None:
    """Return until when somebody has to act; None: nobody has to, or without a limit."""
    if case.state in REVIEWED_BY:
        return case.review_due_at
    return case.due_at if case.state in HANDLED_BY else None


def is_overdue(case: Case, now: datetime) -> bool:
    """Tell whether the deadline that the case waits for has passed."""
    deadline = deadline_of(case)
    return deadline is not None and deadline < now
