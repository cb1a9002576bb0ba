"""The form of a photo's score in answers: schema 1 of `street-issues score`, as OpenAPI says it."""

from typing import Any, Final, Literal

from pydantic import Field

from api.schemas.types import Answer, Latitude, Longitude
from detector.detections import Severity


class FindingAnswer(Answer):
    """One issue in a photo."""

    id: str = Field(description="The same for the same file and model.")
    label: str
    score: float = Field(ge=0, le=1)
    box_xyxy: tuple[float, float, float, float] = Field(
        description="Left, top, right, bottom in pixels of the full-size upright picture."
    )
    flagged: bool = Field(description="The score reaches the label's threshold.")
    severity: Severity
    evidence: dict[str, Any]


class PositionAnswer(Answer):
    """Where the photo says it was taken."""

    lat: Latitude
    lon: Longitude
    datum: Literal["wgs84"]


class WarningAnswer(Answer):
    """Something odd about a photo that was scored all the same."""

    code: str
    message: str


class ModelAnswer(Answer):
    """Which model gave the answer."""

    name: str
    version: str
    sha256: str


class ScoreAnswer(Answer):
    """What was found in a photo."""

    schema_: Literal[1] = Field(alias="schema")
    source: str = Field(description="The file's name as it was sent.")
    sha256: str = Field(description="Of the file's bytes.")
    image_wh: tuple[int, int] = Field(description="Width and height in pixels, upright.")
    captured_at: str | None = Field(
        description="ISO 8601, from the photo; without an offset it is the camera's local time."
    )
    position: PositionAnswer | None
    findings: tuple[FindingAnswer, ...] = Field(
        description="Best first. Empty: the model found nothing, which a person may see otherwise."
    )
    warnings: tuple[WarningAnswer, ...]
    model: ModelAnswer
    elapsed_ms: float
    error: None = Field(
        default=None, description="Always null: a photo that cannot be scored is a problem."
    )


SCORE_EXAMPLE: Final[dict[str, Any]] = {
    "schema": 1,
    "source": "IMG_2041.jpg",
    "sha256": "b6a2f1d0c3e4958677a8b9cadbecfd0e1f2031425364758697a8b9cadbecfd0e",
    "image_wh": [4000, 3000],
    "captured_at": "2026-03-02T09:00:00+08:00",
    "position": {"lat": 31.2304, "lon": 121.4737, "datum": "wgs84"},
    "findings": [
        {
            "id": "b6a2f1d0c3e49586-0",
            "label": "overflowing_bin",
            "score": 0.87,
            "box_xyxy": [812.0, 1190.5, 1604.2, 2401.0],
            "flagged": True,
            "severity": "medium",
            "evidence": {},
        }
    ],
    "warnings": [],
    "model": {
        "name": "street-issues-n",
        "version": "0.2.0",
        "sha256": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    },
    "elapsed_ms": 38.2,
    "error": None,
}
