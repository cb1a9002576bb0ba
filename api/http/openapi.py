"""What /openapi.json says beside the routes."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.schemas.types import ProblemBody

DESCRIPTION: Final = """\
Finds illegal posters, overflowing bins, street vending and site dust in street photos, opens a
case for what it finds, and keeps the case until somebody has checked that the place is clean.

**Keys.** Send `Authorization: Bearer KEY` or `X-API-Key: KEY`. `street-issues-api keys create`
makes keys; a role says what a key may do, and grid prefixes where.

**Errors** are RFC 9457 problem details (`application/problem+json`): `code` stays the same over
versions, `hint` says what to do. 429 and 503 carry `Retry-After`.

**Positions** are latitude and longitude in degrees with a datum: `wgs84` (GPS, EXIF), `gcj02`
(AMap, Tencent), `bd09` (Baidu). Answers are WGS-84. **Times** are UTC.
"""

TAGS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "score", "description": "Score a photo and keep nothing."},
    {"name": "reports", "description": "Hand a report in and follow it."},
    {"name": "cases", "description": "The life cycle of a case."},
    {"name": "photos", "description": "Pictures with faces and plates blurred; originals."},
    {"name": "queue", "description": "Lease cases, acknowledge them; at least once."},
    {"name": "webhooks", "description": "Events by Standard Webhooks, as CloudEvents."},
    {"name": "feedback", "description": "Verdicts on findings, for the next training."},
    {"name": "cameras", "description": "Cameras, their zones, heartbeats and incidents."},
    {"name": "grid", "description": "Unit grid cells."},
    {"name": "toilets", "description": "Public toilets near a place."},
    {"name": "open311", "description": "Open311 GeoReport v2."},
    {"name": "audit", "description": "Who did what."},
    {"name": "health", "description": "Is it alive, is it ready, how is it doing."},
)


def describe_api(app: FastAPI) -> None:
    """Let the app's OpenAPI hold the problem schema that the routes refer to."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemBody"] = problem
    _drop_default_validation(document, schemas)
    return document


def _drop_default_validation(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    # FastAPI says that every route may answer 422 in a form of its own, which ours never do.
    own = {"$ref": "#/components/schemas/HTTPValidationError"}
    for path in document.get("paths", {}).values():
        for operation in path.values():
            refusal = operation.get("responses", {}).get("422")
            content = refusal.get("content", {}) if refusal else {}
            if content.get("application/json", {}).get("schema") == own:
                refusal["description"] = "What was sent makes no sense."
                refusal["content"] = {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/ProblemBody"}
                    }
                }
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
