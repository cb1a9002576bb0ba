"""How many bytes of bodies the process holds at once: photos are kept in memory, not on disk."""

import asyncio
from collections import deque
from functools import cached_property
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from api.errors import BusyError

BODIES: Final = 16
"""Of the largest size, at once: with 26 MiB each 416 MiB, or 130 photos of a phone (3 MiB). Each
is held twice for a moment, when the form's pieces are put together."""
KEYLESS_PART: Final = 0.5
"""Of the room, for bodies without a key: strangers who send slowly leave the rest to others."""
WAIT_S: Final = 30.0
"""For room; phones and proxies give up after about a minute."""
RETRY_AFTER_S: Final = 5
_PLACE: Final = "street_issues.upload_place"


class UploadRoom:
    """A budget of bytes, handed out in the order in which it is asked for. For one event loop.

    A body takes all its room before its first byte is read, and nobody who has room waits for
    more, so whoever waits is let in at last. One larger than the whole budget takes all of it.
    """

    def __init__(self, most_bytes: int) -> None:
        """Take the budget."""
        self._most_bytes = most_bytes
        self._free_bytes = most_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @cached_property
    def keyless(self) -> "UploadRoom":
        """What bodies without a key share among themselves, beside the room of all."""
        return UploadRoom(int(KEYLESS_PART * self._most_bytes))

    @property
    def free_bytes(self) -> int:
        """What is not taken."""
        return self._free_bytes

    def has_room(self, n_bytes: int) -> bool:
        """Tell whether `take` would not wait."""
        return not self._waiting and self._bound(n_bytes) <= self._free_bytes

    async def take(self, n_bytes: int) -> int:
        """Wait for room, and take it.

        Returns:
            What was taken, for `give_back`.
        """
        wanted = self._bound(n_bytes)
        if self.has_room(wanted):
            self._free_bytes -= wanted
            return wanted
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # Its turn came that very moment.
                self._free_bytes += wanted
            turn.cancel()
            self._let_in()  # Perhaps only this one was too large for what is free.
            raise
        return wanted

    def give_back(self, n_bytes: int) -> None:
        """Free what `take` returned."""
        self._free_bytes += n_bytes
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            wanted, turn = self._waiting[0]
            if turn.done():  # It waits no more.
                self._waiting.popleft()
            elif wanted <= self._free_bytes:
                self._waiting.popleft()
                self._free_bytes -= wanted
                turn.set_result(None)
            else:
                return

    def _bound(self, n_bytes: int) -> int:
        return min(n_bytes, self._most_bytes)


class UploadPlace:
    """One request's part of the room: asked for by the route, given back when it is answered."""

    def __init__(self, room: UploadRoom, scope: Scope, most_bytes: int) -> None:
        """Stand in a request's scope, where `take_room` finds it.

        Args:
            room: What is shared.
            scope: The request's.
            most_bytes: Largest body, taken for one that does not say how large it is.
        """
        self._rooms: tuple[UploadRoom, ...] = (room,)
        self._n_bytes = _expect_bytes(Headers(scope=scope), most_bytes)
        self._taken: list[tuple[UploadRoom, int]] = []
        self._has_taken = False
        scope[_PLACE] = self

    def leave_room_to_keys(self) -> None:
        """Stand in line with those without a key first, then with all."""
        self._rooms = (self._rooms[-1].keyless, self._rooms[-1])

    def has_room(self) -> bool:
        """Tell whether `take` would not wait."""
        return self._has_taken or all(room.has_room(self._n_bytes) for room in self._rooms)

    async def take(self) -> None:
        """Wait for room; a second time does nothing.

        Raises:
            BusyError: None came free in time.
        """
        if self._has_taken:
            return
        try:
            async with asyncio.timeout(WAIT_S):
                for room in self._rooms:
                    self._taken.append((room, await room.take(self._n_bytes)))
        except TimeoutError:
            raise _refusal() from None
        self._has_taken = True

    def give_back(self) -> None:
        """Free what was taken."""
        while self._taken:
            room, n_bytes = self._taken.pop()
            room.give_back(n_bytes)


async def take_room(request: Request) -> None:
    """Wait until there is room for a request's body, before reading it and after its key.

    Raises:
        BusyError: None came free in time.
    """
    place: UploadPlace | None = request.scope.get(_PLACE)
    if place is not None:
        await place.take()


def leave_room_to_keys(request: Request) -> None:
    """Let a request without a key have of the part of the room only that is meant for those."""
    place: UploadPlace | None = request.scope.get(_PLACE)
    if place is not None:
        place.leave_room_to_keys()


def check_room(request: Request) -> None:
    """Refuse a request whose body would have to wait.

    Raises:
        BusyError: There is no room now.
    """
    place: UploadPlace | None = request.scope.get(_PLACE)
    if place is not None and not place.has_room():
        raise _refusal()


def _expect_bytes(headers: Headers, most_bytes: int) -> int:
    if "transfer-encoding" in headers:
        return most_bytes
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else most_bytes


def _refusal() -> BusyError:
    return BusyError("uploads_full", "Too many uploads at once.", retry_after_s=RETRY_AFTER_S)
