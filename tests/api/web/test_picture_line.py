"""A page asks for many pictures at once: each comes, in its turn."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from api.errors import BusyError
from api.photos.entry import enter_photo
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

MakeKey = Callable[..., dict[str, str]]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def keep_photos(services: "Services", number: int) -> list[str]:
    """Keep some photos; return their names."""
    names = []
    for shade in range(number):
        done, data = cv2.imencode(".png", np.full((8, 8, 3), shade, np.uint8))
        assert done
        sha256 = services.photos.put(data.tobytes())
        with services.database.write() as connection:
            enter_photo(connection, services.photos, sha256, data.tobytes(), at=services.clock())
        names.append(sha256)
    return names


def sign_in(client: "TestClient", make_key: MakeKey) -> None:
    key = make_key("operator")["Authorization"].removeprefix("Bearer ")
    answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
    assert answer.status_code == 303


def test_pictures_wait_for_a_worker_that_is_busy(
    client: "TestClient",
    services: "Services",
    pool: FakePool,
    make_key: MakeKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = keep_photos(services, 12)
    sign_in(client, make_key)
    lock = threading.Lock()
    refused = made = at_once = most_at_once = 0

    def make(data: bytes, request: PictureRequest) -> "Future[bytes]":
        nonlocal refused, made, at_once, most_at_once
        del request
        with lock:
            at_once += 1
            most_at_once = max(most_at_once, at_once)
        time.sleep(0.01)  # Whoever comes without waiting for their turn comes now.
        with lock:
            at_once -= 1
            busy = refused < 5
            refused += busy
            made += not busy
        if busy:
            raise BusyError("pool_full", "Every worker is busy.")
        answer: Future[bytes] = Future()
        answer.set_result(data)
        return answer

    monkeypatch.setattr(pool, "picture", make)
    with ThreadPoolExecutor(12) as threads:
        # Each twice: the second takes what the first has made.
        answers = list(threads.map(lambda sha: client.get(f"/console/photos/{sha}"), names * 2))
    assert [one.status_code for one in answers] == [200] * 24
    assert (refused, made, most_at_once) == (5, 12, 1)


def test_a_line_that_never_moves_ends_in_words(
    client: "TestClient",
    services: "Services",
    pool: FakePool,
    make_key: MakeKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_data: bytes, _request: PictureRequest) -> "Future[bytes]":
        raise BusyError("pool_full", "Every worker is busy.")

    monkeypatch.setattr("api.photos.queueing.PATIENCE_S", 0.3)
    monkeypatch.setattr(pool, "picture", refuse)
    (sha256,) = keep_photos(services, 1)
    sign_in(client, make_key)
    answer = client.get(f"/console/photos/{sha256}", headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert answer.json()["code"] == "pool_full"
