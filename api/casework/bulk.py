"""One move for many cases: each in a transaction of its own, so that one refusal stops no other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from api.cases.case import Case
from api.casework.moving import MoveOrder, check_may_move, move_case
from api.errors import ApiError, InvalidError, StorageError
from api.principal import Principal
from api.services import Services
from api.store.cases import get_cases

MOST_CASES: Final = 200


@dataclass(frozen=True, slots=True)
class SeenCase:
    """A case as somebody saw it."""

    case_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case."""

    case_id: str
    case: Case | None
    """As it is now; None: there is none, or not for this key."""
    error: ApiError | None
    """Why it was not moved; None: it was."""

    @property
    def failed(self) -> bool:
        """Whether it was not moved."""
        return self.error is not None


def move_cases(
    services: Services, principal: Principal, seen: Sequence[SeenCase], order: MoveOrder
) -> tuple[Outcome, ...]:
    """Make the same move with many cases.

    Args:
        services: What the service works with.
        principal: Who moves.
        seen: The cases, each once counts.
        order: The move; its version is that of each case.

    Returns:
        What came of each, in the order asked. Once the database fails, the rest is not tried.

    Raises:
        InvalidError: They are too many, or none.
        ForbiddenError: The key may not make this move with any case.
    """
    once = {one.case_id: one for one in seen}
    if not 1 <= len(once) <= MOST_CASES:
        raise InvalidError(
            "bad_batch", f"Between 1 and {MOST_CASES} cases are moved at once.", "Choose fewer."
        )
    check_may_move(principal, order.move)
    with services.database.read() as connection:
        known = get_cases(connection, list(once))
    outcomes: list[Outcome] = []
    failure: StorageError | None = None
    for one in once.values():
        before = known.get(one.case_id)
        shown = before if before is not None and principal.sees(before.grid_code) else None
        if failure is not None:
            outcomes.append(Outcome(one.case_id, shown, failure))
            continue
        try:
            moved = move_case(services, principal, one.case_id, replace(order, version=one.version))
        except StorageError as error:
            failure = error
            outcomes.append(Outcome(one.case_id, shown, error))
        except ApiError as error:
            outcomes.append(Outcome(one.case_id, shown, error))
        else:
            outcomes.append(Outcome(one.case_id, moved, None))
    return tuple(outcomes)
