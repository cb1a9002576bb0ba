"""What a connection may cost before and after a body.

Uvicorn's httptools protocol bounds neither the size nor the time of heads and trailers, and forgets
connections that a single byte wakes up.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 * 1024
"""As uvicorn's h11 protocol allows; browsers and proxies send a few kB."""
HEAD_S: Final = 20.0
"""From the first byte of a head, or from a new connection, to the head's end."""
REST_S: Final = 5.0
"""For the rest of a body that nobody reads any more, as of an upload without a key: a phone gets
its answer before the connection closes, and sends no 26 MiB for nothing."""


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose head is too long or does not come to its end.

    And those that send trailers without end, or bytes that belong to no request.
    """

    _in_head = True
    _has_progressed = False
    """A head or a request ended, or a body went on, within the piece that is being read."""
    _loose_bytes = 0
    """Of the present head, or since the body last went on: trailers, sizes of chunks."""
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
        """Count what belongs neither to a body nor to a head that has ended."""
        self._has_progressed = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._has_progressed:  # Else they were a body's, all but what follows it.
            self._loose_bytes += len(data)
        if self._loose_bytes > HEAD_BYTES:
            self._refuse_more()
        elif self._is_idle() and self._timer is None and self.timeout_keep_alive_task is None:
            # Uvicorn stopped its keep-alive timer for these bytes, and only the end of an answer
            # starts it again: a line break after an answer would keep the connection for ever.
            self._wait(HEAD_S)

    def on_message_begin(self) -> None:
        """Begin to wait for the end of this head."""
        super().on_message_begin()
        self._loose_bytes = 0
        self._wait_for_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a head's line; drop a trailer's, which no route reads and uvicorn would keep."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._in_head = False
        self._stop_waiting()
        self._note_progress()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a piece on."""
        self._note_progress()
        super().on_body(body)

    def on_message_complete(self) -> Any:
        """The next byte belongs to another head; its time begins with it."""
        super().on_message_complete()
        self._in_head = True
        self._note_progress()
        if self._is_idle():  # The body came to its end after the answer, before `REST_S`.
            self._stop_waiting()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """Wait a little for the rest of a body that was answered before its end."""
        super().on_response_complete()
        if not self._in_head and self._is_idle() and not self.transport.is_closing():
            self._wait(REST_S)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _note_progress(self) -> None:
        self._has_progressed = True
        self._loose_bytes = 0

    def _refuse_more(self) -> None:
        self._stop_waiting()
        if self._in_head and self._is_idle():
            self.send_400_response("The head of the request is too long.")
        else:  # An answer may be on its way: another one must not come in between.
            self.transport.close()

    def _wait_for_head(self) -> None:
        self._in_head = True
        self._wait(HEAD_S)

    def _wait(self, wait_s: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(wait_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
