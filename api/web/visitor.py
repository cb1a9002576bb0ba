"""Who looks at the console: a session, its rights, and proof that a form is from our pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.errors import ForbiddenError
from api.http.deps import get_door, get_services
from api.principal import Principal, Right
from api.security.sessions import CsrfError, check_csrf_token, find_session
from api.store.sessions import Session

SESSION_COOKIE: Final = "street_issues_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
SAME_SITE: Final = ("same-origin", "none")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_URLENCODED: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    session: Session

    @property
    def principal(self) -> Principal:
        """Whose key it was."""
        return self.session.principal

    def may(self, right: Right) -> bool:
        """Tell whether they have the right."""
        return self.principal.may(right)


def visit(right: Right, *, by_itself: bool = False) -> Callable[[Request], Awaitable[Visitor]]:
    """Return a dependency that lets in who is signed in and has a right.

    What changes something (any method but GET) needs the session's CSRF token, in the header
    X-CSRF-Token or in the field `csrf` of a form that is no upload.

    Args:
        right: Which they need.
        by_itself: Pages ask for this without anybody's doing: it keeps no session awake.
    """

    async def check(request: Request) -> Visitor:
        services = get_services(request)
        cookie = request.cookies.get(SESSION_COOKIE)
        session = await run_in_threadpool(find_session, services, cookie, touches=not by_itself)
        visitor = Visitor(session)
        get_door(request).count(visitor.principal)
        request.state.actor = visitor.principal.actor  # For the access log.
        request.state.visitor = visitor  # For the pages' frame, of errors, too.
        if request.method not in _SAFE:
            check_csrf_token(services, session.id, await _read_token(request))
        if not visitor.may(right):
            raise ForbiddenError(
                "right_missing",
                f"A key with the role {visitor.principal.role} may not do this.",
                f"It needs the right {right}: ask an administrator for another key.",
            )
        return visitor

    return check


async def _read_token(request: Request) -> str:
    """Return the token that came along.

    Raises:
        CsrfError: None did, or the browser says that another site's page sent this.
    """
    if request.headers.get("sec-fetch-site", "none") not in SAME_SITE:
        raise CsrfError()
    token = request.headers.get(CSRF_HEADER)
    if token is None and _holds_form(request):
        token = (await request.form()).get(CSRF_FIELD)  # type: ignore[assignment]  # No file
    if not token:
        raise CsrfError()
    return token


def is_from_elsewhere(request: Request) -> bool:
    """Tell whether the browser says that another site's page sent a form that holds no token.

    Over plain HTTP browsers keep Sec-Fetch-Site to themselves, but name the page's Origin. Ports
    are left out: proxies pass on names without them. No page can forge X-Forwarded-Host.
    """
    headers = request.headers
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] not in SAME_SITE
    if "origin" not in headers:
        return False
    own = (headers.get(name, "") for name in ("host", "x-forwarded-host"))
    return _host(headers["origin"]) not in [_host(f"//{one}") for one in own if one]


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _holds_form(request: Request) -> bool:
    """Tell whether a small form came, to a route that takes one.

    What routes read by themselves may be as large as a photo: none of that is parsed here.
    """
    takes_form = getattr(request.scope.get("route"), "body_field", None) is not None
    return takes_form and request.headers.get("content-type", "").startswith(_URLENCODED)
