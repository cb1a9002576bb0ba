"""Forms of the pages, read by the same types as the API's bodies."""

import json
from hashlib import sha256
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")


def _none_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


OrNone = Annotated[T | None, BeforeValidator(_none_if_empty)]
"""A field that was left empty counts as not filled in: browsers send it all the same."""

Seen = Annotated[str, Field(max_length=64)]
"""`sign_content` of what a form began with."""


def sign_content(content: Any) -> str:
    """Return what tells content from another, so that others' changes are noticed, not undone.

    Args:
        content: Anything that can be JSON.

    Returns:
        SHA-256 in hexadecimal digits.
    """
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class PageForm(BaseModel):
    """A form that a page sends with `Form()`; unknown fields are a slip."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    csrf: str = Field(default="", max_length=100)
    """Looked at by `visit`."""
