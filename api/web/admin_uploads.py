"""A file that a page of the administrator sends, with a few fields beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from api.errors import InvalidError
from api.http.upload_room import take_room

FILE: Final = "file"
"""The field that holds the file."""
MOST_FIELDS: Final = 10
MOST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class SentFile:
    """A form with one file."""

    name: str
    """As the sender named it."""
    data: bytes
    fields: Mapping[str, str]


async def read_sent_file(request: Request) -> SentFile:
    """Read a multipart form of one file; `BodyLimit` bounds it as a whole.

    Call it after who sends it is known.

    Raises:
        BusyError: Too many uploads at once.
        TooLargeError: It is larger than the settings allow.
        InvalidError: It is damaged, or holds no file.
    """
    await take_room(request)
    try:
        async with request.form(max_files=1, max_fields=MOST_FIELDS) as form:
            part = form.get(FILE)
            if not isinstance(part, UploadFile):
                raise InvalidError("file_missing", "No file was sent.", "Choose a file.")
            data = await part.read()
            name = "".join(one for one in part.filename or "" if one.isprintable())[-MOST_NAME:]
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
    except HTTPException as error:
        raise InvalidError("form_damaged", "The form is damaged.", "Send it again.") from error
    except ClientDisconnect as error:
        raise InvalidError("form_damaged", "The form broke off.", "Send it again.") from error
    if not data:
        raise InvalidError("file_empty", "The file is empty.", "Choose another.")
    return SentFile(name, data, fields)


def parse_json_file(sent: SentFile) -> Any:
    """Return what a file of JSON holds.

    Raises:
        InvalidError: It is none.
    """
    try:
        return json.loads(sent.data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        words = " ".join(str(error).split())[:300]
        raise InvalidError(
            "file_not_json", f"The file is no JSON: {words}.", "Export it as GeoJSON in UTF-8."
        ) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
