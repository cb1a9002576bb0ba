"""Changing the language."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from api.web.addresses import own_path
from api.web.languages import COOKIE
from detector.labels import Language

router = APIRouter(include_in_schema=False)
YEAR_S = 31_536_000


@router.get("/language")
async def choose_language(
    request: Request, to: Language, back: Annotated[str, Query(max_length=2000)] = "/"
) -> RedirectResponse:
    """Remember a language and go back to the page."""
    answer = RedirectResponse(own_path(back), 303)
    answer.set_cookie(
        COOKIE, to, max_age=YEAR_S, samesite="lax", secure=request.url.scheme == "https"
    )
    return answer
