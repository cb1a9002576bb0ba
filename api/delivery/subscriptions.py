"""What administrators do with webhooks: each act is audited, each URL judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from api.delivery.addresses import AddressGuard, parse_url
from api.delivery.scope import judge_grids, sees_webhook
from api.delivery.signing import make_secret
from api.errors import ConflictError, NotFoundError
from api.ids import new_id
from api.principal import Principal
from api.services import Services
from api.store import webhooks as store
from api.store.audit import record_audit
from api.store.outbox import record_ping
from api.store.replay import Replayed, replay_deliveries, replay_since
from api.store.webhooks import Webhook, WebhookSecret

MOST_ENABLED: Final = 100
"""Every event is held against each of them while the case is locked."""

Asked = datetime | Sequence[int]
"""What is replayed: all since a time that did not arrive, or the events of these deliveries."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where events go, and which."""

    url: str
    types: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    id: str | None = None
    """A new UUID, so that what is asked for twice is made once; None: one is made."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a webhook; None: as it was."""

    enabled: bool | None = None
    url: str | None = None
    types: tuple[str, ...] | None = None
    grids: tuple[str, ...] | None = None


def create_webhook(
    services: Services, principal: Principal, wanted: Subscription
) -> tuple[Webhook, str]:
    """Subscribe; return the webhook and its secret, which is never shown again.

    Raises:
        InvalidError: The URL cannot be a webhook's, or leads where webhooks may not go.
        ForbiddenError: The grids go beyond those of the key.
        ConflictError: There are too many, or the id is another webhook's.
    """
    _judge_url(services, wanted.url)
    grids = judge_grids(principal, wanted.grids)
    now, secret = services.clock(), make_secret()
    webhook = Webhook(
        id=wanted.id or new_id(),
        url=wanted.url,
        types=tuple(sorted(set(wanted.types))),
        grids=grids,
        secrets=(WebhookSecret(secret),),
        created_at=now,
        created_by=principal.actor,
    )
    try:
        with services.database.write() as connection:
            _make_room(services, connection)
            store.insert_webhook(connection, webhook)
            details = {**_place(webhook.url), "types": list(webhook.types), "grids": list(grids)}
            _note(services, connection, principal, "created", webhook.id, details)
    except IntegrityError as error:
        raise ConflictError(
            "webhook_made_already",
            "This webhook was made already: the form was sent twice.",
            "If nobody has read its secret, rotate it.",
        ) from error
    return webhook, secret


def find_webhook(services: Services, principal: Principal, webhook_id: str) -> Webhook:
    """Return one that the key may see.

    Raises:
        NotFoundError: There is none, or not for this key.
    """
    with services.database.read() as connection:
        return _get(connection, principal, webhook_id)


def page_webhooks(
    services: Services, principal: Principal, after: str | None, limit: int
) -> tuple[tuple[Webhook, ...], str | None]:
    """Return a page of those that the key may see, and the id after which the next page begins."""
    with services.database.read() as connection:
        found = store.list_webhooks(connection, after=after, limit=limit + 1)
    page = found[:limit]
    last = page[-1].id if len(found) > limit else None
    return tuple(one for one in page if sees_webhook(principal, one)), last


Guard = Callable[[Webhook], None]
"""Looks at a webhook within the transaction that changes it, and raises if it must not be."""


def change_webhook(
    services: Services,
    principal: Principal,
    webhook_id: str,
    change: Change,
    guard: Guard = lambda _: None,
) -> Webhook:
    """Enable, disable, or set the URL, types or grids; return it as it is now.

    Raises:
        NotFoundError: There is none, or not for this key.
        InvalidError: The URL cannot be a webhook's, or leads where webhooks may not go.
        ForbiddenError: The grids go beyond those of the key.
        ConflictError: It is deleted, or too many are enabled.
    """
    if change.url is not None:
        _judge_url(services, change.url)
    grids = None if change.grids is None else judge_grids(principal, change.grids)
    now = services.clock()
    with services.database.write() as connection:
        before = _get(connection, principal, webhook_id, lock=True)
        _refuse_deleted(before)
        guard(before)
        store.change_webhook(
            connection,
            webhook_id,
            url=before.url if change.url is None else change.url,
            types=before.types if change.types is None else sorted(set(change.types)),
            grids=before.grids if grids is None else grids,
        )
        if change.enabled is True and before.disabled_at is not None:
            _make_room(services, connection)
            store.enable_webhook(connection, webhook_id)
        elif change.enabled is False:
            why = f"Disabled by {principal.actor}."
            store.disable_webhook(connection, webhook_id, now, why)
        after = store.get_webhook(connection, webhook_id)
        if after != before:
            details = {
                **_place(after.url),
                "types": list(after.types),
                "grids": list(after.grids),
                "enabled": after.disabled_at is None,
            }
            _note(services, connection, principal, "changed", webhook_id, details)
    return after


def rotate_secret(
    services: Services, principal: Principal, webhook_id: str, old_valid_hours: int
) -> tuple[Webhook, str]:
    """Make a new secret; the old one signs beside it for some hours.

    Raises:
        NotFoundError: There is none, or not for this key.
        ConflictError: It is deleted.
    """
    now, secret = services.clock(), make_secret()
    with services.database.write() as connection:
        before = _get(connection, principal, webhook_id, lock=True)
        _refuse_deleted(before)
        until = now + timedelta(hours=old_valid_hours)
        store.rotate_secret(connection, before, secret, now=now, until=until)
        after = store.get_webhook(connection, webhook_id)
        details = {"old_valid_hours": old_valid_hours}
        _note(services, connection, principal, "secret_rotated", webhook_id, details)
    return after, secret


def delete_webhook(services: Services, principal: Principal, webhook_id: str) -> None:
    """Disable it for good and forget its secrets; its history stays. Twice is harmless.

    Raises:
        NotFoundError: There is none, or not for this key.
    """
    with services.database.write() as connection:
        before = _get(connection, principal, webhook_id, lock=True)
        if before.deleted:
            return
        why = f"Deleted by {principal.actor}."
        store.delete_webhook(connection, webhook_id, services.clock(), why)
        _note(services, connection, principal, "deleted", webhook_id, {})


def send_test(services: Services, principal: Principal, webhook_id: str) -> str:
    """Put a test event in line for this webhook alone; return its id.

    Raises:
        NotFoundError: There is none, or not for this key.
        ConflictError: It is disabled or deleted.
    """
    with services.database.write() as connection:
        _refuse_disabled(_get(connection, principal, webhook_id, lock=True))
        event_id = record_ping(connection, webhook_id, services.clock())
        _note(services, connection, principal, "tested", webhook_id, {"event": event_id})
    return event_id


def replay(services: Services, principal: Principal, webhook_id: str, asked: Asked) -> Replayed:
    """Put old events in line again.

    Raises:
        NotFoundError: There is none, or not for this key; or no such delivery.
        ConflictError: It is disabled or deleted.
    """
    now = services.clock()
    with services.database.write() as connection:
        webhook = _get(connection, principal, webhook_id, lock=True)
        _refuse_disabled(webhook)
        if isinstance(asked, datetime):
            replayed = replay_since(connection, webhook, asked, now)
        else:
            replayed = replay_deliveries(connection, webhook_id, asked, now)
        _note(services, connection, principal, "replayed", webhook_id, {"events": replayed.events})
    return replayed


def _judge_url(services: Services, url: str) -> None:
    AddressGuard(services.settings.webhook_networks).check(url)


def _get(
    connection: Connection, principal: Principal, webhook_id: str, *, lock: bool = False
) -> Webhook:
    webhook = store.get_webhook(connection, webhook_id, lock=lock)
    if not sees_webhook(principal, webhook):
        raise NotFoundError("webhook", webhook_id)
    return webhook


def _refuse_deleted(webhook: Webhook) -> None:
    if webhook.deleted:
        raise ConflictError(
            "webhook_deleted", "This webhook is deleted; its history is left.", "Make a new one."
        )


def _refuse_disabled(webhook: Webhook) -> None:
    _refuse_deleted(webhook)
    if webhook.disabled_at is not None:
        raise ConflictError(
            "webhook_disabled",
            f"This webhook is disabled. {webhook.disabled_why}",
            'Enable it first: PATCH {"enabled": true}.',
        )


def _make_room(services: Services, connection: Connection) -> None:
    services.database.serialise(connection, "webhooks")
    if store.count_enabled(connection) >= MOST_ENABLED:
        raise ConflictError(
            "too_many_webhooks",
            f"There are {MOST_ENABLED} enabled webhooks already.",
            "Disable one that is not needed, or let one receiver pass events on.",
        )


def _place(url: str) -> dict[str, Any]:
    """Return where a URL leads without its path: that may hold a token of the receiver's."""
    parsed = parse_url(url)
    return {"to": f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"}


def _note(
    services: Services,
    connection: Connection,
    principal: Principal,
    verb: str,
    webhook_id: str,
    details: Mapping[str, Any],
) -> None:
    record_audit(
        services.database,
        connection,
        at=services.clock(),
        actor=principal.actor,
        action=f"webhook.{verb}",
        target=f"webhooks/{webhook_id}",
        details=details,
    )
