"""Types that the routes' models share."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeAlias, TypeVar

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

from api.errors import InvalidError

T = TypeVar("T")

# PostgreSQL keeps no NUL, and nobody means the other control characters, which play tricks with
# terminals and logs. Long text may have lines and tabs.
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
_LINES: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_NUMBER: Final = re.compile(r"[-+.\d_eE]+")
ID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

ShortText: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=_ONE_LINE)
]
"""One line, 1 to 200 characters."""

LongText: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=4000, pattern=_LINES)
]
"""1 to 4000 characters (as much as an Open311 description may have)."""

Label: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9_]*$")
]
"""A label's name, such as overflowing_bin."""

GridCode: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=_ONE_LINE)
]
"""A unit grid cell's code, or a prefix of one."""

Id: TypeAlias = Annotated[str, StringConstraints(min_length=36, max_length=36, pattern=ID_PATTERN)]
"""A UUID in lower case, in a body."""

IdPath: TypeAlias = Annotated[
    str,
    Path(
        min_length=36,
        max_length=36,
        pattern=ID_PATTERN,
        description="A UUID in lower case.",
        examples=["01890a5d-ac96-774b-bcce-b302099a8057"],
    ),
]
"""A UUID in lower case, in a path."""

Sha256: TypeAlias = Annotated[
    str, StringConstraints(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$")
]
"""The SHA-256 of a file, 64 hex digits."""

Whole: TypeAlias = Annotated[int, Strict()]
"""A whole number of a JSON body: neither true nor "5" is one."""

Latitude: TypeAlias = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
"""Degrees."""

Longitude: TypeAlias = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
"""Degrees."""

Datum: TypeAlias = Literal["wgs84", "gcj02", "bd09"]
"""What a position is measured against: GPS and EXIF, AMap and Tencent, Baidu."""


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:  # The year 1 or 9999, shifted out of the calendar.
        raise ValueError("this time is out of range") from error


def _refuse_numbers(value: object) -> object:
    # pydantic reads a number as seconds since 1970, which nobody sends on purpose.
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("write a time such as 2026-03-02T09:00:00+08:00")
    return value


UtcDatetime: TypeAlias = Annotated[
    AwareDatetime, BeforeValidator(_refuse_numbers), AfterValidator(_to_utc)
]
"""An instant with an offset from UTC, kept in UTC; answered as 2026-03-02T01:00:00Z."""

PageSize: TypeAlias = Annotated[int, Query(ge=1, le=500, description="Rows of one page.")]
Cursor: TypeAlias = Annotated[
    str | None,
    Query(
        max_length=400,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`next` of the page before; leave it out for the first.",
    ),
]


class Body(BaseModel):
    """Base of what is sent: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Answer, Generic[T]):
    """Some of the rows."""

    items: tuple[T, ...]
    next: str | None = Field(description="Send it as `cursor` for the next page; null: no more.")


class FieldProblem(Answer):
    """One thing wrong with what was sent."""

    path: str = Field(examples=["body.position.lat"])
    message: str = Field(examples=["Input should be less than or equal to 90"])


class ProblemBody(Answer):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str = Field(examples=["urn:street-issues:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(ge=400, le=599, examples=[404])
    code: str = Field(description="Stays the same over versions.", examples=["not_found"])
    detail: str = Field(examples=["There is no case '01890a5d-ac96-774b-bcce-b302099a8057'."])
    hint: str = Field(description="What to do.", examples=["Check the address."])
    instance: str = Field(examples=["/v1/cases/01890a5d-ac96-774b-bcce-b302099a8057"])
    errors: tuple[FieldProblem, ...] | None = None


def encode_cursor(parts: Sequence[str | int | float | None]) -> str:
    """Return a page token of what the last row was sorted by."""
    text = json.dumps(list(parts), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """Return the parts of a page token, each of the kind expected.

    Raises:
        InvalidError: This service did not make the token, or not for this list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _bad_cursor() from error
    fits = (
        isinstance(parts, list)
        and len(parts) == len(kinds)
        and all(type(part) is kind for part, kind in zip(parts, kinds, strict=True))
        and all(abs(part) < 2**63 for part in parts if isinstance(part, int))
        and all(_is_storable(part) for part in parts if isinstance(part, str))
    )
    if not fits:
        raise _bad_cursor()
    return tuple(parts)


def _is_storable(text: str) -> bool:
    """Tell whether PostgreSQL takes a text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and text.isprintable()


def _bad_cursor() -> InvalidError:
    return InvalidError(
        "bad_cursor", "This page token is not one of this list.", "Begin again without `cursor`."
    )
