"""Photos as they arrive: a multipart body read piece by piece, with nothing written to disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Generic

from fastapi.exceptions import RequestValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.errors import InvalidError, TooLargeError, UnsupportedError
from api.http.forms import Form, parse_form
from api.http.upload_room import take_room
from api.schemas.types import Body
from detector.errors import PhotoError
from detector.photo_header import EXTENSIONS, sniff_format

PHOTO: Final = "photo"
"""The field that holds the photo."""
MOST_FIELD_BYTES: Final = 16 * 1024
"""Of one text field: 4000 characters at 4 bytes."""
MOST_NAME_CHARACTERS: Final = 200
MEDIA_TYPES: Final[Mapping[str, str]] = {name: f"image/{name}" for name in EXTENSIONS}
UNSUPPORTED_CODES: Final = frozenset({"unsupported_type", "not_a_picture", "heic_extra_missing"})
"""Faults of a photo that are answered with 415."""
FORM_HINT: Final = "Send multipart/form-data with the file in the field `photo`."


class NoFields(Body):
    """A form of the photo alone."""


@dataclass(frozen=True, slots=True)
class PhotoPart:
    """The file of an upload."""

    data: bytes
    file_name: str
    """As the sender named it, without folders and control characters; may be empty."""
    media_type: str
    """Told from the first bytes, not by the sender."""


@dataclass(frozen=True, slots=True)
class Upload(Generic[Form]):
    """A form with a photo."""

    form: Form
    photo: PhotoPart


async def read_upload(request: Request, form: type[Form]) -> Upload[Form]:
    """Read a multipart body that holds a photo and the fields of a form, each once.

    `BodyLimit` bounds the body as a whole, `UploadRoom` all bodies together: it may have to wait.

    Args:
        request: Its body is not read yet.
        form: The text fields beside the photo.

    Returns:
        The checked fields and the photo, whose type was told from its first bytes.

    Raises:
        BusyError: Too many uploads at once, and none came to its end for a while.
        UnsupportedError: The body is no multipart form, or the file is no photo of a known type.
        InvalidError: The form is damaged.
        RequestValidationError: A field is unknown, repeated, missing or does not fit.
        TooLargeError: A text field is too long.
        PhotoError: The file is empty.
        ClientDisconnect: The sender went away.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise UnsupportedError("not_multipart", "The body is not a multipart form.", FORM_HINT)
    boundary = options.get(b"boundary")
    if not boundary:
        raise _damaged()
    reader = _FormReader(frozenset(form.model_fields) | {PHOTO})
    await take_room(request)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
    except FormParserError as error:
        raise _damaged() from error
    if not reader.is_whole:
        raise _damaged()
    data = reader.parts.pop(PHOTO, None)
    if data is None:
        raise _field_error(PHOTO, "Field required", "missing")
    return Upload(
        parse_form(form, {name: _decode(name, value) for name, value in reader.parts.items()}),
        PhotoPart(data, reader.file_name, _sniff_media_type(data)),
    )


def upload_body(form: type[Form]) -> dict[str, Any]:
    """Return what a route that calls `read_upload` declares as `openapi_extra`."""
    schema = form.model_json_schema()
    fields = {name: _without_null(field) for name, field in schema.get("properties", {}).items()}
    photo = {
        "type": "string",
        "format": "binary",
        "description": "The photo's file: JPEG, PNG, WebP or HEIC.",
    }
    body = {
        "type": "object",
        "properties": {PHOTO: photo, **fields},
        "required": [PHOTO, *schema.get("required", [])],
        "additionalProperties": False,
    }
    encoding = {PHOTO: {"contentType": ", ".join(MEDIA_TYPES.values())}}
    content = {"multipart/form-data": {"schema": body, "encoding": encoding}}
    return {"requestBody": {"required": True, "content": content}}


class _FormReader:
    """Keeps the parts of a form as the parser finds them."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._name = ""
        self._pieces: list[bytes] = []
        self._n_bytes = 0
        self.parts: dict[str, bytes] = {}
        self.file_name = ""
        self.is_whole = False

    def callbacks(self) -> Any:
        """Return what the parser calls; it types them as a dict of its own."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_to_header,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }

    def _begin(self) -> None:
        self._header = self._value = self._disposition = b""
        self._pieces = []
        self._n_bytes = 0

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or b"name" not in options:
            raise _damaged()
        self._name = options[b"name"].decode("utf-8", "replace")
        if self._name not in self._wanted:
            raise _field_error(_clean(self._name), "Unknown field", "extra_forbidden")
        if self._name in self.parts:
            raise _field_error(self._name, "Field sent more than once", "repeated")
        if self._name == PHOTO:
            self.file_name = _clean(options.get(b"filename", b"").decode("utf-8", "replace"))

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])
        self._n_bytes += end - start
        if self._name != PHOTO and self._n_bytes > MOST_FIELD_BYTES:
            raise TooLargeError(
                "field_too_large",
                f"The field {self._name} is longer than {MOST_FIELD_BYTES // 1024} KiB.",
                "Shorten it.",
            )

    def _end(self) -> None:
        self.parts[self._name] = b"".join(self._pieces)
        self._pieces = []

    def _end_form(self) -> None:
        self.is_whole = True


def _sniff_media_type(data: bytes) -> str:
    try:
        return MEDIA_TYPES[sniff_format(data)]
    except PhotoError as error:
        if error.code in UNSUPPORTED_CODES:
            raise UnsupportedError(error.code, error.message, error.hint) from error
        raise


def _clean(name: str) -> str:
    """Return a name without folders (either kind of slash) and without what plays tricks."""
    printable = "".join(letter for letter in name if letter.isprintable())
    return PurePosixPath(printable.replace("\\", "/")).name[-MOST_NAME_CHARACTERS:]


def _decode(name: str, value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _field_error(name, "Text must be UTF-8", "not_utf8") from error


def _field_error(name: str, message: str, kind: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "msg": message, "type": kind}])


def _damaged() -> InvalidError:
    return InvalidError("form_damaged", "The multipart form is damaged or cut off.", FORM_HINT)


def _without_null(field: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what JSON alone can say: a form leaves a field out instead of sending null."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    kept = {key: value for key, value in field.items() if key not in ("anyOf", "title")}
    if "default" in kept and kept["default"] is None:
        del kept["default"]
    return (
        {**kinds[0], **kept} if len(kinds) == 1 else ({**kept, "anyOf": kinds} if kinds else kept)
    )
