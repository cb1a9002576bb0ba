"""Waiting for a worker's result while the sender is there."""

import asyncio
import threading
from concurrent.futures import Future

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from api.routes.score import wait_for


def test_a_photo_whose_sender_left_is_not_scored() -> None:
    future: Future[int] = Future()

    async def leave() -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        await wait_for(Request({"type": "http"}, receive), future)

    with pytest.raises(ClientDisconnect):
        asyncio.run(leave())
    assert future.cancelled()


def test_the_wait_ends_with_the_result_or_its_error() -> None:
    async def stay() -> int:
        async def receive() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        future: Future[int] = Future()
        threading.Timer(0.05, future.set_result, (7,)).start()
        assert await wait_for(Request({"type": "http"}, receive), future) == 7
        failing: Future[int] = Future()
        threading.Timer(0.05, failing.set_exception, (KeyError("x"),)).start()
        return await wait_for(Request({"type": "http"}, receive), failing)

    with pytest.raises(KeyError):
        asyncio.run(stay())
