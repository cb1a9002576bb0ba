"""Bodies that come as JSON, or as a multipart form with a photo beside the same fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from api.errors import InvalidError, TooLargeError, UnsupportedError
from api.http.upload_room import take_room
from api.http.uploads import read_upload, upload_body

Fields = TypeVar("Fields", bound=BaseModel)

MOST_JSON_BYTES: Final = 64 * 1024
"""News of a camera are a few hundred bytes."""


@dataclass(frozen=True, slots=True)
class News(Generic[Fields]):
    """What was sent."""

    fields: Fields
    photo: bytes | None
    """None: it came as JSON."""


async def read_news(request: Request, kind: type[Fields]) -> News[Fields]:
    """Read a body of either form.

    Raises:
        RequestValidationError: A field is unknown or does not fit.
        UnsupportedError: It is neither JSON nor a multipart form, or the file is no photo.
        TooLargeError: It is too long.
        InvalidError: It broke off.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        upload = await read_upload(request, kind)
        return News(upload.form, upload.photo.data)
    if media_type != "application/json":
        raise UnsupportedError(
            "media_type_unknown",
            "The body is neither JSON nor a multipart form.",
            "Send application/json, or multipart/form-data with the file as `photo`.",
        )
    return News(parse_fields(await read_json(request, MOST_JSON_BYTES), kind), None)


async def read_json(request: Request, most_bytes: int) -> Any:
    """Read a body of JSON, within a bound.

    Raises:
        BusyError: Too many uploads at once.
        TooLargeError: It is longer.
        RequestValidationError: It is no JSON.
        InvalidError: It broke off.
    """
    body = bytearray()
    if most_bytes > MOST_JSON_BYTES:
        await take_room(request)
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise TooLargeError(
                    "body_too_large",
                    f"The body is longer than {most_bytes // 1024} KiB.",
                    "Send less at once.",
                )
    except ClientDisconnect as error:
        raise InvalidError("body_broken", "The body broke off.", "Send it again.") from error
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RequestValidationError(
            [{"type": "json_invalid", "loc": ("body",), "msg": "This is not JSON."}]
        ) from error


def parse_fields(content: Any, kind: type[Fields]) -> Fields:
    """Understand an object.

    Raises:
        RequestValidationError: A field is unknown or does not fit; names it.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from error


def describe_news(kind: type[BaseModel]) -> dict[str, Any]:
    """Return OpenAPI's description of a body of either form."""
    whole = inline_schema(kind)
    form: dict[str, Any] = upload_body(kind)["requestBody"]["content"]["multipart/form-data"]
    properties = {
        name: {"type": "string", "contentMediaType": "application/json"}
        if whole["properties"].get(name, {}).get("type") == "object"
        else field
        for name, field in form["schema"]["properties"].items()
    }
    content = {
        "application/json": {"schema": whole},
        "multipart/form-data": form | {"schema": form["schema"] | {"properties": properties}},
    }
    return {"requestBody": {"required": True, "content": content}}


def inline_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON Schema without references, which OpenAPI would seek elsewhere."""
    schema = kind.model_json_schema()
    definitions: Mapping[str, Any] = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, definitions)
    return inlined


def _inline(value: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inline(one, definitions) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        named = definitions[value["$ref"].rpartition("/")[2]]
        return _inline({**named, **{k: v for k, v in value.items() if k != "$ref"}}, definitions)
    return {name: _inline(inner, definitions) for name, inner in value.items()}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
