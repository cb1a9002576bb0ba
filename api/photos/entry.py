"""A photo enters the ledger: its row, and the certainty that its file is there.

Retention and erasure delete files, while an upload may bring the same bytes again. Both lock the
photo's row; the deleter deletes the file before it lets go, and the upload, once it has the row,
looks whether the file that it stored a moment ago is still there. So no report can be committed
whose photo is gone.
"""

from datetime import datetime
from hashlib import sha256 as new_sha256

from sqlalchemy import Connection

from api.photos.store import PhotoStore
from api.store.photos import insert_photo


def enter_photo(
    connection: Connection, store: PhotoStore, data: bytes, *, media_type: str, at: datetime
) -> str:
    """Enter a photo that was put into the store before this transaction began.

    Args:
        connection: A transaction that writes; the photo's row stays locked until it ends.
        store: Where the photo was put.
        data: Its bytes.
        media_type: Such as image/jpeg.
        at: Now.

    Returns:
        Its SHA-256.

    Raises:
        StorageError: The store does not answer, or is full.
    """
    sha256 = new_sha256(data).hexdigest()
    insert_photo(connection, sha256, len(data), media_type, at)
    if not store.exists(sha256):
        store.put(data)
    return sha256
