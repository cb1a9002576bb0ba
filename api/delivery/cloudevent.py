"""The envelope: CloudEvents 1.0, structured mode, JSON."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from api.store.deliveries import Event

CONTENT_TYPE: Final = "application/cloudevents+json"
MOST_BYTES: Final = 20_000  # Standard Webhooks: payloads stay under 20 kB
MOST_TEXT: Final = 200  # Of one value in what is left of a payload that was too large
DEFAULT_SOURCE: Final = "urn:street-issues"


def make_source(public_url: str | None) -> str:
    """Return who speaks: the service's public address, or a name when it has none."""
    return DEFAULT_SOURCE if public_url is None else public_url.rstrip("/")


def format_event(event: Event, source: str) -> bytes:
    """Return the body of a delivery, the same bytes at every try.

    An event that would be larger than receivers must take keeps its short values, says
    `"trimmed": true` and carries `link`, the path under which the whole of it is read.
    """
    body = _format(event, source, event.data)
    if len(body) < MOST_BYTES:
        return body
    short = {
        name: value
        for name, value in event.data.items()
        if value is None
        or isinstance(value, bool | int | float)
        or (isinstance(value, str) and len(value) <= MOST_TEXT)
    }
    notice = {"trimmed": True, "link": f"/v1/{event.subject}"}
    body = _format(event, source, {**short, **notice})
    return body if len(body) < MOST_BYTES else _format(event, source, notice)


def _format(event: Event, source: str, data: dict[str, Any]) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": _format_time(event.at),
        # The extension "sequence": text that sorts as the events of one subject happened.
        "sequence": f"{event.seq:020d}",
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def _format_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
