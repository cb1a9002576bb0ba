"""Errors as answers: RFC 9457 problem details with a code and what to do."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.errors import ApiError
from detector.errors import InferenceError, PhotoError, StreetIssueError

logger = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "urn:street-issues:problem:"
MEDIA_TYPE: Final = "application/problem+json"
MOST_VALIDATION_ERRORS: Final = 50
"""Shown of one request: a body of a million wrong rows needs no million lines."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent."""

    path: str
    """Where: body.position.lat, query.limit, headers.idempotency-key."""
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error on its way out."""

    status: int
    code: str
    detail: str
    hint: str = ""
    errors: tuple[FieldError, ...] = ()
    retry_after_s: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


Renderer: TypeAlias = Callable[[Request, Problem], Response]
"""Makes an answer in the form that a part of the address space has agreed on with others."""


def problem_of(error: Exception) -> Problem:
    """Return what to tell about an error; of one that nobody foresaw, only that it happened."""
    if isinstance(error, ApiError):
        retry_after_s: int | None = getattr(error, "retry_after_s", None)
        return Problem(
            error.status, error.code, error.message, error.hint, retry_after_s=retry_after_s
        )
    if isinstance(error, PhotoError):
        return Problem(422, error.code, error.message, error.hint)
    if isinstance(error, InferenceError):
        return Problem(503, error.code, "The photo could not be scored.", "Try again later.")
    if isinstance(error, RequestValidationError):
        return _validation_problem(error)
    if isinstance(error, HTTPException):
        return _http_problem(error)
    return Problem(
        500,
        "internal",
        "Something went wrong that should not.",
        "Tell the operators of this service the X-Request-Id of this answer.",
    )


def respond(request: Request, problem: Problem) -> Response:
    """Make the answer, in the form that the address asks for."""
    renderers: Sequence[tuple[str, Renderer]] = request.app.state.problem_renderers
    response = None
    for prefix, render in renderers:
        if request.url.path.startswith(prefix):
            response = render(request, problem)
            break
    if response is None:
        response = JSONResponse(
            describe(request, problem), status_code=problem.status, media_type=MEDIA_TYPE
        )
    for name, value in problem.headers:
        response.headers[name] = value
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def describe(request: Request, problem: Problem) -> dict[str, Any]:
    """Return the problem as RFC 9457 names its members."""
    content: dict[str, Any] = {
        "type": PROBLEM_TYPE + problem.code,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "hint": problem.hint,
        "instance": request.url.path,
    }
    if problem.errors:
        content["errors"] = [
            {"path": error.path, "message": error.message} for error in problem.errors
        ]
    return content


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route declares in `responses` for the problems it may answer with.

    Args:
        statuses: Such as 404, 409. 422 is best always among them; 401, 403 and 429 come with any
            key, 503 with any use of the database.
    """
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/ProblemBody"},
                    "example": _example(status),
                }
            },
        }
        for status in sorted(statuses)
    }


def _example(status: int) -> dict[str, Any]:
    code, detail, hint = _EXAMPLES[status]
    return {
        "type": PROBLEM_TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
        "instance": "/v1/cases/01890a5d-ac96-774b-bcce-b302099a8057",
    }


def install_problems(app: FastAPI, renderers: Sequence[tuple[str, Renderer]] = ()) -> None:
    """Let every foreseen error be answered as a problem.

    Unforeseen ones are caught by `UnforeseenErrors`, which stands inside the other middlewares,
    so that such an answer has their headers too.

    Args:
        app: The app.
        renderers: Prefixes of paths, and the other form in which errors are answered there.
    """
    app.state.problem_renderers = tuple(renderers)
    for kind in (StreetIssueError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A full queue is news for the operators without a trace; a lost database comes with what
        # it said, and so does what nobody foresaw.
        trace = error if problem.code == "internal" or error.__cause__ is not None else None
        logger.error("answered_with_error", extra={"code": problem.code}, exc_info=trace)
    return respond(request, problem)


def _validation_problem(error: RequestValidationError) -> Problem:
    found = [
        FieldError(".".join(str(part) for part in one["loc"]), one["msg"])
        for one in error.errors()[:MOST_VALIDATION_ERRORS]
        if one["type"] != "json_invalid"
    ]
    if not found:
        found = [FieldError("body", "This is not JSON.")]
    return Problem(
        422,
        "invalid_request",
        f"What was sent does not fit: {found[0].path}: {found[0].message}",
        "Correct what `errors` names; /openapi.json says what is taken.",
        tuple(found),
    )


def _http_problem(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI: a body that is not UTF-8 text.
        return _validation_problem(RequestValidationError([]))
    code, detail, hint = _HTTP_WORDS.get(
        error.status_code, ("refused", HTTPStatus(error.status_code).phrase, "")
    )
    headers = tuple((error.headers or {}).items())
    return Problem(error.status_code, code, detail, hint, headers=headers)


_HTTP_WORDS: Final[Mapping[int, tuple[str, str, str]]] = {
    404: ("no_such_address", "There is nothing at this address.", "See /openapi.json."),
    405: (
        "method_not_allowed",
        "This address does not take that method.",
        "The header Allow says which it takes.",
    ),
}

_MEANINGS: Final[Mapping[int, str]] = {
    400: "The request could not be read.",
    401: "No key, or none that is known.",
    403: "The key may not do this.",
    404: "It does not exist, or not for this key.",
    405: "The address does not take this method.",
    408: "The body came too slowly.",
    409: "It does not fit the present state.",
    410: "It was there, and was deleted for good.",
    413: "The body is larger than allowed.",
    415: "A media type that is not taken.",
    422: "What was sent makes no sense.",
    429: "Too many requests; Retry-After says when to come back.",
    500: "Something went wrong that should not.",
    503: "No room now, or storage does not answer; Retry-After says when to come back.",
    507: "No space is left.",
}

_EXAMPLES: Final[Mapping[int, tuple[str, str, str]]] = {
    400: ("bad_request", "The request could not be read.", "Check how the body is encoded."),
    401: ("unauthenticated", "This needs a key.", "Send the header Authorization: Bearer KEY."),
    403: (
        "right_missing",
        "A key with the role handler may not do this.",
        "It needs the right judge: ask an administrator for another key.",
    ),
    404: ("not_found", "There is no case '01890a5d'.", "Check the address."),
    405: _HTTP_WORDS[405],
    408: ("body_too_slow", "The body came too slowly.", "Send it over a better connection."),
    409: ("conflict", "It does not fit the present state.", "Read it again, then decide."),
    410: ("original_deleted", "The photo was deleted after its time.", "There is no copy."),
    413: ("too_large", "The body is larger than allowed.", "Send a smaller one."),
    415: ("unsupported_type", "This type is not taken.", "Send a JPEG."),
    422: ("invalid_request", "What was sent does not fit.", "Correct what `errors` names."),
    429: ("rate_limited", "Too many requests.", "Try again in 2 s."),
    500: ("internal", "Something went wrong that should not.", "Tell the operators."),
    503: ("database_unavailable", "The database does not answer.", "Try again in 2 s."),
    507: ("storage_full", "No space is left for photos.", "Nothing was stored."),
}
