"""Rows of photos: what is known of each, whether its original is still there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from api.errors import NotFoundError
from api.store.tables import photos

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Photo:
    """What the ledger knows of a photo."""

    sha256: str
    size_bytes: int
    media_type: str
    stored_at: datetime
    image_wh: tuple[int, int] | None
    """Of the upright photo, once decoded."""
    captured_at: datetime | None
    perceptual_hash: str | None
    plates: tuple[Box, ...]
    """Number plates that the model saw, pixels of the full-size upright photo."""
    original_deleted_at: datetime | None
    """By retention or erasure."""
    kept_sha256: str | None
    """A blurred copy that stayed when the original was deleted."""


def insert_photo(
    connection: Connection, sha256: str, size_bytes: int, media_type: str, stored_at: datetime
) -> None:
    """Enter a photo that the store holds; one that is known stays as it is.

    One whose original was deleted is there again from now on. The row stays locked until the
    transaction ends, so that nothing deletes the photo's file meanwhile (api.photos.entry).
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(photos).values(
        sha256=sha256, size_bytes=size_bytes, media_type=media_type, stored_at=stored_at
    )
    came_back = photos.c.original_deleted_at.is_not(None)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[photos.c.sha256],
            set_={
                "stored_at": case((came_back, new.excluded.stored_at), else_=photos.c.stored_at),
                "original_deleted_at": None,
            },
        )
    )


def describe_photo(
    connection: Connection,
    sha256: str,
    *,
    image_wh: tuple[int, int] | None,
    captured_at: datetime | None,
    perceptual_hash: str | None,
    plates: Sequence[Box],
) -> None:
    """Enter what was learnt when the photo was decoded."""
    connection.execute(
        update(photos)
        .where(photos.c.sha256 == sha256)
        .values(
            image_wh=None if image_wh is None else list(image_wh),
            captured_at=captured_at,
            perceptual_hash=perceptual_hash,
            plates=[list(box) for box in plates],
        )
    )


def get_photo(connection: Connection, sha256: str, *, lock: bool = False) -> Photo:
    """Return what is known of a photo.

    Args:
        connection: A transaction.
        sha256: Its name.
        lock: Let nobody change or enter it again until the transaction ends.

    Raises:
        NotFoundError: It is unknown.
    """
    query = select(photos).where(photos.c.sha256 == sha256)
    if lock:  # Not against rows that refer to it.
        query = query.with_for_update(key_share=True)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError("photo", sha256)
    return parse_photo(row)


def parse_photo(row: RowMapping) -> Photo:
    """Return a row as a value."""
    wh: Any = row["image_wh"]
    return Photo(
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        media_type=row["media_type"],
        stored_at=row["stored_at"],
        image_wh=None if wh is None else (wh[0], wh[1]),
        captured_at=row["captured_at"],
        perceptual_hash=row["perceptual_hash"],
        plates=tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in row["plates"] or ()),
        original_deleted_at=row["original_deleted_at"],
        kept_sha256=row["kept_sha256"],
    )
