"""The last net: errors that nobody foresaw are logged with their trace and answered without it."""

import logging

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_of, respond

logger = logging.getLogger(__name__)


class UnforeseenErrors:
    """Answers 500 without internals. Pure ASGI.

    It stands inside the other middlewares, where Starlette's own stands outside them, so that
    its answer has their headers and its line in the log. Then the error goes on to the server,
    as Starlette does: tests see it, and `api.logs` keeps the server from logging it again.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer if that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def send_watched(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except ClientDisconnect:
            return  # Nobody is left to answer.
        except Exception as error:
            logger.exception("unforeseen_error")
            if not began:
                answer = respond(Request(scope), problem_of(error))
                await answer(scope, receive, send)
            raise
