"""What administrators do with keys: nobody gives what they do not have, or locks everybody out."""

from dataclasses import replace

from sqlalchemy import Connection

from api.errors import ConflictError, ForbiddenError, NotFoundError
from api.principal import Principal
from api.security.keys import WantedKey, create_key, revoke
from api.services import Services
from api.store.keys import StoredKey, list_keys


def grant_key(services: Services, granter: Principal, wanted: WantedKey) -> tuple[Principal, str]:
    """Make a key that sees no more than who makes it.

    Returns:
        Who the key stands for, and the key: it is kept nowhere and cannot be shown again.

    Raises:
        InvalidError: A name or a grid is not usable.
        ConflictError: The id is another key's.
        ForbiddenError: It would see more than the key that makes it.
    """
    grids = tuple(sorted(set(wanted.grids))) or granter.grids
    if not all(granter.sees(grid) for grid in grids):
        raise ForbiddenError(
            "grids_beyond_key",
            "These grids go beyond those of your own key.",
            f"Your key is limited to {', '.join(granter.grids)}.",
        )
    if wanted.originals and not granter.originals:
        raise ForbiddenError(
            "originals_beyond_key",
            "Your own key may not read unblurred photos, so it cannot allow that to others.",
            "Ask an administrator whose key may, or make it with `street-issues-api keys create`.",
        )
    return create_key(services, replace(wanted, grids=grids), actor=granter.actor)


def list_granted(services: Services, viewer: Principal) -> tuple[StoredKey, ...]:
    """Return the keys that a key may manage, the oldest first, the revoked too."""
    with services.database.read() as connection:
        return tuple(key for key in list_keys(connection) if _is_managed(viewer, key.principal))


def withdraw_key(services: Services, viewer: Principal, key_id: str) -> StoredKey:
    """Revoke a key; its sessions end with it.

    Raises:
        NotFoundError: There is none, or it sees more than the one that asks.
        ConflictError: It is the last one that manages what it manages.
    """

    def guard(connection: Connection, key: StoredKey) -> None:
        # Two administrators who revoke their keys at once: the second sees the first's gone.
        services.database.serialise(connection, "keys")
        if not _is_managed(viewer, key.principal):
            raise NotFoundError("key", key_id)
        if key.revoked_at is None and _is_last(connection, key.principal):
            raise ConflictError(
                "last_admin_key",
                "This is the last administrator's key; without it nobody could manage anything.",
                "Make another administrator's key first and sign in with that.",
            )

    return revoke(services, key_id, actor=viewer.actor, guard=guard)


def _is_managed(viewer: Principal, holder: Principal) -> bool:
    if not viewer.grids:
        return True
    return bool(holder.grids) and all(viewer.sees(grid) for grid in holder.grids)


def _is_last(connection: Connection, holder: Principal) -> bool:
    """Tell whether no other living key manages all that this one manages."""
    if not holder.may("manage"):
        return False
    others = (
        one.principal
        for one in list_keys(connection)
        if one.revoked_at is None and one.principal.id != holder.id
    )
    return not any(one.may("manage") and _is_managed(one, holder) for one in others)
