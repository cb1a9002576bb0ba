"""Sessions of the console, over both databases."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from api.errors import ForbiddenError, RateLimitedError, UnauthenticatedError
from api.keeping.retention import housekeeping_step
from api.principal import ROLES, Principal, Role
from api.security.door import Door
from api.security.keys import WantedKey, create_key, revoke
from api.security.lock_out import MOST_FAILURES, WINDOW_S, LockOut
from api.security.sessions import (
    TOUCH_EVERY,
    CsrfError,
    SignInNeededError,
    check_csrf_token,
    csrf_token,
    find_session,
    forget_ended_sessions,
    sign_in,
    sign_out,
)
from api.services import Services
from api.store.audit import check_chain, list_audit
from api.store.people_tables import sessions
from api.store.sessions import Session

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

HOME = "203.0.113.7"
WRONG = "sid_" + 43 * "A"
MACHINES: tuple[Role, ...] = ("citizen-intake", "camera")


def make_key(
    services: Services, role: Role = "operator", grids: tuple[str, ...] = ()
) -> tuple[Principal, str]:
    return create_key(services, WantedKey(f"a {role}", role, grids=grids), actor="system:test")


def enter(services: Services, secret: str, lock_out: LockOut | None = None) -> tuple[Session, str]:
    return sign_in(services, Door(services), lock_out or LockOut(), secret, HOME)


def count_sessions(services: Services) -> int:
    with services.database.read() as connection:
        return connection.execute(select(func.count()).select_from(sessions)).scalar_one()


def is_in(services: Services, cookie: str | None) -> bool:
    try:
        find_session(services, cookie)
    except SignInNeededError:
        return False
    return True


def test_a_right_key_begins_a_session(services: Services) -> None:
    principal, secret = make_key(services, grids=("310101", "310104"))
    session, cookie = enter(services, f"  {secret}\n")
    assert session.principal == principal
    assert find_session(services, cookie) == session
    assert secret not in cookie
    with services.database.read() as connection:
        (kept,) = connection.execute(select(sessions)).all()
        newest = list_audit(connection, limit=1)[0]
        assert check_chain(connection).problem is None
    assert cookie not in str(kept) and cookie[4:] not in str(kept)
    assert (newest.action, newest.actor) == ("session.opened", principal.actor)


def test_cookies_are_never_the_same(services: Services) -> None:
    _, secret = make_key(services)
    assert len({enter(services, secret)[1] for _ in range(5)}) == 5


@pytest.mark.parametrize("role", ROLES)
def test_people_come_in_and_machines_do_not(services: Services, role: Role) -> None:
    _, secret = make_key(services, role)
    if role not in MACHINES:
        assert enter(services, secret)[0].principal.role == role
        return
    with pytest.raises(ForbiddenError) as caught:
        enter(services, secret)
    assert caught.value.code == "not_for_people"
    assert count_sessions(services) == 0


def test_wrong_keys_lock_the_address_and_right_ones_wait_too(services: Services) -> None:
    _, secret = make_key(services)
    now = [1000.0]
    lock_out, door = LockOut(lambda: now[0]), Door(services)
    for _ in range(MOST_FAILURES):
        with pytest.raises(UnauthenticatedError):
            sign_in(services, door, lock_out, WRONG, HOME)
    for key in (WRONG, secret):
        with pytest.raises(RateLimitedError) as caught:
            sign_in(services, door, lock_out, key, HOME)
        assert caught.value.code == "locked_out"
    assert sign_in(services, door, lock_out, secret, "203.0.113.8")
    now[0] += WINDOW_S
    assert sign_in(services, door, lock_out, secret, HOME)


def test_a_right_key_in_between_forgives(services: Services) -> None:
    _, secret = make_key(services)
    lock_out = LockOut()
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            with pytest.raises((UnauthenticatedError, RateLimitedError)) as caught:
                enter(services, WRONG, lock_out)
            assert caught.value.code != "locked_out"
        enter(services, secret, lock_out)


@pytest.mark.parametrize("empty", ["", " ", "x"])
def test_no_key_is_a_wrong_key(services: Services, empty: str) -> None:
    with pytest.raises(UnauthenticatedError):
        enter(services, empty)


@pytest.mark.parametrize(
    "cookie",
    [None, "", "ses_", "ses_" + 43 * "A", "sid_" + 43 * "A", "ses_" + 43 * "é", "a" * 9999],
)
def test_made_up_cookies_open_nothing(services: Services, cookie: str | None) -> None:
    enter(services, make_key(services)[1])
    assert not is_in(services, cookie)


def test_a_session_ends_by_its_hours_however_busy(services: Services, clock: "SetClock") -> None:
    _, cookie = enter(services, make_key(services)[1])
    hours = services.settings.session_hours
    for _ in range(int(hours * 2) - 1):
        clock.advance(minutes=30)
        assert is_in(services, cookie)
    clock.advance(minutes=30)
    assert not is_in(services, cookie)


def test_a_session_ends_by_idleness(services: Services, clock: "SetClock") -> None:
    _, cookie = enter(services, make_key(services)[1])
    minutes = services.settings.session_idle_minutes
    clock.advance(minutes=minutes - 1)
    assert is_in(services, cookie)
    clock.advance(minutes=minutes - 1)
    assert is_in(services, cookie), "the last click counts"
    clock.advance(minutes=minutes)
    assert not is_in(services, cookie)


def test_the_last_click_is_written_once_a_minute(services: Services, clock: "SetClock") -> None:
    session, cookie = enter(services, make_key(services)[1])

    def seen_after() -> float:
        find_session(services, cookie)
        with services.database.read() as connection:
            seen = connection.execute(select(sessions.c.seen_at)).scalar_one()
        return float((seen - session.created_at).total_seconds())

    every = TOUCH_EVERY.total_seconds()
    clock.advance(seconds=every - 1)
    assert seen_after() == 0
    clock.advance(seconds=1)
    assert seen_after() == every


def test_a_revoked_key_ends_its_sessions_at_once(services: Services) -> None:
    principal, secret = make_key(services)
    _, other_secret = make_key(services)
    cookies = [enter(services, secret)[1] for _ in range(2)]
    _, kept = enter(services, other_secret)
    revoke(services, principal.id, actor="system:test")
    assert [is_in(services, one) for one in (*cookies, kept)] == [False, False, True]
    with pytest.raises(UnauthenticatedError):
        enter(services, secret)


def test_signing_out_ends_this_session_alone(services: Services) -> None:
    principal, secret = make_key(services)
    session, cookie = enter(services, secret)
    _, other = enter(services, secret)
    sign_out(services, session)
    assert (is_in(services, cookie), is_in(services, other)) == (False, True)
    with services.database.read() as connection:
        newest = list_audit(connection, limit=1)[0]
    assert (newest.action, newest.target) == ("session.closed", f"keys/{principal.id}")


def test_a_token_belongs_to_one_session(services: Services) -> None:
    _, secret = make_key(services)
    (mine, _), (other, _) = enter(services, secret), enter(services, secret)
    check_csrf_token(services, mine.id, csrf_token(services, mine.id))
    for token in ("", "x", "é", csrf_token(services, other.id), mine.id):
        with pytest.raises(CsrfError):
            check_csrf_token(services, mine.id, token)


def test_ended_sessions_are_forgotten(services: Services, clock: "SetClock") -> None:
    _, secret = make_key(services)
    enter(services, secret)
    clock.advance(minutes=services.settings.session_idle_minutes / 2)
    _, busy = enter(services, secret)
    clock.advance(minutes=services.settings.session_idle_minutes / 2 + 1)
    with services.database.write() as connection:
        assert forget_ended_sessions(services, connection) == 1
    assert is_in(services, busy)


def test_housekeeping_forgets_them(services: Services, clock: "SetClock") -> None:
    enter(services, make_key(services)[1])
    housekeeping_step(services)
    assert count_sessions(services) == 1
    clock.advance(hours=services.settings.session_hours + 1)
    housekeeping_step(services)
    assert count_sessions(services) == 0
