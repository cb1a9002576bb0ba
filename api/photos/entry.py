"""A photo enters the ledger: its row, and the certainty that its file is there.

Retention and erasure delete files, while an upload may bring the same bytes again. Both lock the
photo's row; the deleter deletes the file before it lets go, and the upload, once it has the row,
looks whether the file that it stored a moment ago is still there. So no report can be committed
whose photo is gone. Who deletes a file that no row names (`sweep_strays`) has no row to lock: both
lock the file's name first.
"""

from datetime import datetime

from sqlalchemy import Connection

from api.photos.store import PhotoStore
from api.store.photo_uses import lock_file
from api.store.photos import insert_photo
from detector.photo_header import sniff_format


def enter_photo(
    connection: Connection, store: PhotoStore, sha256: str, data: bytes, *, at: datetime
) -> None:
    """Enter a photo that was put into the store before this transaction began.

    Args:
        connection: A transaction that writes, before `Database.serialise(…, "cases")`; the photo's
            file and row stay locked until it ends.
        store: Where the photo was put.
        sha256: As `put` returned it: hashing a large photo takes its time.
        data: Its bytes, of a type that was checked.
        at: Now.

    Raises:
        StorageError: The store does not answer, or is full.
    """
    lock_file(connection, sha256)
    insert_photo(connection, sha256, len(data), f"image/{sniff_format(data)}", at)
    if not store.exists(sha256):
        store.put(data)
