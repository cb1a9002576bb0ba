"""Refusals in words: every code that a page can show has its Chinese."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from api.errors import ConflictError
from api.http.problems import FieldError, Problem
from api.web.problem_table import NEVER_ON_PAGES, WORDS
from api.web.problem_words import word_error, word_problem
from detector.errors import PHOTO_ERROR_CODES

if TYPE_CHECKING:
    from starlette.testclient import TestClient

NO_CODES: Final = frozenset({"delivery", "rules"})
"""A loop's name, and a kind of pydantic's."""
ROOT: Final = Path(__file__).parents[3]
CODE: Final = re.compile(r"[a-z]+(_[a-z]+)*")
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
RAISERS: Final = re.compile(r"\w*Error|__init__|Problem|_wrong|_refuse|_not_read")
WITHOUT_CODE: Final = frozenset(
    {"NotFoundError", "UnauthenticatedError", "UsageError", "OutputError", "GeometryError"}
    | {"ExtraMissingError", "CommandError", "ValueError", "AssertionError", "_CellError"}
    | {"ConnectionError", "ArgumentTypeError", "RuntimeError", "TypeError", "OSError", "FieldError"}
    | {"FeatureError"}
)
"""Their first argument is no code."""


def find_codes() -> dict[str, str]:
    """Return the literal codes with which errors are made, and where."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for code in set(_codes_of(node)) - NO_CODES:
                found.setdefault(code, f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]  # A call
    return found


def _codes_of(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name: str = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
    if not RAISERS.fullmatch(name) or name in WITHOUT_CODE:
        return
    at = 1 if name == "Problem" else 0
    if len(node.args) > at and isinstance(node.args[at], ast.Constant):
        code = node.args[at].value  # type: ignore[attr-defined]  # A constant
        if isinstance(code, str) and CODE.fullmatch(code):
            yield code


def test_every_code_has_words_or_never_comes_to_a_page() -> None:
    found = find_codes()
    assert len(found) > 100
    assert "case_changed" in found and "box_invalid" in found
    unsaid = {code: at for code, at in found.items() if code not in {*WORDS, *NEVER_ON_PAGES}}
    assert not unsaid
    assert not [code for code in PHOTO_ERROR_CODES if code not in WORDS]
    assert not NEVER_ON_PAGES & set(WORDS)


def test_words_are_chinese_and_end() -> None:
    for code, (zh, en) in WORDS.items():
        assert CHINESE.search(zh) and zh.endswith("。"), code
        assert en is None or (not CHINESE.search(en) and en.endswith(".")), code


def test_a_problem_in_either_language() -> None:
    said = Problem(409, "case_ended", "The case ended at 9.", "Reopen it.")
    assert word_problem("zh", said).detail == "案件已经结束，请先重新打开。"
    assert word_problem("en", said).detail == "The case has ended: reopen it first."
    exact = Problem(422, "file_not_json", "The file is no JSON: line 1.", "Export it.")
    assert word_problem("en", exact) == exact
    assert word_error("en", ConflictError("unheard_of", "No.", "Wait.")) == "No. Wait."


def test_what_a_page_said_in_chinese_stays() -> None:
    said = Problem(422, "zone_invalid", "第 1 个区域：边线相互交叉。")
    assert word_problem("zh", said) == said


@pytest.mark.parametrize(
    ("path", "english", "chinese"),
    [
        ("body.reason", "String should have at most 1000 characters", "理由: 最多 1000 个字符"),
        ("query.page", "Field required", "page: 须填写"),
        ("query.state.0", "Input should be 'a' or 'b'", "状态: 填写有误"),
    ],
)
def test_fields_in_chinese(path: str, english: str, chinese: str) -> None:
    problem = Problem(422, "invalid_request", "No.", errors=(FieldError(path, english),))
    (said,) = word_problem("zh", problem).errors
    assert f"{said.path}: {said.message}" == chinese
    (kept,) = word_problem("en", problem).errors
    assert (kept.path, kept.message) == (path, english)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_parts_and_json_speak_the_readers_language(
    client: "TestClient", enter: Callable[..., str]
) -> None:
    enter("operator")
    gone = "/console/cases/01890a5d-ac96-774b-bcce-b302099a8057"
    zh, en = {"Accept-Language": "zh-CN"}, {"Accept-Language": "en"}
    assert "没有找到，或不在您的网格范围内" in client.get(gone, headers=zh).text
    assert "It does not exist, or lies outside" in client.get(gone, headers=en).text
    part = client.get(gone, headers=zh | {"HX-Request": "true"})
    assert "没有找到" in part.text and "<html" not in part.text
    asked = {"Accept": "application/json"}
    problem = client.get(gone, headers=zh | asked).json()
    assert (problem["code"], problem["hint"]) == ("not_found", "")
    assert problem["detail"].startswith("没有找到")
    wrong = client.get("/console/ledger?state=quark", headers=zh)
    assert wrong.status_code == 422
    assert "填写的内容有误" in wrong.text and "状态" in wrong.text
    assert "Input should" not in wrong.text
