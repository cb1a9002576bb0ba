"""What a request's head may cost: uvicorn's httptools protocol bounds neither size nor time."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 * 1024
"""As uvicorn's h11 protocol allows; browsers and proxies send a few kB."""
HEAD_S: Final = 20.0
"""From the first byte of a head, or from a new connection, to the head's end."""


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose head is too long or does not come to its end."""

    _in_head = True
    _has_completed = False
    """A request ended within the piece that is being read."""
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what still belongs to a head that has not ended."""
        self._has_completed = False
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        if self._has_completed:  # These bytes were a body's, all but what follows it.
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._stop_waiting()
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Begin to wait for the end of this head."""
        super().on_message_begin()
        self._head_bytes = 0
        self._stop_waiting()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> Any:
        """The next byte belongs to another head; its time begins with it."""
        super().on_message_complete()
        self._in_head = True
        self._has_completed = True
        self._head_bytes = 0

    def _wait_for_head(self) -> None:
        self._in_head = True
        self._timer = self.loop.call_later(HEAD_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
