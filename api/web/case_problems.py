"""Refusals of the case page, where it shows the case anew with what was typed."""

from collections.abc import Mapping
from typing import Final

from api.errors import ApiError
from api.web.problem_words import word_error
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
    "not_found": ("找不到这个案件号。", "There is no case of this number."),
}
REASONS_MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "check": (
        "没有证明已解决的处置后照片：请另交一张，或填写您如何确认已解决。",
        "No after-photo proves that it is resolved: ask for another, or say how you know.",
    ),
    "close": (
        "闭环核查认为未解决：请退回，或填写仍然结案的理由。",
        "The closing check found that it is not resolved: send it back, or say why it is.",
    ),
}


def word_problem(showing: Showing, error: ApiError, action: str) -> str:
    """Return a refusal in words.

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
    return word_error(showing.language, error)
