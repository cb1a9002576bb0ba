import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest

from detector.detections import Finding, ImageScore, ModelReference, ScoreFailure, ScoreWarning
from detector.errors import PHOTO_ERROR_CODES
from detector.labels import CONTEXT_LABELS, ISSUE_LABELS
from detector.photo_facts import PhotoFacts, Position
from detector.score_json import SCHEMA_PATH, format_json_line, score_to_json

FINDING = Finding("0123456789abcdef-0", "illegal_poster", 0.9, (1.0, 2.0, 3.5, 4.0), True, "small")
SCORE = ImageScore(
    source="a.jpg",
    sha256="0" * 64,
    image_wh=(40, 30),
    findings=(replace(FINDING, evidence={"phones": ["13800000000"]}),),
    context=(replace(FINDING, label="bin", flagged=False),),
    facts=PhotoFacts(
        datetime(2026, 5, 1, 12, 0, 0, tzinfo=timezone(timedelta(hours=8))), Position(39.9, 116.4)
    ),
    warnings=(ScoreWarning("odd", "Odd."),),
    model=ModelReference("made-up", "1.0.0", "1" * 64),
    elapsed_ms=1.5,
    error=None,
)
FAILED = replace(
    SCORE,
    sha256=None,
    image_wh=None,
    findings=(),
    context=(),
    facts=PhotoFacts(),
    error=ScoreFailure("empty", "Empty.", "Send it again."),
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(content)
    return content


@pytest.mark.parametrize("score", [SCORE, FAILED])
@pytest.mark.parametrize("context", [True, False])
def test_answers_fit_the_published_schema(
    schema: dict[str, Any], score: ImageScore, context: bool
) -> None:
    content = json.loads(format_json_line(score, context=context))
    jsonschema.validate(content, schema)
    assert ("context" in content) is context


def test_the_answer_says_what_it_should() -> None:
    content = score_to_json(SCORE)
    assert content["captured_at"] == "2026-05-01T12:00:00+08:00"
    assert content["position"] == {"lat": 39.9, "lon": 116.4, "datum": "wgs84"}
    assert content["findings"] == [
        {
            "id": "0123456789abcdef-0",
            "label": "illegal_poster",
            "score": 0.9,
            "box_xyxy": [1.0, 2.0, 3.5, 4.0],
            "flagged": True,
            "severity": "small",
            "evidence": {"phones": ["13800000000"]},
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"score": 1.5},
        {"label": "bin"},
        {"severity": "huge"},
        {"flagged": "yes"},
        {"box_xyxy": [1, 2, 3]},
        {"extra": 1},
    ],
)
def test_the_schema_refuses_a_wrong_finding(schema: dict[str, Any], change: dict[str, Any]) -> None:
    content = score_to_json(SCORE)
    content["findings"][0].update(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_the_schemas_lists_are_the_codes(schema: dict[str, Any]) -> None:
    assert schema["$defs"]["error"]["properties"]["code"]["enum"] == list(PHOTO_ERROR_CODES)
    finding = schema["properties"]["findings"]["items"]["allOf"][1]
    assert finding["properties"]["label"]["enum"] == list(ISSUE_LABELS)
    context = schema["properties"]["context"]["items"]["allOf"][1]
    assert context["properties"]["label"]["enum"] == list(CONTEXT_LABELS)


def test_a_name_that_is_not_unicode_keeps_the_line_whole() -> None:
    line = format_json_line(replace(SCORE, source="b\udcffd\n.jpg"))
    assert "\n" not in line
    assert json.loads(line)["source"] == "b\\udcffd\n.jpg" or "udcff" in line
    line.encode("utf-8")
