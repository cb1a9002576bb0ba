"""Webhooks: who is told of what, and with which secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from api.errors import NotFoundError
from api.store.side_tables import deliveries, webhooks

SECRETS_AT_ONCE: Final = 3
"""So many sign at most: a signature each, and headers have a size."""


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """One key that signs."""

    secret: str
    """whsec_ and base64."""
    until: datetime | None = None
    """End of an old one; None: the present one."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One subscriber."""

    id: str
    url: str
    types: tuple[str, ...]
    """Event types with all that lies under them; empty: all."""
    grids: tuple[str, ...]
    """Prefixes of grid codes; empty: everywhere."""
    secrets: tuple[WebhookSecret, ...]
    """Newest first; empty: deleted for good."""
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    disabled_why: str | None = None

    @property
    def deleted(self) -> bool:
        """Tell whether only its history is left."""
        return not self.secrets

    def valid_secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign now, newest first."""
        return tuple(one.secret for one in self.secrets if one.until is None or one.until > now)


def insert_webhook(connection: Connection, webhook: Webhook) -> None:
    """Store a new one."""
    connection.execute(
        insert(webhooks).values(
            id=webhook.id,
            url=webhook.url,
            types=list(webhook.types),
            grids=list(webhook.grids),
            secrets=[_from_secret(secret) for secret in webhook.secrets],
            created_at=webhook.created_at,
            created_by=webhook.created_by,
            disabled_at=webhook.disabled_at,
            disabled_why=webhook.disabled_why,
        )
    )


def get_webhook(connection: Connection, webhook_id: str, *, lock: bool = False) -> Webhook:
    """Return one; `lock` keeps others from changing it until the transaction ends.

    Raises:
        NotFoundError: There is none of this id.
    """
    statement = select(webhooks).where(webhooks.c.id == webhook_id)
    if lock:  # Not FOR UPDATE: events that happen meanwhile refer to the row and need not wait.
        statement = statement.with_for_update(key_share=True)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("webhook", webhook_id)
    return _to_webhook(row)


def list_webhooks(
    connection: Connection, *, after: str | None = None, limit: int = 100
) -> tuple[Webhook, ...]:
    """Return a page of all, also disabled ones, in the order in which they were made.

    Args:
        connection: In a transaction.
        after: Id of the last of the page before; None: the first page.
        limit: At most so many.
    """
    statement = select(webhooks).order_by(webhooks.c.id).limit(limit)
    if after is not None:
        statement = statement.where(webhooks.c.id > after)
    return tuple(_to_webhook(row) for row in connection.execute(statement))


def count_enabled(connection: Connection) -> int:
    """Return how many are told of events."""
    enabled = select(func.count()).select_from(webhooks).where(webhooks.c.disabled_at.is_(None))
    return int(connection.execute(enabled).scalar_one())


def change_webhook(
    connection: Connection,
    webhook_id: str,
    *,
    url: str,
    types: Sequence[str],
    grids: Sequence[str],
) -> None:
    """Set where it is sent and what; events already waiting for it go to the new address."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(url=url, types=list(types), grids=list(grids))
    )


def enable_webhook(connection: Connection, webhook_id: str) -> None:
    """Let events flow to it from now on; what it missed can be replayed."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(disabled_at=None, disabled_why=None)
    )


def disable_webhook(connection: Connection, webhook_id: str, at: datetime, why: str) -> bool:
    """Stop telling it; what waits for it fails, for a replay to send when it is enabled again.

    Returns:
        Whether it was enabled.
    """
    changed = connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
        .values(disabled_at=at, disabled_why=why)
    )
    waiting = (deliveries.c.webhook_id == webhook_id, deliveries.c.state == "waiting")
    # Locked in the order of their ids, as whoever notes tries locks them.
    connection.execute(
        select(deliveries.c.id).where(*waiting).order_by(deliveries.c.id).with_for_update()
    )
    connection.execute(
        update(deliveries)
        .where(*waiting)
        .values(state="failed", ended_at=at, last_error="The webhook was disabled.")
    )
    return changed.rowcount > 0


def delete_webhook(connection: Connection, webhook_id: str, at: datetime, why: str) -> None:
    """Disable it for good: its secrets are gone, its history stays."""
    disable_webhook(connection, webhook_id, at, why)
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(secrets=[], disabled_at=at, disabled_why=why)
    )


def rotate_secret(
    connection: Connection, webhook: Webhook, secret: str, *, now: datetime, until: datetime
) -> None:
    """Put a new secret first; those before it sign too until their end, at the latest `until`.

    Args:
        connection: In which `webhook` was read with a lock.
        webhook: As it stands.
        secret: The new one.
        now: The time: secrets that have ended are forgotten.
        until: End of the old ones.
    """
    ended = [
        WebhookSecret(one.secret, until if one.until is None else min(one.until, until))
        for one in webhook.secrets
    ]
    old = [one for one in ended if one.until is not None and one.until > now]
    kept = [WebhookSecret(secret), *old][:SECRETS_AT_ONCE]
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook.id)
        .values(secrets=[_from_secret(one) for one in kept])
    )


def _from_secret(secret: WebhookSecret) -> dict[str, str | None]:
    return {
        "secret": secret.secret,
        "until": None if secret.until is None else secret.until.isoformat(),
    }


def _to_webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        types=tuple(row.types),
        grids=tuple(row.grids),
        secrets=to_secrets(row.secrets),
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
        disabled_why=row.disabled_why,
    )


def to_secrets(stored: Sequence[Mapping[str, str | None]]) -> tuple[WebhookSecret, ...]:
    """Return secrets as the column `secrets` keeps them."""
    return tuple(
        WebhookSecret(
            one["secret"] or "",
            None if one["until"] is None else datetime.fromisoformat(one["until"]),
        )
        for one in stored
    )
