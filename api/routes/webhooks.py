"""Routes: webhooks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.delivery import subscriptions
from api.delivery.history import page_deliveries
from api.delivery.subscriptions import Change, Subscription
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.principal import Principal
from api.schemas.types import Cursor, IdPath, Page, PageSize, decode_cursor, encode_cursor
from api.schemas.webhooks import (
    DeliveryAnswer,
    NewWebhook,
    ReplayAnswer,
    ReplayDeliveries,
    ReplaySince,
    Rotation,
    TestAnswer,
    WebhookAnswer,
    WebhookChange,
    WebhookWithSecret,
    show_delivery,
    show_webhook,
    show_with_secret,
)
from api.services import Services
from api.store.deliveries import DeliveryState

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Manager = Annotated[Principal, Depends(require("manage"))]
Parts = Annotated[Services, Depends(get_services)]


@router.post(
    "",
    summary="Subscribe to events",
    operation_id="create_webhook",
    status_code=201,
    responses=problem_responses(401, 403, 409, 413, 422, 429, 503),
)
def create_webhook(
    body: NewWebhook, response: Response, principal: Manager, services: Parts
) -> WebhookWithSecret:
    """Answer with the secret that signs: it is shown this once.

    A URL into a private network is refused unless the range is listed in
    STREET_ISSUES_WEBHOOK_NETWORKS.
    """
    wanted = Subscription(body.url, body.types, body.grids)
    webhook, secret = subscriptions.create_webhook(services, principal, wanted)
    _keep_nowhere(response)
    return show_with_secret(webhook, secret, services.clock())


@router.get(
    "",
    summary="List webhooks, oldest first",
    operation_id="list_webhooks",
    responses=problem_responses(401, 403, 422, 429, 503),
)
def list_webhooks(
    principal: Manager, services: Parts, limit: PageSize = 50, cursor: Cursor = None
) -> Page[WebhookAnswer]:
    """Disabled and deleted ones stand in it, too."""
    after = decode_cursor(cursor, (str,))[0] if cursor else None
    found, last = subscriptions.page_webhooks(services, principal, after, limit)
    now = services.clock()
    return Page[WebhookAnswer](
        items=tuple(show_webhook(one, now) for one in found),
        next=None if last is None else encode_cursor((last,)),
    )


@router.get(
    "/{webhook_id}",
    summary="Show a webhook",
    operation_id="get_webhook",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def get_webhook(webhook_id: IdPath, principal: Manager, services: Parts) -> WebhookAnswer:
    """Answer with everything but the secret."""
    webhook = subscriptions.find_webhook(services, principal, webhook_id)
    return show_webhook(webhook, services.clock())


@router.patch(
    "/{webhook_id}",
    summary="Change, disable or enable a webhook",
    operation_id="change_webhook",
    responses=problem_responses(401, 403, 404, 409, 413, 422, 429, 503),
)
def change_webhook(
    webhook_id: IdPath, body: WebhookChange, principal: Manager, services: Parts
) -> WebhookAnswer:
    """Events that happen while it is disabled are sent by a replay only."""
    change = Change(body.enabled, body.url, body.types, body.grids)
    webhook = subscriptions.change_webhook(services, principal, webhook_id, change)
    return show_webhook(webhook, services.clock())


@router.delete(
    "/{webhook_id}",
    summary="Delete a webhook",
    operation_id="delete_webhook",
    status_code=204,
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def delete_webhook(webhook_id: IdPath, principal: Manager, services: Parts) -> None:
    """Disable it for good and forget its secrets; the history of its deliveries stays."""
    subscriptions.delete_webhook(services, principal, webhook_id)


@router.post(
    "/{webhook_id}/rotate",
    summary="Make a new secret",
    operation_id="rotate_webhook_secret",
    responses=problem_responses(401, 403, 404, 409, 413, 422, 429, 503),
)
def rotate_webhook_secret(
    webhook_id: IdPath,
    response: Response,
    principal: Manager,
    services: Parts,
    body: Rotation | None = None,
) -> WebhookWithSecret:
    """Answer with the new secret, this once; both sign for the hours given (24 by default)."""
    hours = (body or Rotation()).old_valid_hours
    webhook, secret = subscriptions.rotate_secret(services, principal, webhook_id, hours)
    _keep_nowhere(response)
    return show_with_secret(webhook, secret, services.clock())


@router.get(
    "/{webhook_id}/deliveries",
    summary="List what was sent to a webhook, newest first",
    operation_id="list_webhook_deliveries",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def list_webhook_deliveries(
    webhook_id: IdPath,
    principal: Manager,
    services: Parts,
    state: Annotated[
        DeliveryState | None, Query(description="Only such deliveries.", examples=["failed"])
    ] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Page[DeliveryAnswer]:
    """Each row tells how often an event was tried, and what came of the last try."""
    before = decode_cursor(cursor, (int,))[0] if cursor else None
    found, last = page_deliveries(
        services, principal, webhook_id, state=state, before=before, limit=limit
    )
    return Page[DeliveryAnswer](
        items=tuple(show_delivery(one) for one in found),
        next=None if last is None else encode_cursor((last,)),
    )


@router.post(
    "/{webhook_id}/replay",
    summary="Send old events again",
    operation_id="replay_webhook",
    status_code=202,
    responses=problem_responses(401, 403, 404, 409, 413, 422, 429, 503),
)
def replay_webhook(
    webhook_id: IdPath,
    body: ReplaySince | ReplayDeliveries,
    principal: Manager,
    services: Parts,
) -> ReplayAnswer:
    """Send what did not arrive since a time, or the events of certain deliveries.

    The webhook-id stays that of the event, so a receiver that has it already can tell.
    """
    asked = body.since if isinstance(body, ReplaySince) else body.deliveries
    replayed = subscriptions.replay(services, principal, webhook_id, asked)
    return ReplayAnswer(events=replayed.events, more=replayed.more)


@router.post(
    "/{webhook_id}/test",
    summary="Send a test event",
    operation_id="send_test_event",
    status_code=202,
    responses=problem_responses(401, 403, 404, 409, 422, 429, 503),
)
def send_test_event(webhook_id: IdPath, principal: Manager, services: Parts) -> TestAnswer:
    """Put an event of the type cn.street-issues.ping in line for this webhook alone."""
    return TestAnswer(event=subscriptions.send_test(services, principal, webhook_id))


def _keep_nowhere(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
