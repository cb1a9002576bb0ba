"""Names of things: UUID version 7 (RFC 9562), which sort by the time they were made."""

from uuid import UUID

from uuid6 import uuid7


def new_id() -> str:
    """Return a new UUID version 7 as text, lower case with hyphens."""
    return str(uuid7())


def is_id(text: str) -> bool:
    """Tell whether a text is a UUID in its usual form."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
