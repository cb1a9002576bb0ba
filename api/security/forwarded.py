"""Whom a proxy speaks for, and a word of warning when a proxy is not believed."""

import logging

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

logger = logging.getLogger(__name__)

_HEADER = b"x-forwarded-for"


class ForwardedHeaders:
    """Puts a proxy's client in the place of the proxy's own address, if it is trusted.

    One that is not trusted is told of once: every client behind it counts as one address then, so
    one that sends wrong keys or too much is limited together with all the others.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: str) -> None:
        """Stand before an app.

        Args:
            app: What comes next.
            trusted_proxies: Addresses and networks, separated by commas; "*": all.
        """
        self._proxied = ProxyHeadersMiddleware(app, trusted_hosts=trusted_proxies)  # type: ignore[arg-type]  # uvicorn types messages one by one
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if not self._has_warned and scope["type"] == "http":
            self._look(scope)
        await self._proxied(scope, receive, send)  # type: ignore[arg-type]  # as above

    def _look(self, scope: Scope) -> None:
        if not any(name == _HEADER for name, _ in scope["headers"]):
            return
        peer = (scope.get("client") or (None,))[0]
        if peer not in self._proxied.trusted_hosts:
            self._has_warned = True
            logger.warning(
                "forwarded_header_ignored",
                extra={"peer": peer, "hint": "Is it your proxy? Name it in trusted_proxies."},
            )
