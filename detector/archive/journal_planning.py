"""Chunks of the journal planned and forgotten, within the transaction of who asks for it."""

from typing import Any

from detector.archive.journal_store import Store


def drop_chunks(store: Store, which: str, *values: Any) -> None:
    """Forget chunks with all that was found in them; `which` is a query of their ids."""
    for table, column in (("looks", "chunk"), ("problems", "chunk"), ("chunks", "id")):
        store.execute(f"DELETE FROM {table} WHERE {column} IN ({which})", values)


def plan_others(store: Store, chunk: int, n_chunks: int) -> int:
    """Plan the stretches after a video's first one; return how many were not planned yet."""
    store.execute(
        "UPDATE items SET n_chunks = ? WHERE id = (SELECT item FROM chunks WHERE id = ?)",
        (n_chunks, chunk),
    )
    return store.execute_many(
        "INSERT OR IGNORE INTO chunks (item, number)"
        " VALUES ((SELECT item FROM chunks WHERE id = ?), ?)",
        ((chunk, number) for number in range(1, n_chunks)),
    )


def drop_others(store: Store, item: int | None) -> int:
    """Forget the stretches after a video's first one; return how many there were."""
    others = "SELECT id FROM chunks WHERE item = ? AND number > 0"
    (count,) = store.one(f"SELECT COUNT(*) FROM ({others})", (item,))
    if count:
        drop_chunks(store, others, item)
    return int(count)
