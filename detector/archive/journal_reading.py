"""What the journal tells: tasks, timelines, problems; streamed, in orders that files decide."""

import heapq
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from detector.archive.journal_entering import from_microseconds
from detector.archive.journal_rows import ChunkTask, Counts, ListedFile, State, Totals
from detector.archive.journal_store import Store
from detector.archive.look_json import decode_looks
from detector.archive.rows import FileProblem
from detector.archive.work_list import ArchiveItem
from detector.camera.looks import Look

PAGE: Final = 500
"""Timelines a query; nothing stays open between pages."""

_ITEM: Final = "path, name, is_photo, size, mtime_ns, camera, start_us, start_from"

_PROBLEMS: Final = """
SELECT DISTINCT source, code, message, hint, at_s, fatal FROM problems
UNION ALL
SELECT name, 'overlapping_footage',
       'Other videos of camera ' || timeline || ' cover its whole time; it was not counted.',
       'Check the recorder''s clock, and whether the files are copies.', NULL, 0
FROM (
    SELECT name, timeline, last_at, MAX(last_at) OVER (
        PARTITION BY timeline ORDER BY start_us, name
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS told
    FROM items JOIN (
        SELECT item, MAX(last_at) AS last_at FROM chunks WHERE state = 1 GROUP BY item
    ) ON item = items.id
    WHERE NOT is_photo AND start_us IS NOT NULL AND last_at IS NOT NULL)
WHERE last_at <= told
ORDER BY 1, 5, 2, 3, 4, 6
"""


def read_tasks(store: Store, chunk_s: float, after: int, limit: int) -> list[tuple[int, ChunkTask]]:
    """Return the first tasks to do whose keys are greater than `after`, with their keys."""
    rows = list(
        store.rows(
            "SELECT id, item, number FROM chunks WHERE state = 0 AND id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
    )
    return [(row[0], _make_task(store, chunk_s, *row)) for row in rows]


def _make_task(
    store: Store, chunk_s: float, chunk: int, item: int | None, number: int
) -> ChunkTask:
    if item is None:
        photos = store.rows(
            f"SELECT {_ITEM} FROM items WHERE chunk = ? AND NOT gone ORDER BY start_us, name",
            (chunk,),
        )
        return ChunkTask(str(chunk), tuple(_make_item(*row) for row in photos))
    row = store.one(f"SELECT rebase, n_chunks, {_ITEM} FROM items WHERE id = ?", (item,))
    rebase, n_chunks, *facts = row
    end_s = None if number + 1 == n_chunks else (number + 1) * chunk_s
    file = _make_item(*facts)
    return ChunkTask(str(chunk), (file,), number, number * chunk_s, end_s, bool(rebase))


def _make_item(
    path: bytes, name: str, is_photo: int, size: int, mtime_ns: int, *told: Any
) -> ArchiveItem:
    camera, start_us, start_from = told
    return ArchiveItem(
        Path(os.fsdecode(path)),
        name,
        "photo" if is_photo else "video",
        size,
        mtime_ns,
        camera,
        from_microseconds(start_us),
        start_from,
    )


def count(store: Store) -> Counts:
    """Count everything."""
    files, done, failed, footage_s = store.one(
        "SELECT COUNT(*), COALESCE(SUM(finished), 0), COALESCE(SUM(failed), 0),"
        " COALESCE(SUM(footage_s), 0.0) FROM items"
    )
    states = dict.fromkeys(State, 0)
    frames = scored = looks = 0
    for state, number, *sums in store.rows(
        "SELECT state, COUNT(*), SUM(frames), SUM(scored), SUM(looks) FROM chunks GROUP BY state"
    ):
        states[State(state)] = number
        frames, scored, looks = frames + sums[0], scored + sums[1], looks + sums[2]
    return Counts(
        files=files,
        files_done=done,
        files_failed=failed,
        chunks_todo=states[State.TODO],
        chunks_done=states[State.DONE],
        chunks_failed=states[State.FAILED],
        frames_decoded=frames,
        scored=scored,
        looks=looks,
        footage_s=footage_s,
    )


def find_file(store: Store, name: str) -> ListedFile | None:
    """Return a file by its name; None: no such file was listed."""
    row = store.one(f"SELECT rebase, {_ITEM} FROM items WHERE name = ?", (name,))
    return None if row is None else ListedFile(_make_item(*row[1:]), bool(row[0]))


def total(store: Store) -> Totals:
    """Count kinds of files, and bytes that are left."""
    kinds = store.one(
        "SELECT COALESCE(SUM(NOT is_photo), 0), COALESCE(SUM(is_photo), 0),"
        " COALESCE(SUM(is_photo AND timeline IS NULL), 0),"
        " COALESCE(SUM(CASE WHEN finished OR gone THEN 0 ELSE size END), 0) FROM items"
    )
    (begun,) = store.one(
        "SELECT COALESCE(SUM(1.0 * size / n_chunks), 0) FROM chunks JOIN items"
        " ON items.id = chunks.item WHERE n_chunks > 0 AND NOT finished AND state <> 0"
    )
    videos, photos, citizen_photos, size = kinds
    return Totals(videos, photos, citizen_photos, size - begun)


def weigh(store: Store, task: ChunkTask) -> float:
    """Return a task's share of the bytes."""
    if task.kind == "photo":
        return float(sum(file.size for file in task.files))
    row = store.one("SELECT n_chunks FROM items WHERE name = ?", (task.files[0].name,))
    return task.files[0].size / max(1, (row and row[0]) or 1)


def count_files(store: Store, chunk: int, item: int | None) -> tuple[int, int]:
    """Return how many files of a chunk are looked through, and how many of them failed."""
    done, failed = store.one(
        "SELECT COALESCE(SUM(finished), 0), COALESCE(SUM(failed), 0) FROM items"
        " WHERE (id = ? OR chunk = ?) AND NOT gone",
        (item, chunk),
    )
    return done, failed


def read_timelines(store: Store) -> Iterator[str]:
    """Yield the codes of all timelines, sorted."""
    return _page(
        store,
        "SELECT DISTINCT timeline FROM items WHERE timeline IS NOT NULL AND timeline > ?"
        " ORDER BY timeline LIMIT ?",
    )


def read_photo_codes(store: Store) -> Iterator[str]:
    """Yield the cameras of photos that are on no timeline, sorted; "" for those of none."""
    for (code,) in list(
        store.rows(
            "SELECT DISTINCT COALESCE(camera, '') FROM items"
            " WHERE is_photo AND timeline IS NULL ORDER BY 1"
        )
    ):
        yield code


def _page(store: Store, statement: str) -> Iterator[str]:
    last = ""
    while rows := list(store.rows(statement, (last, PAGE))):
        for (last,) in rows:
            yield last


def read_looks(store: Store, timeline: str) -> Iterator[tuple[bool, Look]]:
    """Yield a timeline's looks in time order, each with whether it is of a photo."""
    photos = _merge_photos(
        store,
        "SELECT id, first_at FROM chunks WHERE state = 1 AND id IN"
        " (SELECT chunk FROM items WHERE timeline = ? AND chunk IS NOT NULL) ORDER BY first_at, id",
        timeline,
        _by_time,
    )
    videos = _read_video_looks(store, timeline)
    return heapq.merge(
        ((False, look) for look in videos),
        ((True, look) for look in photos),
        key=lambda pair: pair[1].at_s,
    )


def read_untimed_looks(store: Store, code: str) -> Iterator[Look]:
    """Yield the looks of a camera's photos without a known time, by name; "": of no camera."""
    return _merge_photos(
        store,
        "SELECT chunk, MIN(name) FROM items JOIN chunks ON chunks.id = chunk AND state = 1"
        " WHERE timeline IS NULL AND COALESCE(camera, '') = ? AND is_photo GROUP BY chunk"
        " ORDER BY 2",
        code,
        _by_name,
    )


def _by_time(look: Look) -> tuple[Any, ...]:
    return look.at_s, look.source


def _by_name(look: Look) -> tuple[Any, ...]:
    return look.source, look.timestamp_s


def _read_video_looks(store: Store, timeline: str) -> Iterator[Look]:
    told: float | None = None
    chunks = store.rows(
        "SELECT chunks.id FROM items JOIN chunks ON chunks.item = items.id AND chunks.state = 1"
        " WHERE timeline = ? AND NOT is_photo ORDER BY start_us, name, number",
        (timeline,),
    )
    for (chunk,) in chunks:
        for look in _load(store, chunk):
            if told is None or look.at_s > told:
                told = look.at_s
                yield look


def _merge_photos(
    store: Store, statement: str, value: str, key: Callable[[Look], tuple[Any, ...]]
) -> Iterator[Look]:
    """Merge chunks of photos; one is only opened when its first look's turn has come.

    Chunks follow each other, but for those of photos that were added later; so few are open.
    """
    waiting: list[tuple[tuple[Any, ...], int, Look, Iterator[Look]]] = []
    for chunk, first in store.rows(statement, (value,)):
        while waiting and first is not None and waiting[0][0][0] < first:
            yield _take(waiting, key)
        names = {name for (name,) in store.rows("SELECT name FROM items WHERE chunk = ?", (chunk,))}
        # A photo that changed was planned into another chunk: what this one says of it is old.
        looks = iter(sorted((one for one in _load(store, chunk) if one.source in names), key=key))
        _push(waiting, key, chunk, looks)
    while waiting:
        yield _take(waiting, key)


def _take(waiting: list[Any], key: Callable[[Look], tuple[Any, ...]]) -> Look:
    _, chunk, look, looks = heapq.heappop(waiting)
    _push(waiting, key, chunk, looks)
    return look  # type: ignore[no-any-return]  # heapq's lists are of one kind


def _push(
    waiting: list[Any], key: Callable[[Look], tuple[Any, ...]], chunk: int, looks: Iterator[Look]
) -> None:
    look = next(looks, None)
    if look is not None:
        heapq.heappush(waiting, (key(look), chunk, look, looks))


def _load(store: Store, chunk: int) -> tuple[Look, ...]:
    row = store.one("SELECT blob FROM looks WHERE chunk = ?", (chunk,))
    if row is None:
        raise store.damaged(f"the looks of chunk {chunk} are missing")
    try:
        return decode_looks(row[0])
    except ValueError as error:
        raise store.damaged(str(error)) from error


def read_problems(store: Store) -> Iterator[FileProblem]:
    """See `Journal.problems`."""
    for source, code, message, hint, at_s, fatal in store.rows(_PROBLEMS):
        yield FileProblem(source, code, message, hint, at_s, bool(fatal))
