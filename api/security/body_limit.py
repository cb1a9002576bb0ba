"""What a body may cost: refused at the door when it is too large, cut off when it is too slow."""

import asyncio
import math
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, SlowBodyError, TooLargeError
from api.http.problems import problem_of, respond
from api.http.upload_room import UploadPlace, UploadRoom

IDLE_S: Final = 30.0
"""Longest silence within a body: a phone that changes cells is back by then."""
TOTAL_S: Final = 120.0
"""For the whole body: 25 MiB over a connection of 2 Mbit/s."""
MIB: Final = 1024 * 1024


class BodyLimit:
    """Bounds the size and the time of every request's body. Pure ASGI.

    A body whose Content-Length is over the limit is not read at all; one without it is cut where
    it grows over the limit. Such a connection is closed after the answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        most_bytes: int,
        idle_s: float = IDLE_S,
        total_s: float = TOTAL_S,
        room: UploadRoom | None = None,
    ) -> None:
        """Stand before an app.

        Args:
            app: What comes next.
            most_bytes: Largest body.
            idle_s: Longest wait for the next piece of a body.
            total_s: Longest wait for all of it, from when the app first asks for it.
            room: What the bodies share that a route takes room for; None: they need not.
        """
        self._app = app
        self._most_bytes = most_bytes
        self._idle_s = idle_s
        self._total_s = total_s
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless its body is over the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, receive, send, (self._idle_s, self._total_s), self._most_bytes)
        length = Headers(scope=scope).get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > self._most_bytes:
            passage.refusal = _too_large(self._most_bytes)
            await passage.answer()
            return
        place = None if self._room is None else UploadPlace(self._room, scope, self._most_bytes)
        try:
            await self._app(scope, passage.receive, passage.send)
        except Exception:
            if passage.refusal is None or passage.began:
                raise
        finally:
            if place is not None:
                place.give_back()
        if passage.refusal is not None and not passage.began:
            await passage.answer()


class _Passage:
    """One request on its way through."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        limits_s: tuple[float, float],
        most_bytes: int,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._idle_s, self._total_s = limits_s
        self._most_bytes = most_bytes
        self._n_bytes = 0
        self._deadline = math.inf
        self._is_whole = False
        self.refusal: ApiError | None = None
        self.began = False
        """An answer is on its way."""

    async def receive(self) -> Message:
        """Wait for the next piece, as long as the body may still come."""
        if self.refusal is not None:
            raise self.refusal
        if self._is_whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._deadline = min(self._deadline, now + self._total_s)
        try:
            async with asyncio.timeout_at(min(now + self._idle_s, self._deadline)):
                message = await self._receive()
        except TimeoutError:
            self.refusal = SlowBodyError(
                "body_too_slow",
                "The body came too slowly.",
                "Send it again over a better connection, or send a smaller photo.",
            )
            raise self.refusal from None
        self._n_bytes += len(message.get("body", b""))
        if self._n_bytes > self._most_bytes:
            self.refusal = _too_large(self._most_bytes)
            raise self.refusal
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on; after a refusal the app's own (such as "bad JSON") is not the one."""
        if self.refusal is not None and not self.began:
            return
        self.began = True
        await self._send(message)

    async def answer(self) -> None:
        """Tell why the body is refused."""
        assert self.refusal is not None  # Both callers have looked.
        self.began = True
        response = respond(Request(self._scope), problem_of(self.refusal))
        response.headers["Connection"] = "close"
        await response(self._scope, self._receive, self._send)


def _too_large(most_bytes: int) -> TooLargeError:
    return TooLargeError(
        "body_too_large",
        f"The body is larger than the {most_bytes / MIB:g} MiB that are allowed.",
        "Send a smaller photo.",
    )
