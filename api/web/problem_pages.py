"""Errors as people see them: a page, a line for htmx, or a problem document for scripts."""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi.responses import RedirectResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.http.problems import MEDIA_TYPE, Problem, describe
from api.web.addresses import own_path
from api.web.languages import choose_language
from api.web.pages import show_page
from api.web.problem_words import word_problem

HOME: Final = "/console"
_OF_PAGE: Final = re.compile(r"https?://[^/]+(/[^#]*)")
"""What htmx says in HX-Current-URL; the fragment stays with the browser."""
_SIGN_IN: Final = frozenset({"signed_out", "session_ended"})


def show_problem(request: Request, problem: Problem) -> Response:
    """Answer with an error in the form that the asker reads."""
    problem = word_problem(choose_language(request), problem)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(describe(request, problem), problem.status, media_type=MEDIA_TYPE)
    partial = request.headers.get("hx-request") == "true"
    if problem.code in _SIGN_IN:
        return _lead_to_sign_in(request, partial)
    template = "problem_part.html" if partial else "problem.html"
    return show_page(request, template, problem.status, problem=problem)


def _lead_to_sign_in(request: Request, partial: bool) -> Response:
    back = _find_page(request, partial)
    target = f"/console/login?next={quote(back, safe='/')}"
    if partial:  # htmx would put the form into the middle of the page.
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": target})
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def _find_page(request: Request, partial: bool) -> str:
    """Return where to go on after signing in: a whole page, never the part of one."""
    if partial:
        page = _OF_PAGE.match(request.headers.get("hx-current-url", ""))
        return own_path(page[1] if page else "", HOME)
    if request.method != "GET":
        return HOME
    path, query = quote(request.url.path, safe="/%"), request.url.query
    return f"{path}?{query}" if query else path
