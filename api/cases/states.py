"""The life cycle of a case: which moves there are, from where, to where, and who may make them.

After the stages of GB/T 30428.2 as deployed platforms use them: 信息采集 → 案卷建立 → 任务派遣 →
任务处理 → 处理反馈 → 核查结案 → 综合评价.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from api.errors import IllegalMoveError

CaseState = Literal[
    "collected",  # 信息采集: reported, nobody has looked
    "verified",  # 核实: a person or a trusted source says that it is so
    "filed",  # 立案: the bureau takes it on
    "dismissed",  # 注销: nothing to do
    "dispatched",  # 任务派遣: a unit has to handle it; its deadline runs
    "handled",  # 任务处理: the unit says that it is done
    "reported_back",  # 处理反馈: with proof
    "checked",  # 核查: somebody saw that it is done
    "sent_back",  # 核查不通过: it is not done
    "closed",  # 结案
    "evaluated",  # 综合评价
    "merged",  # the same problem as another case
]
STATES: Final[tuple[CaseState, ...]] = get_args(CaseState)

ENDED: Final[frozenset[CaseState]] = frozenset({"dismissed", "closed", "evaluated", "merged"})
"""Nobody has to do anything; a new report of the same problem opens a new case."""


@dataclass(frozen=True, slots=True)
class StateNames:
    """How a state is shown to people."""

    zh: str
    en: str


STATE_NAMES: Final[Mapping[CaseState, StateNames]] = MappingProxyType(
    {
        "collected": StateNames("已采集，待核实", "collected, waits to be verified"),
        "verified": StateNames("已核实，待立案", "verified, waits to be filed"),
        "filed": StateNames("已立案，待派遣", "filed, waits to be dispatched"),
        "dismissed": StateNames("已注销", "dismissed"),
        "dispatched": StateNames("已派遣，处理中", "dispatched, being handled"),
        "handled": StateNames("已处理，待反馈", "handled, waits for proof"),
        "reported_back": StateNames("已反馈，待核查", "reported back, waits to be checked"),
        "checked": StateNames("核查通过，待结案", "checked, waits to be closed"),
        "sent_back": StateNames(
            "核查不通过，待重新派遣", "sent back, waits to be dispatched again"
        ),
        "closed": StateNames("已结案", "closed"),
        "evaluated": StateNames("已评价", "evaluated"),
        "merged": StateNames("已并入其他案件", "merged into another case"),
    }
)

MoveName = Literal[
    "verify",
    "file",
    "dismiss",
    "dispatch",
    "recall",
    "handle",
    "report_back",
    "check",
    "send_back",
    "close",
    "evaluate",
    "reopen",
    "merge",
]


@dataclass(frozen=True, slots=True)
class Move:
    """One way from a state to another."""

    name: MoveName
    sources: frozenset[CaseState]
    target: CaseState
    right: Literal["judge", "handle"]
    """Who may: those who judge cases, or those who handle them."""
    needs_reason: bool = False
    """It takes something back or ends it, so it says why."""


def _move(
    name: MoveName,
    sources: str,
    target: CaseState,
    right: Literal["judge", "handle"] = "judge",
    *,
    needs_reason: bool = False,
) -> Move:
    states = frozenset(state for state in STATES if state in sources.split())
    return Move(name, states, target, right, needs_reason)


MOVES: Final[Mapping[MoveName, Move]] = MappingProxyType(
    {
        move.name: move
        for move in (
            _move("verify", "collected", "verified"),
            _move("file", "verified", "filed"),
            _move("dismiss", "collected verified filed", "dismissed", needs_reason=True),
            _move("dispatch", "filed sent_back", "dispatched"),
            _move("recall", "dispatched", "filed", needs_reason=True),
            _move("handle", "dispatched", "handled", "handle"),
            _move("report_back", "handled", "reported_back", "handle"),
            _move("check", "reported_back", "checked"),
            _move("send_back", "reported_back checked", "sent_back", needs_reason=True),
            _move("close", "checked", "closed"),
            _move("evaluate", "closed", "evaluated"),
            # What was ended by mistake, or came back, is looked at again from the start.
            _move("reopen", "dismissed closed evaluated", "collected", needs_reason=True),
            _move(
                "merge",
                "collected verified filed dispatched handled reported_back checked sent_back",
                "merged",
            ),
        )
    }
)


def find_move(name: MoveName, state: CaseState) -> Move:
    """Return the move of this name, if it may be made from the state.

    Raises:
        IllegalMoveError: It may not; names the moves that may.
    """
    move = MOVES[name]
    if state not in move.sources:
        possible = ", ".join(allowed_moves(state)) or "none"
        raise IllegalMoveError(
            "illegal_move",
            f"A case that is {state} cannot make the move {name!r}.",
            f"From here: {possible}.",
        )
    return move


def allowed_moves(state: CaseState) -> tuple[MoveName, ...]:
    """Return the moves that may be made from a state, in the life cycle's order."""
    return tuple(move.name for move in MOVES.values() if state in move.sources)
