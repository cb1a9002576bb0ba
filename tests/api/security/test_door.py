import threading
from typing import TYPE_CHECKING

import pytest

from api.errors import RateLimitedError, UnauthenticatedError
from api.security import door as door_module
from api.security.door import FAILURES_PER_MINUTE, LOOK_UPS, Door
from api.security.key_cache import KeyCache
from api.security.keys import WantedKey, authenticate, create_key

if TYPE_CHECKING:
    from api.principal import Principal
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WRONG = "sid_" + "A" * 43
BUREAU = "203.0.113.7"


def make_key(services: "Services") -> str:
    _, secret = create_key(services, WantedKey("a key", "handler"), actor="system:test")
    services.known_keys = KeyCache()  # As after a restart: no key was seen to be right.
    return secret


def use_wrong_keys_up(door: Door) -> None:
    for _ in range(FAILURES_PER_MINUTE):
        with pytest.raises(UnauthenticatedError):
            door.identify(WRONG, BUREAU)


def test_right_keys_come_in_however_many_wrong_ones_a_neighbour_sends(
    services: "Services",
) -> None:
    secret, door = make_key(services), Door(services)
    use_wrong_keys_up(door)
    for _ in range(LOOK_UPS + 1):  # Each gives its turn back.
        with pytest.raises(RateLimitedError):
            door.identify(WRONG, BUREAU)
    assert door.identify(secret, BUREAU).role == "handler"


def test_look_ups_beyond_the_limit_wait_for_their_turn_and_not_long(
    services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, door = make_key(services), Door(services)
    use_wrong_keys_up(door)
    monkeypatch.setattr(door_module, "LOOK_UP_WAIT_S", 0.05)
    go_on, inside = threading.Event(), threading.Semaphore(0)

    def look_slowly(services: "Services", secret: str) -> "Principal":
        inside.release()
        go_on.wait(10)
        return authenticate(services, secret)

    monkeypatch.setattr(door_module, "authenticate", look_slowly)
    threads = [
        threading.Thread(target=lambda: door.identify(secret, BUREAU)) for _ in range(LOOK_UPS)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=5)
    with pytest.raises(RateLimitedError):
        door.identify(secret, BUREAU)
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert door.identify(secret, BUREAU).role == "handler"
