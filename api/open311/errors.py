"""Errors as Open311 words them: a list of code and description, in the format asked for."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from api.http.problems import Problem
from api.open311.formats import make_answer

PREFIX: Final = "/open311/v2"
"""Addresses under which errors are answered so."""
_KEPT: Final = frozenset({403, 404, 405, 429})
"""The standard names 400, 403 and 404; the other two say what no other code does."""


def render_problem(request: Request, problem: Problem) -> Response:
    """Answer with an error: 403 for the key, 404 for what is not there, 400 for the rest of 4xx."""
    status = open311_status(problem.status)
    said = [f"{error.path}: {error.message}" for error in problem.errors]
    texts = said or [f"{problem.detail} {problem.hint}".strip()]
    errors = [{"code": status, "description": text} for text in texts]
    return make_answer(request, "errors", errors, status)


def open311_status(status: int) -> int:
    """Return the status that Open311 clients expect for one of ours."""
    if status == 401:
        return 403
    return status if status >= 500 or status in _KEPT else 400


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's description of errors in this form."""
    errors = {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["code", "description"],
            "properties": {"code": {"type": "integer"}, "description": {"type": "string"}},
        },
    }
    example = "<errors><error><code>404</code><description>…</description></error></errors>"
    return {
        status: {
            "description": _WORDS[status],
            "content": {"application/json": {"schema": errors}, "text/xml": {"example": example}},
        }
        for status in statuses
    }


_WORDS: Final = {
    400: "What was sent is incomplete or makes no sense.",
    403: "The key is missing, unknown, or may not do this.",
    404: "It does not exist.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "The service cannot answer now; Retry-After says when to come back.",
}
