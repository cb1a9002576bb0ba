"""Making, checking and revoking API keys."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from api.errors import ConflictError, InvalidError, NotFoundError, UnauthenticatedError
from api.ids import new_id
from api.principal import ROLES, Principal, Role
from api.services import Services
from api.store import keys as store
from api.store.audit import record_audit

KEY_PREFIX: Final = "sid_"
_KEY_FORM: Final = re.compile(r"[!-~]{32,200}")
"""What can be a key at all: ours, and what an operator presets."""


@dataclass(frozen=True, slots=True)
class WantedKey:
    """A key to be made."""

    name: str
    """Whose it is."""
    role: Role
    originals: bool = False
    """May read unblurred photos, with a reason."""
    grids: tuple[str, ...] = ()
    """Prefixes of grid codes that it is limited to; none: everywhere that who grants it sees."""
    id: str | None = None
    """A new UUID, so that what is asked for twice is made once; None: one is made."""


def create_key(
    services: Services, wanted: WantedKey, *, actor: str, secret: str | None = None
) -> tuple[Principal, str]:
    """Make a key and note it in the audit log.

    Args:
        services: Where to keep its hash.
        wanted: Whose it is to be, and what it may do.
        actor: Who makes it.
        secret: The key itself, if an operator presets it; None: 256 random bits.

    Returns:
        Who the key stands for, and the key: it is kept nowhere and cannot be shown again.

    Raises:
        InvalidError: There is no such role, or a name, grid or secret is not usable.
        ConflictError: The secret is already another key's, or the id is.
    """
    _check(wanted, secret)
    given = services.keyring.new_secret(KEY_PREFIX) if secret is None else secret
    principal = Principal(
        wanted.id or new_id(), wanted.name, wanted.role, wanted.originals, wanted.grids
    )
    now = services.clock()
    try:
        with services.database.write() as connection:
            key = store.StoredKey(principal, now, actor)
            store.insert_key(connection, key, services.keyring.hash("key", given))
            record_audit(
                services.database,
                connection,
                at=now,
                actor=actor,
                action="key.created",
                target=f"keys/{principal.id}",
                details={
                    "role": wanted.role,
                    "originals": wanted.originals,
                    "grids": list(wanted.grids),
                },
            )
    except IntegrityError as error:
        if wanted.id is not None:
            raise ConflictError(
                "key_made_already",
                "This key was made already: the form was sent twice.",
                "If nobody has read it, revoke it and make another.",
            ) from error
        raise ConflictError(
            "key_exists", "This key is there already.", "Choose another."
        ) from error
    return principal, given


def _check(wanted: WantedKey, secret: str | None) -> None:
    if wanted.role not in ROLES:
        raise InvalidError(
            "unknown_role", f"There is no role {wanted.role!r}.", f"Choose from {', '.join(ROLES)}."
        )
    if not 1 <= len(wanted.name) <= 80 or not wanted.name.isprintable():
        raise InvalidError(
            "bad_key_name", "A key's name has 1 to 80 printable characters.", "Say whose it is."
        )
    for grid in wanted.grids:
        if not 1 <= len(grid) <= 64 or not grid.isprintable():
            raise InvalidError(
                "bad_grid_prefix",
                "A prefix of grid codes has 1 to 64 printable characters.",
                "An empty one would mean everywhere: leave the prefixes out for that.",
            )
    if secret is not None and not _KEY_FORM.fullmatch(secret):
        raise InvalidError(
            "bad_key",
            "A key has 32 to 200 letters, digits and signs of ASCII, without spaces.",
            "Take 43 random characters, as `openssl rand -base64 32` gives.",
        )


def recall_key(services: Services, secret: str) -> Principal | None:
    """Return who holds a key if that was asked a moment ago; never asks the database."""
    return services.known_keys.get(services.keyring.hash("key", secret))


def was_right(services: Services, secret: str) -> bool:
    """Tell whether this process has ever seen the key to be right; never asks the database."""
    return services.known_keys.knew(services.keyring.hash("key", secret))


def authenticate(services: Services, secret: str) -> Principal:
    """Return who holds a key.

    The look-up goes by the key's keyed hash, so its time tells nothing about how much of a
    guess was right. An answer is believed for `key_cache.KEY_LIFE_S`: another process's
    revocation works after that time at the latest.

    Raises:
        UnauthenticatedError: No such key, or it is revoked.
        StorageError: The database does not answer.
    """
    if not _KEY_FORM.fullmatch(secret):
        raise UnauthenticatedError("This key is not known.")
    key_hash = services.keyring.hash("key", secret)
    principal = services.known_keys.get(key_hash)
    if principal is not None:
        return principal
    with services.database.read() as connection:
        key = store.find_key_by_hash(connection, key_hash)
    if key is None or key.revoked_at is not None:
        services.known_keys.forget(key_hash)
        raise UnauthenticatedError("This key is not known.")
    services.known_keys.put(key_hash, key.principal)
    return key.principal


Guard = Callable[[Connection, store.StoredKey], None]
"""Looks at a key within the transaction that revokes it, and raises if it must not be."""


def revoke(
    services: Services, key_id: str, *, actor: str, guard: Guard | None = None
) -> store.StoredKey:
    """Let a key open nothing from now on, and note it in the audit log.

    In this process at once, in others within `key_cache.KEY_LIFE_S`.

    Returns:
        The key as it is now; one that was revoked before stays as it was.

    Raises:
        NotFoundError: There is no such key.
        ApiError: Whatever the guard raises.
    """
    now = services.clock()
    with services.database.write() as connection:
        key = store.find_key(connection, key_id)
        if key is None:
            raise NotFoundError("key", key_id)
        if guard is not None:
            guard(connection, key)
        if store.revoke_key(connection, key_id, now):
            key = replace(key, revoked_at=now)
            record_audit(
                services.database,
                connection,
                at=now,
                actor=actor,
                action="key.revoked",
                target=f"keys/{key_id}",
                details={},
            )
    services.known_keys.forget_id(key_id)
    return key
