"""Signing in to the console, and out."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.errors import ForbiddenError, RateLimitedError, UnauthenticatedError
from api.http.deps import client_address, get_door, get_services, limit_address
from api.security.lock_out import LockOut
from api.security.sessions import CsrfError, sign_in, sign_out
from api.web.addresses import own_path
from api.web.forms import PageForm
from api.web.pages import show_page
from api.web.visitor import SESSION_COOKIE, Visitor, is_from_elsewhere, visit

router = APIRouter(prefix="/console", include_in_schema=False)

HOME: Final = "/console"
COOKIE_PATH: Final = "/console"


class SignInForm(PageForm):
    """A key, and where to go with it."""

    key: str = Field(default="", max_length=300)
    next: str = Field(default=HOME, max_length=2000)


@router.get("/login", dependencies=[Depends(limit_address)])
def show_login(
    request: Request,
    next: Annotated[str, Query(max_length=2000)] = HOME,  # noqa: A002  the field's name
) -> Response:
    """Show the form."""
    return show_page(request, "login.html", next=own_path(next, HOME), problem=None)


@router.post("/login")
async def log_in(request: Request, form: Annotated[SignInForm, Form()]) -> Response:
    """Begin a session, or say why not."""
    # There is no session yet to bind a token to: other sites' forms are told by the browser.
    if is_from_elsewhere(request):
        raise CsrfError()
    services, door = get_services(request), get_door(request)
    lock_out: LockOut = request.app.state.lock_out
    address = client_address(request)
    try:
        session, cookie = await run_in_threadpool(
            sign_in, services, door, lock_out, form.key, address
        )
    except (UnauthenticatedError, ForbiddenError, RateLimitedError) as error:
        refusal = show_page(
            request, "login.html", error.status, next=own_path(form.next, HOME), problem=error
        )
        if isinstance(error, RateLimitedError):
            refusal.headers["Retry-After"] = str(error.retry_after_s)
        return refusal
    request.state.actor = session.principal.actor
    answer = RedirectResponse(own_path(form.next, HOME), 303)
    answer.set_cookie(
        SESSION_COOKIE,
        cookie,
        path=COOKIE_PATH,
        max_age=round(services.settings.session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def log_out(
    request: Request,
    visitor: Annotated[Visitor, Depends(visit("read"))],
    form: Annotated[PageForm, Form()],
) -> Response:
    """End the session."""
    del form
    sign_out(get_services(request), visitor.session)
    answer = RedirectResponse("/console/login", 303)
    answer.delete_cookie(SESSION_COOKIE, path=COOKIE_PATH)
    return answer
