"""A listing is entered into the journal: what is new, changed, known, back or gone."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any, Final

from detector.archive.journal_planning import drop_chunks
from detector.archive.journal_rows import PHOTOS_PER_CHUNK, Entered, State
from detector.archive.journal_store import Store
from detector.archive.rows import FileProblem
from detector.archive.work_list import ArchiveItem

BATCH: Final = 10_000
"""Files a transaction: some tens of milliseconds."""
LOOK_UP: Final = 500
"""Names a query."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
VANISHED: Final = FileProblem(
    "", "vanished", "It was listed, and was gone before it was looked through.", "", None, True
)
RETRIED: Final = "('unreadable', 'stalled', 'out_of_memory')"
"""Problems that lie as likely with the disk or the machine as with the file."""
_COLUMNS: Final = "name, path, is_photo, size, mtime_ns, camera, start_us, start_from, timeline"


@dataclass(slots=True)
class _Listing:
    """What one listing brought so far."""

    seen: bytearray = field(default_factory=bytearray)
    """A bit for each item's id: a million files take 125 kB."""
    new: int = 0
    changed: int = 0
    known: int = 0

    def note(self, item_id: int) -> None:
        place = item_id >> 3
        if place >= len(self.seen):
            self.seen.extend(bytes(place + 1 - len(self.seen) + 4096))
        self.seen[place] |= 1 << (item_id & 7)

    def has(self, item_id: int) -> bool:
        place = item_id >> 3
        return place < len(self.seen) and bool(self.seen[place] >> (item_id & 7) & 1)


def enter_listing(store: Store, items: Iterable[ArchiveItem | FileProblem]) -> Entered:
    """Enter a listing and plan its work; see `Journal.enter`."""
    listing = _Listing()
    with store.transaction():
        store.execute("DELETE FROM problems WHERE chunk IS NULL AND item IS NULL")
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        with store.transaction():
            _enter_batch(store, batch, listing)
    with store.transaction():
        vanished = _note_vanished(store, listing)
        _retry_unreadable(store)
        _plan(store)
    return Entered(listing.new, listing.changed, listing.known, vanished)


def to_microseconds(at: datetime | None) -> int | None:
    """Return whole microseconds since 1970, exactly."""
    return None if at is None else (at - EPOCH) // timedelta(microseconds=1)


def from_microseconds(start_us: int | None) -> datetime | None:
    """Undo `to_microseconds`."""
    return None if start_us is None else EPOCH + timedelta(microseconds=start_us)


def add_problems(
    store: Store,
    problems: Iterable[FileProblem],
    *,
    chunk: int | None = None,
    item: int | None = None,
) -> None:
    """Note problems of a chunk, of an item, or of the listing."""
    rows = [
        (chunk, item, one.source, one.code, one.message, one.hint, one.at_s, one.fatal)
        for one in problems
    ]
    if rows:
        store.execute_many(
            "INSERT INTO problems (chunk, item, source, code, message, hint, at_s, fatal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def _pack(item: ArchiveItem) -> tuple[Any, ...]:
    return (
        item.name,
        os.fsencode(item.path),
        int(item.kind == "photo"),
        item.size,
        item.mtime_ns,
        item.camera,
        to_microseconds(item.start_at),
        item.start_from,
        item.timeline,
    )


def _enter_batch(store: Store, batch: list[ArchiveItem | FileProblem], listing: _Listing) -> None:
    add_problems(store, (one for one in batch if isinstance(one, FileProblem)))
    rows = {row[0]: row for row in (_pack(one) for one in batch if isinstance(one, ArchiveItem))}
    noted = dict(_look_up(store, list(rows)))
    fresh = []
    for name, row in rows.items():
        found = noted.get(name)
        if found is None:
            fresh.append(row)
            continue
        item_id, gone, *before = found
        listing.note(item_id)
        if gone:
            _bring_back(store, item_id)
        # A disk that is mounted elsewhere brings other paths to the same files.
        if row[1] != before[0]:
            store.execute("UPDATE items SET path = ? WHERE id = ?", (row[1], item_id))
        if tuple(before[1:]) == row[2:]:
            listing.known += 1
        else:
            listing.changed += 1
            _replace(store, item_id, row)
    if not fresh:
        return
    (last,) = store.one("SELECT COALESCE(MAX(id), 0) FROM items")
    store.execute_many(
        f"INSERT INTO items (id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((last + at, *row) for at, row in enumerate(fresh, 1)),
    )
    listing.new += len(fresh)
    for item_id in range(last + 1, last + 1 + len(fresh)):
        listing.note(item_id)


def _look_up(store: Store, names: list[str]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if store.one("SELECT 1 FROM items LIMIT 1") is None:
        return
    for start in range(0, len(names), LOOK_UP):
        some = names[start : start + LOOK_UP]
        marks = ", ".join("?" * len(some))
        for row in store.rows(
            f"SELECT id, gone, {_COLUMNS} FROM items WHERE name IN ({marks})", some
        ):
            item_id, gone, name, *others = row
            yield name, (item_id, gone, *others)


def _replace(store: Store, item_id: int, row: tuple[Any, ...]) -> None:
    """Have a file that changed looked through again; what was found in it is forgotten."""
    drop_chunks(store, "SELECT id FROM chunks WHERE item = ?", item_id)
    _leave_chunk(store, item_id)
    store.execute(
        f"UPDATE items SET ({_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?",
        (*row, item_id),
    )


def _leave_chunk(store: Store, item_id: int) -> None:
    """Take a photo out of its chunk, whose looks of it count no more, and plan it anew."""
    store.execute(
        "DELETE FROM problems WHERE (chunk, source) IN"
        " (SELECT chunk, name FROM items WHERE id = ?)",
        (item_id,),
    )
    left = store.one("SELECT chunk FROM items WHERE id = ?", (item_id,))
    store.execute("UPDATE items SET chunk = NULL, to_plan = 1 WHERE id = ?", (item_id,))
    if left[0] is not None:  # Without a photo, a chunk is nobody's work, and never done.
        _end_empty(store, left[0])


def _end_empty(store: Store, chunk: int) -> None:
    store.execute(
        "UPDATE chunks SET state = ? WHERE id = ? AND state = ? AND NOT EXISTS"
        " (SELECT 1 FROM items WHERE items.chunk = chunks.id AND NOT gone)",
        (State.GONE, chunk, State.TODO),
    )


def _bring_back(store: Store, item_id: int) -> None:
    """A file that was gone is there again."""
    store.execute("UPDATE items SET gone = 0 WHERE id = ?", (item_id,))
    if store.execute("DELETE FROM problems WHERE item = ?", (item_id,)).rowcount < 1:
        return  # It had been looked through before it went.
    store.execute("UPDATE items SET failed = 0, finished = 0 WHERE id = ?", (item_id,))
    store.execute(
        "UPDATE chunks SET state = ? WHERE item = ? AND state = ?",
        (State.TODO, item_id, State.GONE),
    )
    store.execute(
        "UPDATE items SET to_plan = 1 WHERE id = ? AND chunk IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM chunks WHERE chunks.item = items.id)",
        (item_id,),
    )
    state = store.one(
        "SELECT state FROM chunks WHERE id = (SELECT chunk FROM items WHERE id = ?)", (item_id,)
    )
    if state is not None and state[0] != State.TODO:
        _leave_chunk(store, item_id)


def _note_vanished(store: Store, listing: _Listing) -> int:
    gone = [
        row
        for row in store.rows("SELECT id, name, is_photo, finished FROM items WHERE NOT gone")
        if not listing.has(row[0])
    ]
    for item_id, name, is_photo, finished in gone:
        store.execute("UPDATE items SET gone = 1, to_plan = 0 WHERE id = ?", (item_id,))
        if finished:
            continue
        problem = FileProblem(name, VANISHED.code, VANISHED.message)
        add_problems(store, [problem], item=item_id)
        store.execute("UPDATE items SET finished = 1, failed = 1 WHERE id = ?", (item_id,))
        store.execute(
            "UPDATE chunks SET state = ? WHERE item = ? AND state = ?",
            (State.GONE, item_id, State.TODO),
        )
        if is_photo:
            _end_empty(store, store.one("SELECT chunk FROM items WHERE id = ?", (item_id,))[0])
    return len(gone)


def _retry_unreadable(store: Store) -> None:
    """Try again what failed for the machine's sake: a folder that was away may be there again."""
    failed = store.rows(
        "SELECT DISTINCT chunks.id, chunks.item FROM problems JOIN chunks"
        f" ON chunks.id = problems.chunk WHERE problems.code IN {RETRIED} AND chunks.state = ?"
        " AND EXISTS (SELECT 1 FROM items WHERE (items.id = chunks.item"
        " OR items.chunk = chunks.id) AND NOT items.gone)",
        (State.FAILED,),
    )
    for chunk, item in list(failed):
        store.execute("UPDATE chunks SET state = ? WHERE id = ?", (State.TODO, chunk))
        store.execute("DELETE FROM problems WHERE chunk = ?", (chunk,))
        store.execute(
            "UPDATE items SET finished = 0, failed = 0 WHERE (id = ? OR chunk = ?) AND NOT gone",
            (item, chunk),
        )
        gone = store.rows("SELECT id, name FROM items WHERE chunk = ? AND gone", (chunk,))
        for item_id, name in list(gone):
            problem = FileProblem(name, VANISHED.code, VANISHED.message)
            add_problems(store, [problem], item=item_id)
    photos = store.rows(
        "SELECT items.id FROM problems JOIN items ON items.name = problems.source"
        " AND items.chunk = problems.chunk"
        f" WHERE problems.code IN {RETRIED} AND problems.fatal AND NOT items.gone"
    )
    for (item,) in list(photos):
        _leave_chunk(store, item)


def _plan(store: Store) -> None:
    """Make chunks of what is to be planned.

    In one transaction with the mark that it was done, so that photos are grouped alike wherever
    an earlier run was stopped.
    """
    store.execute(
        "INSERT INTO chunks (item, number) SELECT id, 0 FROM items"
        " WHERE to_plan AND NOT is_photo ORDER BY id"
    )
    photos = store.rows(
        "SELECT camera, timeline, id FROM items WHERE to_plan AND is_photo"
        " ORDER BY camera, timeline, start_us, name"
    )
    for _, members in groupby(photos, key=lambda row: row[:2]):
        while some := [row[2] for row in islice(members, PHOTOS_PER_CHUNK)]:
            chunk = store.execute("INSERT INTO chunks (number) VALUES (0)").lastrowid
            store.execute_many(
                "UPDATE items SET chunk = ? WHERE id = ?", ((chunk, item) for item in some)
            )
    store.execute(
        "UPDATE items SET to_plan = 0, finished = 0, failed = 0, rebase = 0, n_chunks = NULL,"
        " footage_s = NULL WHERE to_plan"
    )
