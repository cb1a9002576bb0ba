"""Errors as people see them: a page, a line for htmx, or a problem document for scripts."""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi.responses import RedirectResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.http.problems import MEDIA_TYPE, Problem, describe
from api.web.pages import show_page

_SIGN_IN: Final = frozenset({"signed_out", "session_ended"})


def show_problem(request: Request, problem: Problem) -> Response:
    """Answer with an error in the form that the asker reads."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(describe(request, problem), problem.status, media_type=MEDIA_TYPE)
    partial = request.headers.get("hx-request") == "true"
    if problem.code in _SIGN_IN:
        return _lead_to_sign_in(request, partial)
    template = "problem_part.html" if partial else "problem.html"
    return show_page(request, template, problem.status, problem=problem)


def _lead_to_sign_in(request: Request, partial: bool) -> Response:
    back = request.url.path if request.method == "GET" else "/console"
    if request.url.query and request.method == "GET":
        back += f"?{request.url.query}"
    target = f"/console/login?next={quote(back, safe='/')}"
    if partial:  # htmx would put the form into the middle of the page.
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": target})
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)
