"""Forms of the webhooks' pages: event types as boxes to tick, times by the bureau's clock."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter, ValidationError

from api.errors import InvalidError
from api.schemas.types import Id
from api.schemas.webhooks import EventType, Grids, Types, Url
from api.store.webhooks import Webhook
from api.web.forms import OrNone, PageForm, Seen, sign_content

AREAS: Final[Mapping[str, tuple[str, str]]] = {
    "cn.street-issues.case": ("案件", "Cases"),
    "cn.street-issues.report": ("上报", "Reports"),
    "cn.street-issues.camera": ("摄像机", "Cameras"),
    "cn.street-issues.incident": ("视频事件", "Incidents"),
}
_TYPES: Final = TypeAdapter[tuple[str, ...]](Types)
_GRIDS: Final = TypeAdapter[tuple[str, ...]](Grids)


class WebhookForm(PageForm):
    """Where events go, and which."""

    url: Url
    areas: tuple[EventType, ...] = ()
    """Ticked boxes; with no further type, none means all."""
    types: str = Field(default="", max_length=4000)
    """Further types, apart by spaces or lines."""
    grids: str = Field(default="", max_length=7000)


class NewWebhookForm(WebhookForm):
    """A webhook that is wanted."""

    new: Id
    """The id of the webhook to be: a form that is sent twice makes one."""


class ChangedWebhookForm(WebhookForm):
    """What becomes of a webhook."""

    seen: Seen
    """`sign_webhook` of what the form began with."""


class RotateForm(PageForm):
    """How the old secret ends."""

    old_valid_hours: int = Field(default=24, ge=0, le=168)


class StateForm(PageForm):
    """Whether events are sent."""

    enabled: bool


class ReplayForm(PageForm):
    """One delivery, or all that did not arrive since a time."""

    delivery: OrNone[Annotated[int, Field(ge=1, lt=2**63)]] = None
    since: OrNone[Annotated[str, Field(max_length=40)]] = None


Done = Literal["changed", "enabled", "disabled", "tested", "replayed", "deleted"]


def sign_webhook(webhook: Webhook) -> str:
    """Return what tells what a form shows of a webhook from another state of it."""
    return sign_content([webhook.url, list(webhook.types), list(webhook.grids)])


def parse_types(form: WebhookForm) -> tuple[str, ...]:
    """Return the types of a form.

    Raises:
        InvalidError: One of them is no type of events.
    """
    try:
        return _TYPES.validate_python((*form.areas, *split_words(form.types)))
    except ValidationError as error:
        raise InvalidError(
            "event_type_unknown",
            f"{error.errors()[0]['input']!r} is no type of events.",
            "Write types such as cn.street-issues.case.closed, or tick whole areas.",
        ) from error


def parse_grids(form: WebhookForm) -> tuple[str, ...]:
    """Return the prefixes of a form.

    Raises:
        InvalidError: One of them is too long, or there are too many.
    """
    try:
        return _GRIDS.validate_python(split_words(form.grids))
    except ValidationError as error:
        raise InvalidError(
            "bad_grid_prefix", "These prefixes of grid codes do not fit.", "At most 100 of them."
        ) from error


def parse_since(text: str, timezone: ZoneInfo) -> datetime:
    """Return a time that a browser's field gave, by the bureau's clock.

    Raises:
        InvalidError: It is none.
    """
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=timezone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "bad_time", "This is no time.", "Write one such as 2026-03-02T09:00."
        ) from error


def split_words(text: str) -> tuple[str, ...]:
    """Return what people wrote apart by spaces, lines, or commas of either script."""
    return tuple(one for one in re.split(r"[\s,，、;；]+", text) if one)
