"""The service's words: what news look like on the wire, and what its refusals mean."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from detector.camera.incident import Incident
from detector.errors import ServiceError, UsageError

MOST_RETRY_AFTER_S: Final = 3600.0
"""No answer may silence a watcher for longer."""
RETRYABLE: Final = frozenset({408, 425, 429})
"""Beside all of 500 and above; any other refusal is final."""
CAMERA_CODE: Final = re.compile(r"[^\x00-\x20\x7f/?#%\\]{1,64}")
"""As the service takes a camera's code."""
MOST_WORDS: Final = 300
"""Characters of the service's words that are passed on."""


def describe_incident(news: Incident) -> dict[str, Any]:
    """Return an incident as the service takes it.

    Raises:
        ServiceError: Its footage has no time, so that nobody could say when it was.
    """
    if news.started_at is None:
        raise ServiceError(
            "time_unknown",
            f"The incident {news.id} has no time: it is not known when its footage was taken.",
            "Tell the cameras' start times.",
            again=False,
        )
    peak = news.peak
    described: dict[str, Any] = {
        "id": news.id,
        "camera": news.camera,
        "label": news.label,
        "state": news.state,
        "revision": news.revision,
        "started_at": format_time(news.started_at),
        "frames": news.frames,
        "peak": {
            "score": peak.score,
            "box_xyxy": list(peak.box_xyxy),
            "severity": peak.severity,
            "image_wh": list(peak.image_wh),
        },
    }
    if peak.captured_at is not None:
        described["peak"]["at"] = format_time(peak.captured_at)
    if news.ended_at is not None:
        described["ended_at"] = format_time(max(news.ended_at, news.started_at))
    return described


def is_camera_code(text: str) -> bool:
    """Tell whether the service takes a camera's code of this form."""
    return CAMERA_CODE.fullmatch(text) is not None


def check_service_url(url: str) -> str:
    """Return the service's root without a slash at its end.

    Raises:
        UsageError: It is no address of a web service, or holds a password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError("The service's address is no URL.", f"It reads: {error}.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            "The service's address is no web address.",
            "Write it as https://issues.example.gov.cn.",
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "The service's address holds a name or a password.",
            "Leave it out: the key is all that the service wants.",
        )
    if parts.query or parts.fragment:
        raise UsageError("The service's address has something after its path.", "Leave it out.")
    return url.rstrip("/")


def check_key(key: str) -> str:
    """Return a key without the line end of its file.

    Raises:
        UsageError: It is empty or cannot stand in a header. The key itself is not told.
    """
    stripped = key.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise UsageError(
            "The key for the service is empty or has characters that no key has.",
            "Make one with: street-issues-api keys create --role camera.",
        )
    return stripped


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for; None: nothing that makes sense.

    Args:
        text: The header: seconds, or a date (RFC 9110, 10.2.3).
        now: To count from to the date.
    """
    if text is None:
        return None
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit():
        return min(float(stripped[:9]), MOST_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(stripped)
    except (ValueError, OverflowError):
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), MOST_RETRY_AFTER_S)


def make_refusal(
    status: int, headers: Mapping[str, str], said: Mapping[str, Any] | None
) -> ServiceError:
    """Return what a refusal means, in the service's own words where it gave some."""
    if 300 <= status < 400:
        return ServiceError(
            "redirected",
            f"The service answered {status}, a redirect: those are not followed.",
            "Set the service's final address.",
            again=False,
            status=status,
        )
    problem = said or {}
    code = problem.get("code")
    detail = problem.get("detail")
    hint = problem.get("hint")
    errors = problem.get("errors")
    named = [
        f"{one.get('path')}: {one.get('message')}"
        for one in (errors if isinstance(errors, list) else ())  # A proxy's may be anything.
        if isinstance(one, dict)
    ]
    told = detail if isinstance(detail, str) else "It gave no reason."
    words = " ".join([told, *(one for one in named[:3] if one not in told)])
    return ServiceError(
        code if isinstance(code, str) else f"http_{status}",
        f"The service answered {status}: {words[:MOST_WORDS]}",
        hint[:MOST_WORDS] if isinstance(hint, str) else "",
        again=status in RETRYABLE or status >= 500,
        retry_after_s=parse_retry_after(headers.get("retry-after"), datetime.now(UTC)),
        status=status,
    )


def not_the_service(url: str) -> ServiceError:
    """A proxy's or a portal's page says 200 as well: what it took is not delivered."""
    return ServiceError(
        "not_the_service",
        f"What answers at {url} is not the service.",
        "Check the address, and what stands in between.",
        again=True,
    )


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object of an answer; None: it holds none."""
    try:
        said = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def format_time(at: datetime) -> str:
    """Return a moment as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
