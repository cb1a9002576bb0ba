"""Refusals of the case page in the reader's language."""

from collections.abc import Mapping
from typing import Final

from api.errors import ApiError
from api.web.shown import Showing

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "case_changed": (
        "这个案件刚刚被别人更改。下面是最新情况，请看过后再决定；您填写的内容已保留。",
        "Somebody else changed this case in the meantime. It is shown anew below: look, then"
        " decide. What you typed is kept.",
    ),
    "illegal_move": (
        "案件的状态已变，不能再做这一步。下面是最新情况。",
        "The case has moved on and this step is no longer possible. It is shown anew below.",
    ),
    "case_ended": ("案件已经结束，请先重新打开。", "The case has ended; reopen it first."),
    "move_forbidden": (
        "您的密钥没有做这一步的权限。",
        "Your key does not have the right to do this.",
    ),
    "reopen_too_late": (
        "结束时间过久，不能重新打开，请重新上报。",
        "It ended too long ago to be reopened: report the problem again.",
    ),
    "merge_into_itself": ("不能并入自身。", "A case cannot be merged into itself."),
    "merge_choice": (
        "请选择一个案件，或填写案件号。",
        "Choose a case, or type a case's number.",
    ),
    "not_found": ("找不到这个案件号。", "There is no case of this number."),
    "split_reports": (
        "请选择要拆出的上报，并至少留下一条。",
        "Choose the reports to split off, and leave at least one.",
    ),
    "place_out_of_reach": (
        "这个位置不在您的网格范围内。",
        "This place lies outside your grid cells.",
    ),
    "position_invalid": ("坐标不正确。", "This is no place on earth."),
    "position_incomplete": ("请同时填写纬度和经度。", "A position has a latitude and a longitude."),
    "label_unknown": ("没有这个类别。", "There is no such label."),
    "unit_missing": ("请填写处置单位。", "Say which unit is to handle it."),
}
REASONS_MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "check": (
        "没有证明已解决的处理后照片：请提交照片，或填写您如何确认已解决。",
        "No after-photo proves it: ask for one, or say how you know that it is resolved.",
    ),
    "close": (
        "闭环核查认为未解决：请退回，或填写仍然结案的理由。",
        "The closing check found that it is not resolved: send it back, or say why it is.",
    ),
}


def word_problem(showing: Showing, error: ApiError, action: str) -> str:
    """Return a refusal in words; of one that is new here, its own.

    Args:
        showing: To whom.
        error: What was refused.
        action: What was asked for.
    """
    if error.code == "reason_missing":
        otherwise = ("请填写理由。", "Say why.")
        return showing.choose(*REASONS_MISSING.get(action, otherwise))
    if error.code in WORDS:
        return showing.choose(*WORDS[error.code])
    return " ".join(part for part in (error.message, error.hint) if part)
