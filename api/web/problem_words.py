"""Refusals in the reader's language: pages, their parts, and JSON for their scripts."""

import re
from dataclasses import replace
from typing import Final

from api.errors import ApiError
from api.http.problems import FieldError, Problem
from api.web.problem_table import WORDS
from detector.labels import Language

_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
_FIELD_NAMES: Final = {
    **{"name": "名称", "code": "编号", "reason": "理由", "unit": "处置单位", "address": "地址"},
    **{"label": "类别", "grid": "网格", "grids": "网格范围", "state": "状态", "note": "说明"},
    **{"lat": "纬度", "lng": "经度", "role": "角色", "url": "推送地址", "q": "搜索内容"},
    **{"from": "起始日期", "until": "结束日期", "rating": "评价", "photo": "照片"},
    **{"opened_from": "起始日期", "opened_before": "结束日期", "source": "来源", "order": "排序"},
}
_FIELD_WORDS: Final = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"Field required", "须填写"),
        (r"String should have at least (\d+) characters?", r"至少 \1 个字符"),
        (r"String should have at most (\d+) characters?", r"最多 \1 个字符"),
        (r"(?:List|Tuple) should have at most (\d+) items? .*", r"最多 \1 项"),
        (r"(?:List|Tuple) should have at least (\d+) items? .*", r"至少 \1 项"),
        (r"Input should be greater than or equal to (\S+)", r"不小于 \1"),
        (r"Input should be less than or equal to (\S+)", r"不大于 \1"),
        (r"Input should be greater than (\S+)", r"大于 \1"),
        (r"Input should be less than (\S+)", r"小于 \1"),
        (r"Input should be a valid integer.*", "应为整数"),
        (r"Input should be a valid number.*", "应为数字"),
        (r"Input should be a valid date.*", "应为日期，如 2026-03-02"),
        (r"Input should be a valid boolean.*", "应为是或否"),
        (r"Extra inputs are not permitted", "没有这一项"),
        (r"This is not JSON\.", "不是有效的 JSON"),
    )
)


def word_problem(language: Language, problem: Problem) -> Problem:
    """Return a problem in the reader's language.

    One whose words are Chinese already, as a page's own check gave them, stays as it is; so does
    one of a code without words, which a test keeps from the console.

    Args:
        language: The reader's.
        problem: As the service says it.
    """
    if _CHINESE.search(problem.detail):
        return problem
    words = say_code(language, problem.code)
    if words is None:
        return problem
    errors = problem.errors
    if language == "zh":
        errors = tuple(FieldError(_name_field(one.path), _word_field(one)) for one in errors)
    return replace(problem, detail=words, hint="", errors=errors)


def word_error(language: Language, error: ApiError) -> str:
    """Return a refusal that stands within a page."""
    words = None if _CHINESE.search(error.message) else say_code(language, error.code)
    return words or " ".join(part for part in (error.message, error.hint) if part)


def say_code(language: Language, code: str) -> str | None:
    """Return the words for a code; None: the service's own are the best there are."""
    zh, en = WORDS.get(code, (None, None))
    return zh if language == "zh" else en


def _name_field(path: str) -> str:
    last = next((part for part in reversed(path.split(".")) if not part.isdigit()), path)
    return _FIELD_NAMES.get(last, last)


def _word_field(error: FieldError) -> str:
    for pattern, chinese in _FIELD_WORDS:
        match = pattern.fullmatch(error.message)
        if match:
            return match.expand(chinese)
    return "填写有误"
