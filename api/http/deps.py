"""What routes ask for: the services, and who is asking."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.errors import ForbiddenError
from api.http.upload_room import leave_room_to_keys
from api.principal import Principal, Right
from api.security.door import Door
from api.security.rate_limit import name_address
from api.services import Services

_BEARER: Final = HTTPBearer(
    scheme_name="bearer", description="`Authorization: Bearer sid_…`", auto_error=False
)
_HEADER: Final = APIKeyHeader(
    name="X-API-Key", scheme_name="header", description="`X-API-Key: sid_…`", auto_error=False
)

BearerCredentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
HeaderKey = Annotated[str | None, Security(_HEADER)]


def get_services(request: Request) -> Services:
    """Return what the app was made with."""
    services: Services = request.app.state.services
    return services


def get_door(request: Request) -> Door:
    """Return the app's keys and limits."""
    door: Door = request.app.state.door
    return door


def client_address(request: Request) -> str:
    """Return what the asker's address is counted under; proxies were undone by the server."""
    return name_address(request.client.host) if request.client is not None else "unknown"


def require(right: Right) -> Callable[..., Awaitable[Principal]]:
    """Return a dependency that lets in only keys with a right, and answers with who it is.

    The key stands in `Authorization: Bearer KEY` or in `X-API-Key: KEY`. Its requests are
    counted, too.
    """

    async def check_key(request: Request, bearer: BearerCredentials, key: HeaderKey) -> Principal:
        secret = bearer.credentials if bearer is not None else key
        return _check_right(await identify(request, secret), right)

    return check_key


def _check_right(principal: Principal, right: Right) -> Principal:
    if not principal.may(right):
        raise ForbiddenError(
            "right_missing",
            f"A key with the role {principal.role} may not do this.",
            f"It needs the right {right}: ask an administrator for another key.",
        )
    return principal


async def key_or_none(
    request: Request, bearer: BearerCredentials, key: HeaderKey
) -> Principal | None:
    """Let anybody in; answers with who it is if a key was sent, and refuses a wrong one."""
    secret = bearer.credentials if bearer is not None else key
    if secret:
        return await identify(request, secret)
    await limit_address(request)
    return None


async def report_or_none(
    request: Request, bearer: BearerCredentials, key: HeaderKey
) -> Principal | None:
    """Let in who reports: by a key with that right, or, where the service is set so, anybody.

    Reports without a key are counted for their address before their body is read, and share half
    of the room for bodies.

    Raises:
        UnauthenticatedError: A wrong key; or none, and the service asks for one.
        ForbiddenError: The key may not report.
        RateLimitedError: Too many requests, or too many reports without a key.
    """
    secret = bearer.credentials if bearer is not None else key
    if secret or not get_services(request).settings.citizen_page:
        return _check_right(await identify(request, secret), "report")
    get_door(request).admit_report(client_address(request))
    leave_room_to_keys(request)
    return None


async def limit_address(request: Request) -> None:
    """Let anybody in, as often as one address may ask.

    Raises:
        RateLimitedError: Too many requests came from there.
    """
    get_door(request).admit(client_address(request))


async def identify(request: Request, secret: str | None) -> Principal:
    """Return who holds a key, wherever the request carried it.

    Raises:
        UnauthenticatedError: No key, or none that is known.
        RateLimitedError: The key was used too often, or too many wrong keys came from there.
        StorageError: The database does not answer.
    """
    door = get_door(request)
    principal = door.recall(secret) if secret else None
    if principal is None:
        principal = await run_in_threadpool(door.identify, secret, client_address(request))
    request.state.actor = principal.actor  # For the access log.
    return principal
