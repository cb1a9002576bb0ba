"""The form of POST /requests: read within bounds, then understood."""

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from api.cases.rules import Rules
from api.errors import ApiError, InvalidError, NotFoundError, TooLargeError, UnsupportedError
from api.intake.accepting import NewReport
from api.open311.words import find_label
from api.schemas.types import Latitude, Longitude, LongText, ShortText

MOST_BYTES: Final = 128 * 1024
"""4000 characters of four bytes, each escaped as three, are 48,000; the rest is short."""
MOST_FIELDS: Final = 200
"""The standard names 15; clients may add attributes, which we have none of."""
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

MediaUrl = Annotated[
    str, StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[^\x00-\x20\x7f]+$")
]
"""Shown to operators as a link: nothing but the web."""


class RequestForm(BaseModel):
    """What a client tells of a problem; names it does not know are not looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    service_code: ShortText
    lat: Latitude | None = None
    long: Longitude | None = None
    address_string: ShortText | None = None
    address_id: ShortText | None = None
    email: ShortText | None = None
    device_id: ShortText | None = None
    account_id: ShortText | None = None
    first_name: ShortText | None = None
    last_name: ShortText | None = None
    phone: ShortText | None = None
    description: LongText | None = None
    media_url: MediaUrl | None = None
    jurisdiction_id: ShortText | None = None
    """Not looked at: one service serves one bureau."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form without those that are empty: empty means not sent.

    Of a field that comes twice the first counts.

    Raises:
        UnsupportedError: The body is no form.
        TooLargeError: It is longer than any service request.
        InvalidError: It is no UTF-8, or no proper form; files are not taken here.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in {URLENCODED, MULTIPART}:
        raise UnsupportedError("not_a_form", "The body is no form.", f"Send it as {URLENCODED}.")
    body = await _read_bounded(request)
    pairs = _split(body) if kind == URLENCODED else await _split_parts(request.headers, body)
    fields: dict[str, str] = {}
    for name, text in pairs:
        if text.strip():
            fields.setdefault(name, text.replace("\r\n", "\n"))
    return fields


def parse_form(fields: Mapping[str, str]) -> RequestForm:
    """Understand the fields.

    Raises:
        RequestValidationError: One is missing or not what it has to be; names each.
        InvalidError: Nothing says where.
    """
    try:
        form = RequestForm.model_validate(dict(fields))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None
    if (form.lat is None) != (form.long is None):
        raise InvalidError("position_half", "lat and long both need to be sent.", "Send both.")
    if form.lat is None and form.address_string is None and form.address_id is None:
        raise InvalidError(
            "place_missing",
            "Nothing says where it is.",
            "Send lat and long, or address_string, or address_id.",
        )
    return form


def make_report(rules: Rules, form: RequestForm, key_id: str, idempotency: str | None) -> NewReport:
    """Return the report that a form is.

    Raises:
        NotFoundError: There is no such service.
    """
    try:
        label = find_label(rules, form.service_code)
    except KeyError:
        raise NotFoundError("service with the service_code", form.service_code) from None
    people = ("email", "phone", "first_name", "last_name", "device_id", "account_id")
    contact = {name: text for name in people if (text := getattr(form, name)) is not None}
    address = form.address_string
    if form.address_id is not None:
        address = f"{address or ''} (address_id {form.address_id})".strip()
    return NewReport(
        source="citizen",
        label=label,
        note=form.description,
        contact=contact or None,
        lat=form.lat,
        lon=form.long,
        address=address,
        media_url=form.media_url,
        key_id=key_id,
        idempotency_key=idempotency,
    )


async def _read_bounded(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise TooLargeError(
                    "form_too_large",
                    f"The form is longer than {MOST_BYTES // 1024} KiB.",
                    "description may have 4000 characters.",
                )
    except ClientDisconnect as error:
        raise InvalidError("body_broken", "The body broke off.", "Send it again.") from error
    return bytes(body)


def _split(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise _not_utf8() from error
    except ValueError as error:
        raise _no_form() from error


async def _split_parts(headers: Headers, body: bytes) -> list[tuple[str, str]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        headers, stream(), max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, HTTPException, KeyError, AssertionError) as error:
        raise _no_form() from error
    except UnicodeDecodeError as error:
        raise _not_utf8() from error
    return [(name, text) for name, text in form.multi_items() if isinstance(text, str)]


def _no_form() -> ApiError:
    return InvalidError(
        "form_invalid",
        "The body is not the form that its Content-Type says, or it holds a file.",
        "Files are not taken here: send a media_url, or use POST /v1/reports.",
    )


def _not_utf8() -> ApiError:
    return InvalidError("form_not_utf8", "The form is not in UTF-8.", "Encode it in UTF-8.")
