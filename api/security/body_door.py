"""Which requests may have a large body."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.upload_room import BODIES, UploadRoom
from api.security.body_limit import BodyLimit

SMALL_BYTES: Final = 2**20
"""A thousand acknowledgements are 100 kB."""
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class BodyDoor:
    """Lets large bodies through to those routes only that look at the key first. Pure ASGI.

    A route that declares its body has it read, and parsed, before its key is looked at: without
    this, anybody could have the server parse as much JSON as a photo may weigh.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, uploads: Sequence[re.Pattern[str]]) -> None:
        """Stand before an app.

        Args:
            app: What comes next.
            most_bytes: Largest body of all.
            uploads: Paths of the routes that read their body themselves.
        """
        self._large = BodyLimit(app, most_bytes, room=UploadRoom(BODIES * most_bytes))
        self._small = BodyLimit(app, min(most_bytes, SMALL_BYTES))
        self._uploads = tuple(uploads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its limit."""
        large = scope["type"] == "http" and any(
            pattern.match(scope["path"]) for pattern in self._uploads
        )
        await (self._large if large else self._small)(scope, receive, send)


def find_uploads(routers: Iterable[APIRouter]) -> tuple[re.Pattern[str], ...]:
    """Return the paths of the routes that take a body and do not declare it."""
    return tuple(
        route.path_regex
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        and (route.methods or set()) & _WITH_BODY
        and route.body_field is None
    )
