"""Lines of feedback: the parser and the published schema take and refuse the same."""

import copy
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import DatasetError
from datasets.feedback import SCHEMA_PATH, JudgedFinding, parse_feedback, read_feedback
from datasets.records import LabelledBox

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text(encoding="utf-8")))

LINE: Mapping[str, Any] = {
    "schema": 1,
    "photo": {
        "sha256": "ab" * 32,
        "file_name": "IMG_1.jpg",
        "captured_at": "2026-05-01T08:00:00+08:00",
        "image_wh": [200, 100],
        "group": "camera 7, 2026-05-01",
    },
    "model": {"name": "street-issues", "version": "1.0.0"},
    "box_unit": "pixel",
    "findings": [
        {"label": "bin", "score": 0.5, "box_xyxy": [20, 10, 100, 60], "verdict": "true"},
        {"label": "bin", "score": 1, "box_xyxy": [0, 0, 20, 20], "verdict": "false"},
        {
            "label": "garbage",
            "score": 0.25,
            "box_xyxy": [0, 0, 20, 20],
            "verdict": "wrong_label",
            "right_label": "bin",
            "right_box_xyxy": [0, 0, 40, 20],
        },
        {
            "label": "site_dust",
            "score": 0.25,
            "box_xyxy": [0, 0, 20, 20],
            "verdict": "moved",
            "right_box_xyxy": [-5, 0, 400, 100],
        },
    ],
    "added": [{"label": "garbage", "box_xyxy": [100, 50, 200, 100]}],
    "reviewed": ["bin"],
    "reviewer_role": "operator",
    "reviewed_at": "2026-05-02T10:00:00+08:00",
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    line = copy.deepcopy(dict(LINE))
    change(line)
    return line


def test_a_line_is_read_in_shares() -> None:
    line = parse_feedback(json.dumps(LINE), "f.jsonl, line 1")
    assert VALIDATOR.is_valid(LINE)
    assert (line.sha256, line.file_name, line.image_wh) == ("ab" * 32, "IMG_1.jpg", (200, 100))
    assert line.model == LINE["model"] and line.group == "camera 7, 2026-05-01"
    assert line.reviewed == {"bin"} and line.reviewed_at == datetime(2026, 5, 2, 2, tzinfo=UTC)
    true, false, wrong, moved = line.findings
    box = LabelledBox("bin", (0.1, 0.1, 0.5, 0.6))
    assert true == JudgedFinding(box, 0.5, "true", box)
    assert false.right is None
    assert wrong.right == LabelledBox("bin", (0, 0, 0.2, 0.2))
    assert moved.right == LabelledBox("site_dust", (0, 0, 1, 1))
    assert line.added == (LabelledBox("garbage", (0.5, 0.5, 1, 1)),)


def first(line: dict[str, Any]) -> dict[str, Any]:
    finding: dict[str, Any] = line["findings"][0]
    return finding


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "schema": lambda line: line.update(schema=2),
    "no photo": lambda line: line.pop("photo"),
    "unknown key": lambda line: line.update(reviewer_name="Li Lei"),
    "unknown photo key": lambda line: line["photo"].update(owner="Li Lei"),
    "hash": lambda line: line["photo"].update(sha256="AB" * 32),
    "file name": lambda line: line["photo"].update(file_name=""),
    "captured_at": lambda line: line["photo"].update(captured_at=5),
    "group": lambda line: line["photo"].update(group=""),
    "size": lambda line: line["photo"].update(image_wh=[200]),
    "size of zero": lambda line: line["photo"].update(image_wh=[200, 0]),
    "size unknown": lambda line: line["photo"].update(image_wh=None),
    "size missing": lambda line: line["photo"].pop("image_wh"),
    "model": lambda line: line.update(model="street-issues"),
    "model version": lambda line: line["model"].pop("version"),
    "unit": lambda line: line.update(box_unit="percent"),
    "findings": lambda line: line.update(findings={}),
    "finding": lambda line: line.update(findings=[1]),
    "score": lambda line: first(line).update(score=1.5),
    "score as text": lambda line: first(line).update(score="0.5"),
    "score as bool": lambda line: first(line).update(score=True),
    "verdict": lambda line: first(line).update(verdict=True),
    "label": lambda line: first(line).update(label=3),
    "box": lambda line: first(line).update(box_xyxy=[0, 0, 1]),
    "box of texts": lambda line: first(line).update(box_xyxy=["0", 0, 1, 1]),
    "right label": lambda line: first(line).update(right_label="bin"),
    "right box": lambda line: first(line).update(right_box_xyxy=[0, 0, 1, 1]),
    "no right label": lambda line: first(line).update(verdict="wrong_label"),
    "no right box": lambda line: first(line).update(verdict="moved"),
    "added": lambda line: line["added"][0].pop("label"),
    "reviewed": lambda line: line.update(reviewed="bin"),
    "reviewed label": lambda line: line.update(reviewed=[""]),
    "role": lambda line: line.update(reviewer_role="Li Lei"),
    "time": lambda line: line.update(reviewed_at=5),
}


@pytest.mark.parametrize("name", WRONG)
def test_parser_and_schema_refuse_alike(name: str) -> None:
    line = changed(WRONG[name])
    assert not VALIDATOR.is_valid(line)
    with pytest.raises(DatasetError, match=r"f\.jsonl, line 3: "):
        parse_feedback(json.dumps(line), "f.jsonl, line 3")


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.update(reviewed_at="2026-05-02T10:00:00"),
        lambda line: line.update(reviewed_at="yesterday"),
        lambda line: first(line).update(box_xyxy=[5, 5, 5, 9]),
        lambda line: first(line).update(box_xyxy=[300, 5, 400, 9]),
        lambda line: first(line).update(box_xyxy=[10**400, 5, 400, 9]),
        lambda line: first(line).update(box_xyxy=[float("nan"), 5, 400, 9]),
    ],
)
def test_what_a_schema_cannot_say_is_refused_too(
    change: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(DatasetError):
        parse_feedback(json.dumps(changed(change)), "x")


def test_what_may_be_missing() -> None:
    def lean(line: dict[str, Any]) -> None:
        line["photo"] = {"sha256": "00" * 32, "file_name": "a.jpg"}
        line.update(model=None, findings=[], added=[], reviewed=[], box_unit="share")

    line = changed(lean)
    assert VALIDATOR.is_valid(line)
    parsed = parse_feedback(json.dumps(line), "x")
    assert (parsed.model, parsed.group, parsed.image_wh) == (None, None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    key=st.sampled_from([*LINE, "photo.image_wh", "photo.sha256", "findings.0", "added.0"]),
    value=json_values,
)
def test_whatever_stands_there_is_refused_in_words(key: str, value: object) -> None:
    line = copy.deepcopy(dict(LINE))
    *way, last = key.split(".")
    place: Any = line
    for step in way:
        place = place[step]
    place[int(last) if last.isdigit() else last] = value
    try:
        parse_feedback(json.dumps(line), "x")
    except DatasetError as error:
        assert error.message.startswith("x: ")


def test_files_of_a_folder_are_read_in_order_and_bad_lines_are_told(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text("\n{\n", encoding="utf-8")
    text = json.dumps(LINE, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(f"{text}\n\n{text}", encoding="utf-8")
    one, two, bad = read_feedback(tmp_path)
    assert not isinstance(one, DatasetError) and one.where == "a.jsonl, line 1"
    assert not isinstance(two, DatasetError) and two.where == "a.jsonl, line 3"
    assert isinstance(bad, DatasetError) and "b.jsonl, line 2" in bad.message
    with pytest.raises(DatasetError, match="cannot be read"):
        list(read_feedback(tmp_path / "none.jsonl"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"no \.jsonl file"):
        list(read_feedback(tmp_path / "empty"))


def test_the_line_in_the_docs_is_of_the_schema() -> None:
    page = Path(__file__).parents[2] / "docs" / "datasets.md"
    (block,) = re.findall(r"```json\n(.+?)\n```", page.read_text(encoding="utf-8"), re.DOTALL)
    VALIDATOR.validate(json.loads(block))
    assert len(parse_feedback(block, "docs").findings) == 2
