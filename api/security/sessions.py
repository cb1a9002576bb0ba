"""Signing in to the console: a key is shown once, then a cookie stands for it."""

import hmac
import re
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from api.errors import ApiError, ForbiddenError, UnauthenticatedError
from api.principal import Principal
from api.security.door import Door
from api.security.lock_out import LockOut
from api.services import Services
from api.store import sessions as store
from api.store.audit import record_audit
from api.store.sessions import Session

COOKIE_PREFIX: Final = "ses_"
TOUCH_EVERY: Final = timedelta(minutes=1)
"""How exact the time of the last click is: one write a minute, not one a picture."""
_COOKIE_FORM: Final = re.compile(r"ses_[A-Za-z0-9_-]{43}")


class SignInNeededError(ApiError):
    """Nobody is signed in, or no longer."""

    status = 401


class CsrfError(ForbiddenError):
    """A form that our pages did not make."""

    def __init__(self) -> None:
        """It has one code: what exactly was missing helps only who forges."""
        super().__init__(
            "csrf",
            "This form is not from a page of this session.",
            "Open the page again, then repeat what you did.",
        )


def sign_in(
    services: Services, door: Door, lock_out: LockOut, secret: str, address: str
) -> tuple[Session, str]:
    """Begin a session.

    Args:
        services: Where to keep it.
        door: Knows keys, and counts.
        lock_out: Counts wrong keys.
        secret: The key.
        address: As `rate_limit.name_address` names it.

    Returns:
        The session, and what the cookie is to hold.

    Raises:
        RateLimitedError: Too many wrong keys came from the address; right ones wait, too.
        UnauthenticatedError: The key is not known.
        ForbiddenError: The key is a machine's: it may not look at cases.
    """
    lock_out.check(address)
    try:
        principal = door.identify(secret.strip(), address)
    except UnauthenticatedError:
        lock_out.fail(address)
        raise
    lock_out.forgive(address)
    if not principal.may("read"):
        raise ForbiddenError(
            "not_for_people",
            f"A key with the role {principal.role} opens no console.",
            "It is made for a machine: ask an administrator for a key of your own.",
        )
    cookie = services.keyring.new_secret(COOKIE_PREFIX)
    now = services.clock()
    session = Session(
        id=services.keyring.hash("session", cookie),
        principal=principal,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=services.settings.session_hours),
    )
    with services.database.write() as connection:
        store.insert_session(connection, session)
        _audit(services, connection, principal, "session.opened")
    return session, cookie


def find_session(services: Services, cookie: str | None, *, touches: bool = True) -> Session:
    """Return who is signed in, and note that they are there, unless it is not their doing.

    Raises:
        SignInNeededError: Nobody, or the session has ended, or its key was revoked.
    """
    if cookie is None or not _COOKIE_FORM.fullmatch(cookie):
        raise SignInNeededError("signed_out", "Sign in first.", "Your key opens the console.")
    session_id = services.keyring.hash("session", cookie)
    now = services.clock()
    idle = timedelta(minutes=services.settings.session_idle_minutes)
    with services.database.read() as connection:
        session = store.find_session(connection, session_id)
    if session is None or now >= session.expires_at or now - session.seen_at >= idle:
        raise SignInNeededError("session_ended", "The session has ended.", "Sign in again.")
    if touches and now - session.seen_at >= TOUCH_EVERY:
        with services.database.write() as connection:
            store.touch_session(connection, session_id, now)
    return session


def sign_out(services: Services, session: Session) -> None:
    """End a session; its cookie opens nothing from now on."""
    with services.database.write() as connection:
        store.delete_session(connection, session.id)
        _audit(services, connection, session.principal, "session.closed")


def forget_ended_sessions(services: Services, connection: Connection) -> int:
    """Delete sessions that are over; returns how many."""
    now = services.clock()
    idle = timedelta(minutes=services.settings.session_idle_minutes)
    return store.forget_sessions(connection, expired=now, unseen=now - idle)


def csrf_token(services: Services, session_id: str) -> str:
    """Return what each form of a session carries: who has its cookie sent by others lacks it."""
    return services.keyring.hash("csrf", session_id)


def check_csrf_token(services: Services, session_id: str, token: str) -> None:
    """Check that a form is from a page of this session.

    Raises:
        CsrfError: It is not.
    """
    if not hmac.compare_digest(token.encode(), csrf_token(services, session_id).encode()):
        raise CsrfError()


def _audit(services: Services, connection: Connection, principal: Principal, action: str) -> None:
    record_audit(
        services.database,
        connection,
        at=services.clock(),
        actor=principal.actor,
        action=action,
        target=f"keys/{principal.id}",
        details={},
    )
