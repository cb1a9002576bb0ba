"""What the routes of webhooks take and answer."""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, StringConstraints

from api.schemas.types import Answer, Body, GridCode, UtcDatetime, Whole
from api.store.deliveries import Delivery
from api.store.webhooks import Webhook

EXAMPLE_ID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
EXAMPLE_URL: Final = "https://bureau.example.org/street-issues"
EXAMPLE_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

Url: TypeAlias = Annotated[
    str, StringConstraints(min_length=10, max_length=2048, pattern=r"^https?://[^\x00-\x20\x7f]+$")
]
EventType: TypeAlias = Annotated[
    str,
    StringConstraints(
        max_length=60,
        pattern=r"^cn\.street-issues(\.(report|case|camera|incident)(\.[a-z_]+)?)?$",
    ),
]
Types: TypeAlias = Annotated[
    tuple[EventType, ...],
    Field(
        max_length=50,
        description="Types of events, each with all that lies under it; empty: all.",
        examples=[["cn.street-issues.case", "cn.street-issues.report.received"]],
    ),
]
Grids: TypeAlias = Annotated[
    tuple[GridCode, ...],
    Field(
        max_length=100,
        description="Prefixes of grid codes; empty: everywhere that the key sees.",
        examples=[["310101"]],
    ),
]


class NewWebhook(Body):
    """Where events go, and which."""

    url: Url = Field(
        description="https, or http within a network of your own. Redirects are not followed.",
        examples=[EXAMPLE_URL],
    )
    types: Types = ()
    grids: Grids = ()


class WebhookChange(Body):
    """What is left out stays as it is."""

    enabled: bool | None = Field(
        default=None,
        description="false: what waits for it fails, and a replay sends it later.",
        examples=[True],
    )
    url: Url | None = Field(default=None, examples=[EXAMPLE_URL])
    types: Types | None = None
    grids: Grids | None = None


class Rotation(Body):
    """How the old secret ends."""

    old_valid_hours: Whole = Field(
        default=24,
        ge=0,
        le=168,
        description="So long the old secret signs too, beside the new one.",
        examples=[24],
    )


class ReplaySince(Body):
    """All events since a time that the webhook wants and that did not reach it."""

    since: UtcDatetime = Field(examples=["2026-03-02T01:00:00Z"])


class ReplayDeliveries(Body):
    """The events of these deliveries."""

    deliveries: tuple[Annotated[Whole, Field(ge=1, lt=2**63)], ...] = Field(
        min_length=1, max_length=1000, examples=[[4711, 4712]]
    )


class WebhookAnswer(Answer):
    """A webhook, without its secret."""

    id: str = Field(examples=[EXAMPLE_ID])
    url: str = Field(examples=[EXAMPLE_URL])
    types: tuple[str, ...] = Field(examples=[["cn.street-issues.case"]])
    grids: tuple[str, ...] = Field(examples=[["310101"]])
    state: Literal["enabled", "disabled", "deleted"] = Field(examples=["enabled"])
    disabled_at: datetime | None
    disabled_why: str | None = Field(examples=[None])
    old_secrets_until: datetime | None = Field(
        description="Until then a secret from before a rotation signs, too."
    )
    created_at: datetime
    created_by: str = Field(examples=[f"key:{EXAMPLE_ID}"])
    advice: str | None = Field(
        description="What should be better.",
        examples=[None],
    )


class WebhookWithSecret(WebhookAnswer):
    """A webhook with its new secret: this is the only time that it is shown."""

    secret: str = Field(examples=[EXAMPLE_SECRET])


class DeliveryAnswer(Answer):
    """One event on its way to a webhook."""

    id: int = Field(examples=[4711])
    event: str = Field(description="The webhook-id that is sent.", examples=[EXAMPLE_ID])
    type: str = Field(examples=["cn.street-issues.case.opened"])
    subject: str = Field(examples=[f"cases/{EXAMPLE_ID}"])
    state: Literal["waiting", "delivered", "failed"] = Field(examples=["waiting"])
    attempts: int = Field(examples=[2])
    created_at: datetime
    next_at: datetime | None = Field(
        description="When it is tried next, at the earliest; while it is being tried, when "
        "another server takes it over. null: it is over."
    )
    last_status: int | None = Field(description="null: no answer came.", examples=[500])
    last_error: str | None = Field(examples=["It answered 500."])
    ended_at: datetime | None


class ReplayAnswer(Answer):
    """What was put in line."""

    events: int = Field(examples=[12])
    more: bool = Field(description="There are more: ask again.", examples=[False])


class TestAnswer(Answer):
    """The test event that was put in line."""

    __test__ = False  # pytest, this is not a test.

    event: str = Field(examples=[EXAMPLE_ID])


def show_webhook(webhook: Webhook, now: datetime) -> WebhookAnswer:
    """Return a webhook as it is shown."""
    ends = [one.until for one in webhook.secrets if one.until is not None and one.until > now]
    state: Literal["enabled", "disabled", "deleted"] = "enabled"
    if webhook.deleted:
        state = "deleted"
    elif webhook.disabled_at is not None:
        state = "disabled"
    plain = webhook.url.lower().startswith("http:")
    return WebhookAnswer(
        id=webhook.id,
        url=webhook.url,
        types=webhook.types,
        grids=webhook.grids,
        state=state,
        disabled_at=webhook.disabled_at,
        disabled_why=webhook.disabled_why,
        old_secrets_until=max(ends, default=None),
        created_at=webhook.created_at,
        created_by=webhook.created_by,
        advice="Use https: over http others on the way can read the events." if plain else None,
    )


def show_with_secret(webhook: Webhook, secret: str, now: datetime) -> WebhookWithSecret:
    """Return a webhook with a secret that was just made."""
    return WebhookWithSecret(**show_webhook(webhook, now).model_dump(), secret=secret)


def show_delivery(delivery: Delivery) -> DeliveryAnswer:
    """Return a delivery as it is shown."""
    return DeliveryAnswer(
        id=delivery.id,
        event=delivery.event_id,
        type=delivery.type,
        subject=delivery.subject,
        state=delivery.state,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        next_at=delivery.next_at,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        ended_at=delivery.ended_at,
    )
