"""The answer as JSON, schema 1; the JSON Schema stands beside it in image_score.schema.json."""

import json
from pathlib import Path
from typing import Any, Final

from detector.detections import Finding, ImageScore

SCHEMA: Final = 1
SCHEMA_PATH: Final = Path(__file__).with_name("image_score.schema.json")


def score_to_json(score: ImageScore, *, context: bool = False) -> dict[str, Any]:
    """Turn an answer into JSON-ready objects.

    Args:
        score: The answer.
        context: Add the context labels.

    Returns:
        An object that fits the published schema.
    """
    position, captured_at = score.facts.position, score.facts.captured_at
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "source": score.source,
        "sha256": score.sha256,
        "image_wh": None if score.image_wh is None else list(score.image_wh),
        "captured_at": None if captured_at is None else captured_at.isoformat(),
        "position": None
        if position is None
        else {"lat": position.lat, "lon": position.lon, "datum": position.datum},
        "findings": [finding_to_json(finding) for finding in score.findings],
    }
    if context:
        content["context"] = [finding_to_json(finding) for finding in score.context]
    content |= {
        "warnings": [{"code": one.code, "message": one.message} for one in score.warnings],
        "model": {
            "name": score.model.name,
            "version": score.model.version,
            "sha256": score.model.sha256,
        },
        "elapsed_ms": score.elapsed_ms,
        "error": None
        if score.error is None
        else {
            "code": score.error.code,
            "message": score.error.message,
            "hint": score.error.hint,
        },
    }
    return content


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Turn one finding into JSON-ready objects."""
    return {
        "id": finding.id,
        "label": finding.label,
        "score": finding.score,
        "box_xyxy": list(finding.box_xyxy),
        "flagged": finding.flagged,
        "severity": finding.severity,
        "evidence": dict(finding.evidence),
    }


def format_json_line(score: ImageScore, *, context: bool = False) -> str:
    """Return the answer as one line of JSON, without the line's end.

    A file name that is not valid Unicode keeps its bytes as escapes instead of breaking the line.
    """
    text = json.dumps(score_to_json(score, context=context), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
