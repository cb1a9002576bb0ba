"""Webhooks: what they were sent, and sending it again."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.delivery import subscriptions
from api.delivery.history import page_deliveries
from api.delivery.subscriptions import Change, Subscription
from api.errors import ConflictError, InvalidError
from api.http.deps import get_services
from api.ids import new_id
from api.schemas.types import Id, IdPath
from api.schemas.webhooks import show_webhook
from api.security.granting import list_granted
from api.services import Services
from api.store.deliveries import DeliveryState
from api.store.outbox import PING_TYPE
from api.store.webhooks import Webhook
from api.web.admin_audit import name_actor, name_within
from api.web.admin_webhooks import (
    AREAS,
    ChangedWebhookForm,
    Done,
    NewWebhookForm,
    ReplayForm,
    RotateForm,
    StateForm,
    parse_grids,
    parse_since,
    parse_types,
    sign_webhook,
)
from api.web.admin_words import say_in
from api.web.forms import OrNone, PageForm
from api.web.languages import choose_language
from api.web.pages import show_page
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/admin/webhooks", include_in_schema=False)

Manager = Annotated[Visitor, Depends(visit("manage"))]
Parts = Annotated[Services, Depends(get_services)]

HOME: Final = "/console/admin/webhooks"
PAGE_WEBHOOKS: Final = 100
PAGE_DELIVERIES: Final = 30


@router.get("")
def show_webhooks(
    request: Request,
    visitor: Manager,
    services: Parts,
    after: Annotated[OrNone[Id], Query()] = None,
    done: Annotated[Done | None, Query()] = None,
) -> Response:
    """Show all that the visitor may see, and a form for another."""
    found, last = subscriptions.page_webhooks(services, visitor.principal, after, PAGE_WEBHOOKS)
    now = services.clock()
    return show_page(
        request,
        "admin_webhooks.html",
        webhooks=[show_webhook(one, now) for one in found],
        last=last,
        done=done,
        areas=AREAS,
        new=new_id(),
    )


@router.post("")
def create_webhook(
    request: Request, visitor: Manager, services: Parts, form: Annotated[NewWebhookForm, Form()]
) -> Response:
    """Subscribe; this answer is the only one that shows the secret."""
    wanted = Subscription(form.url, parse_types(form), parse_grids(form), form.new)
    webhook, secret = subscriptions.create_webhook(services, visitor.principal, wanted)
    return _show(request, visitor, services, webhook.id, secret=secret)


@router.get("/{webhook_id}")
def show_one(
    request: Request,
    webhook_id: IdPath,
    visitor: Manager,
    services: Parts,
    state: Annotated[OrNone[DeliveryState], Query()] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """Show a webhook and what was sent to it."""
    return _show(request, visitor, services, webhook_id, state=state, before=before)


@router.post("/{webhook_id}")
def change_webhook(
    webhook_id: IdPath,
    visitor: Manager,
    services: Parts,
    form: Annotated[ChangedWebhookForm, Form()],
) -> Response:
    """Set where events go, and which; what others changed meanwhile is not undone."""
    change = Change(None, form.url, parse_types(form), parse_grids(form))

    def guard(present: Webhook) -> None:
        if sign_webhook(present) != form.seen:
            raise ConflictError(
                "webhook_changed",
                "Somebody else has changed this webhook meanwhile.",
                "Open its page again and make your change there.",
            )

    subscriptions.change_webhook(services, visitor.principal, webhook_id, change, guard)
    return _back(webhook_id, "changed")


@router.post("/{webhook_id}/state")
def switch_webhook(
    webhook_id: IdPath, visitor: Manager, services: Parts, form: Annotated[StateForm, Form()]
) -> Response:
    """Enable or disable."""
    change = Change(enabled=form.enabled)
    subscriptions.change_webhook(services, visitor.principal, webhook_id, change)
    return _back(webhook_id, "enabled" if form.enabled else "disabled")


@router.post("/{webhook_id}/rotate")
def rotate_webhook(
    request: Request,
    webhook_id: IdPath,
    visitor: Manager,
    services: Parts,
    form: Annotated[RotateForm, Form()],
) -> Response:
    """Make a new secret; this answer is the only one that shows it."""
    _, secret = subscriptions.rotate_secret(
        services, visitor.principal, webhook_id, form.old_valid_hours
    )
    return _show(request, visitor, services, webhook_id, secret=secret)


@router.post("/{webhook_id}/test")
def test_webhook(
    webhook_id: IdPath, visitor: Manager, services: Parts, form: Annotated[PageForm, Form()]
) -> Response:
    """Put a test event in line."""
    del form
    subscriptions.send_test(services, visitor.principal, webhook_id)
    return _back(webhook_id, "tested")


@router.post("/{webhook_id}/replay")
def replay_webhook(
    webhook_id: IdPath, visitor: Manager, services: Parts, form: Annotated[ReplayForm, Form()]
) -> Response:
    """Send one event again, or all that did not arrive since a time."""
    if form.delivery is not None:
        replayed = subscriptions.replay(services, visitor.principal, webhook_id, [form.delivery])
    elif form.since is not None:
        since = parse_since(form.since, services.rules.timezone)
        replayed = subscriptions.replay(services, visitor.principal, webhook_id, since)
    else:
        raise InvalidError("nothing_asked", "Nothing was chosen.", "Choose a time.")
    return _back(webhook_id, "replayed", f"&events={replayed.events}&more={int(replayed.more)}")


@router.post("/{webhook_id}/delete")
def delete_webhook(
    webhook_id: IdPath, visitor: Manager, services: Parts, form: Annotated[PageForm, Form()]
) -> Response:
    """Disable it for good and forget its secrets."""
    del form
    subscriptions.delete_webhook(services, visitor.principal, webhook_id)
    return RedirectResponse(f"{HOME}?done=deleted", 303)


def _back(webhook_id: str, done: Done, more: str = "") -> Response:
    return RedirectResponse(f"{HOME}/{quote(webhook_id)}?done={done}{more}", 303)


def _show(
    request: Request,
    visitor: Visitor,
    services: Services,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    secret: str | None = None,
) -> Response:
    principal = visitor.principal
    webhook = subscriptions.find_webhook(services, principal, webhook_id)
    deliveries, last = page_deliveries(
        services, principal, webhook_id, state=state, before=before, limit=PAGE_DELIVERIES
    )
    names = {key.principal.id: key.principal.name for key in list_granted(services, principal)}
    language = choose_language(request)
    query = request.query_params
    events = query.get("events", "")
    return show_page(
        request,
        "admin_webhook.html",
        webhook=show_webhook(webhook, services.clock()),
        seen=sign_webhook(webhook),
        creator=name_actor(webhook.created_by, names),
        deliveries=deliveries,
        last=last,
        state=state,
        before=before,
        secret=secret,
        areas=AREAS,
        ping=PING_TYPE,
        done=query.get("done"),
        events=int(events) if events.isascii() and events.isdigit() and len(events) < 9 else 0,
        more=query.get("more") == "1",
        say=lambda text: say_in(language, name_within(text, names)),
        further=[one for one in webhook.types if one not in AREAS],
    )
