"""What became of the events sent to one webhook."""

from api.delivery.subscriptions import find_webhook
from api.principal import Principal
from api.services import Services
from api.store.deliveries import Delivery, DeliveryState, list_deliveries


def page_deliveries(
    services: Services,
    principal: Principal,
    webhook_id: str,
    *,
    state: DeliveryState | None,
    before: int | None,
    limit: int,
) -> tuple[tuple[Delivery, ...], int | None]:
    """Return a page, newest first, and the id before which the next page begins.

    Raises:
        NotFoundError: There is no such webhook, or not for this key.
    """
    find_webhook(services, principal, webhook_id)
    with services.database.read() as connection:
        found = list_deliveries(connection, webhook_id, state=state, before=before, limit=limit + 1)
    page = found[:limit]
    return page, page[-1].id if len(found) > limit else None
