"""One log line and one measurement for each request, under a name that the answer carries."""

import contextvars
import logging
import re
import time
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics

logger = logging.getLogger("api.access")

request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)
"""Of the request that the present code works for; `api.logs` writes it into each line."""

_ID_FORM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
NO_ANSWER: Final = 499
"""Logged when the client went away before the answer began (nginx's number)."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Names each request, logs and measures it. Pure ASGI.

    The line holds the route's template and no query string, body or path parameter: notes,
    contacts, positions and tokens stand there. X-Request-Id is taken over if it is harmless.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Stand before an app."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then tell of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _name(Headers(scope=scope).get("x-request-id"))
        token = request_id.set(name)
        scope.setdefault("state", {})["request_id"] = name
        status = NO_ANSWER
        began = time.perf_counter()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            self._tell(scope, status, time.perf_counter() - began)
            request_id.reset(token)

    def _tell(self, scope: Scope, status: int, elapsed_s: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.request_seconds.labels(method, route, str(status)).observe(elapsed_s)
        logger.info(
            "request",
            extra={
                "method": method,
                "route": route,
                "status": status,
                "elapsed_ms": round(elapsed_s * 1000, 1),
                "actor": scope["state"].get("actor"),
            },
        )


def _name(sent: str | None) -> str:
    return sent if sent is not None and _ID_FORM.fullmatch(sent) else uuid4().hex
