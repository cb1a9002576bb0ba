"""What a visitor may do with a case from where it stands, and by which key."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from api.cases.case import Case
from api.cases.states import MOVES, MoveName
from api.web.visitor import Visitor

ActionName = Literal[
    "accept", "dismiss", "dispatch", "recall", "handle", "report_back", "check", "send_back",
    "close", "evaluate", "reopen", "merge", "correct",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the case page."""

    name: ActionName
    key: str
    zh: str
    en: str
    dialog: bool = True
    """It asks for something first."""
    kind: Literal["primary", "danger", ""] = ""

    @property
    def move(self) -> MoveName | None:
        """The move of the life cycle behind it, if it is just one."""
        return self.name if self.name in MOVES else None  # type: ignore[return-value]


_ALL: Final = (
    Action("accept", "a", "属实立案", "Accept", dialog=False, kind="primary"),
    Action("dispatch", "d", "派遣", "Dispatch", kind="primary"),
    Action("handle", "h", "处理完毕", "Handled", dialog=False, kind="primary"),
    Action("report_back", "b", "处理反馈", "Report back", dialog=False, kind="primary"),
    Action("check", "c", "核查通过", "Check passed", kind="primary"),
    Action("close", "z", "结案", "Close", kind="primary"),
    Action("evaluate", "p", "评价", "Evaluate"),
    Action("send_back", "v", "核查不通过", "Send back", kind="danger"),
    Action("recall", "y", "撤回派遣", "Recall"),
    Action("dismiss", "x", "注销", "Dismiss", kind="danger"),
    Action("merge", "m", "合并", "Merge"),
    Action("reopen", "o", "重新打开", "Reopen"),
    Action("correct", "i", "更正", "Correct"),
)
ACTIONS: Final = MappingProxyType({action.name: action for action in _ALL})


def list_actions(case: Case, visitor: Visitor) -> tuple[Action, ...]:
    """Return what there is to do, the usual first; nothing for who only reads."""
    return tuple(action for action in _ALL if _fits(action, case, visitor))


def _fits(action: Action, case: Case, visitor: Visitor) -> bool:
    if action.name == "accept":
        return visitor.may("judge") and case.state in ("collected", "verified")
    if action.name == "correct":
        return visitor.may("judge") and case.ended_at is None
    move = MOVES[action.name]
    return visitor.may(move.right) and case.state in move.sources
