"""Exports as JSON Lines, page by page: how pages follow each other, whatever the lines hold."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, Protocol

from api.errors import InvalidError
from api.schemas.types import decode_cursor, encode_cursor

BATCH_ROWS: Final = 500


class LinePage(Protocol):
    """Part of an export."""

    @property
    def lines(self) -> tuple[str, ...]:
        """JSON without the line's end."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins; None: there is none now."""


def stream_pages(read: Callable[[str | None], LinePage], cursor: str | None) -> Iterator[str]:
    """Yield every line with its end, a page at a time, so that memory stays flat.

    Args:
        read: Reads the page that a cursor names; None: the first.
        cursor: Where to begin.
    """
    while True:
        page = read(cursor)
        yield "".join(f"{line}\n" for line in page.lines)
        cursor = page.cursor
        if cursor is None:
            return


def write_cursor(at: datetime, *ids: str) -> str:
    """Return the token of the page behind a row that is sorted by its time and ids."""
    return encode_cursor((at.isoformat(), *ids))


def parse_cursor(cursor: str, ids: int) -> tuple[Any, ...]:
    """Return the time and so many ids of the last row that was read.

    Raises:
        InvalidError: The token is none of this list's.
    """
    time, *names = decode_cursor(cursor, (str,) * (1 + ids))
    try:
        at = datetime.fromisoformat(time)
        if at.tzinfo is None:
            raise ValueError("no offset")
    except ValueError as error:
        raise InvalidError(
            "bad_cursor", "This page token is not one of this list.", "Begin again without it."
        ) from error
    return (at, *names)
