"""The journal of a scan: what is to be done, what was done, and what was seen.

It is an SQLite database in the scan's folder. What a commit has answered survives a crash of the
program or of the machine. One scan works on a journal at a time, from one thread.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from detector.archive import journal_findings as results
from detector.archive import journal_reading as reading
from detector.archive.chunk_result import ChunkResult
from detector.archive.journal_entering import add_problems, enter_listing
from detector.archive.journal_planning import drop_chunks, drop_others, plan_others
from detector.archive.journal_rows import (
    PHOTOS_PER_CHUNK,
    ChunkTask,
    Counts,
    Entered,
    ListedFile,
    State,
    Totals,
)
from detector.archive.journal_store import Store
from detector.archive.look_json import encode_looks
from detector.archive.rows import CameraSpan, FileProblem, FindingRow
from detector.archive.work_list import ArchiveItem
from detector.camera.looks import Look

__all__ = ["PHOTOS_PER_CHUNK", "ChunkTask", "Counts", "Entered", "Journal", "ListedFile", "Totals"]

CHUNK_S: Final = 300.0
"""Of video: a minute of work at most, which a crash makes worthless."""
TASKS_AT_ONCE: Final = 64
"""Tasks a query; those that commits add meanwhile come later."""


class Journal:
    """See the module. A context manager; every method may raise what `open` raises of the disk."""

    def __init__(self, store: Store, chunk_s: float) -> None:
        """Take what `open` opened."""
        self._store = store
        self._chunk_s = chunk_s
        self._counts = reading.count(store)

    @classmethod
    def open(
        cls,
        folder: Path,
        fingerprint: Mapping[str, str],
        restart: bool = False,
        chunk_s: float = CHUNK_S,
    ) -> Self:
        """Open the journal of a folder, or begin one.

        Args:
            folder: The scan's output folder; made where it is not there.
            fingerprint: All that the findings depend on beside the files: settings, model, roots.
            restart: Begin anew, whatever is there.
            chunk_s: Length of a stretch of video; a part of the fingerprint.

        Raises:
            UsageError: Another scan works there, or the journal is of another fingerprint.
            OutputError: The folder cannot be written.
            StreetIssueError: The journal is damaged or of a newer version (`journal_damaged`,
                `journal_newer`), or the disk is full or broken (`disk_full`,
                `journal_unwritable`).
        """
        store = Store.open(folder, {**fingerprint, "chunk_s": repr(chunk_s)}, restart=restart)
        try:
            return cls(store, chunk_s)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close it; another scan may open it then."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def enter(self, items: Iterable[ArchiveItem | FileProblem]) -> Entered:
        """Enter a whole listing.

        New files are planned, changed ones planned again and what was found in them forgotten.
        Of files that are gone, what was found stays; where something was still to be looked
        through, they get the problem `vanished`, until a later listing has them again. What could
        not be read is tried again. The listing's own problems replace those of the one before.

        Args:
            items: The complete listing; entered in batches, so any number may come.
        """
        entered = enter_listing(self._store, items)
        self._counts = reading.count(self._store)
        return entered

    def chunks_to_do(self) -> Iterator[ChunkTask]:
        """Yield the pieces of work that are left, those too that commits add meanwhile.

        When it has ended and results were still awaited, they may have added more: ask again
        once they are committed, until nothing comes.
        """
        last = 0
        while tasks := reading.read_tasks(self._store, self._chunk_s, last, TASKS_AT_ONCE):
            yield from (task for _, task in tasks if task.files)
            last = tasks[-1][0]

    def commit(self, task: ChunkTask, result: ChunkResult) -> bool:
        """Note what came of a task, all or nothing; it is on disk when this returns.

        The first stretch of a video tells how many there are, and the others are planned. A
        failure with the code `timeline_broken` has the file planned anew as one piece.

        Returns:
            False: the task is none any more, because its file was planned anew or the result is
            there already. Nothing was noted.
        """
        chunk = int(task.key)
        with self._store.transaction():
            row = self._store.one("SELECT state, item FROM chunks WHERE id = ?", (chunk,))
            if row is None or row[0] != State.TODO:
                return False
            item = row[1]
            failure = result.failure
            if failure is not None and failure.code == "timeline_broken" and not task.rebase:
                self._plan_in_one_piece(item)
                counts = reading.count(self._store)
            elif failure is not None:
                self._note_failure(chunk, (*result.problems, failure), result)
                # A video whose first stretch fails is given up, whether or not it was planned.
                dropped = drop_others(self._store, item) if task.number == 0 else 0
                counts = self._finish(chunk, item, result, 0)
                counts = reading.count(self._store) if dropped else counts
            else:
                added = self._note_looks(task, chunk, result)
                counts = self._finish(chunk, item, result, added)
        self._counts = counts
        return True

    def plan(self, task: ChunkTask, n_chunks: int) -> None:
        """Plan the other stretches of a video before its first one is looked through.

        Args:
            task: The first stretch.
            n_chunks: How many there are, as `ChunkResult` tells.
        """
        with self._store.transaction():
            added = plan_others(self._store, int(task.key), n_chunks)
        self._counts = replace(self._counts, chunks_todo=self._counts.chunks_todo + added)

    def fail(self, task: ChunkTask, problem: FileProblem) -> bool:
        """Note that a task cannot be done; as `commit`."""
        return self.commit(task, ChunkResult(failure=problem))

    def _note_failure(
        self, chunk: int, problems: Iterable[FileProblem], result: ChunkResult
    ) -> None:
        add_problems(self._store, problems, chunk=chunk)
        self._store.execute(
            "UPDATE chunks SET state = ?, frames = ?, scored = ? WHERE id = ?",
            (State.FAILED, result.counts.frames, result.counts.scored, chunk),
        )

    def _note_looks(self, task: ChunkTask, chunk: int, result: ChunkResult) -> int:
        """Note what was seen; return how many chunks were added."""
        add_problems(self._store, result.problems, chunk=chunk)
        times = [look.at_s for look in result.looks]
        self._store.execute("INSERT INTO looks VALUES (?, ?)", (chunk, encode_looks(result.looks)))
        self._store.execute(
            "UPDATE chunks SET (state, frames, scored, looks, first_at, last_at)"
            " = (?, ?, ?, ?, ?, ?) WHERE id = ?",
            (
                *(State.DONE, result.counts.frames, result.counts.scored, len(times)),
                *(min(times, default=None), max(times, default=None), chunk),
            ),
        )
        if result.n_chunks is None or task.kind != "video":
            return 0
        self._store.execute(
            "UPDATE items SET footage_s = ? WHERE id = (SELECT item FROM chunks WHERE id = ?)",
            (result.footage_s, chunk),
        )
        return plan_others(self._store, chunk, result.n_chunks)

    def _plan_in_one_piece(self, item: int) -> None:
        drop_chunks(self._store, "SELECT id FROM chunks WHERE item = ?", item)
        self._store.execute(
            "UPDATE items SET rebase = 1, n_chunks = 1, footage_s = NULL WHERE id = ?", (item,)
        )
        self._store.execute("INSERT INTO chunks (item, number) VALUES (?, 0)", (item,))

    def _finish(self, chunk: int, item: int | None, result: ChunkResult, added: int) -> Counts:
        """Mark the files of a chunk that are looked through to their end; return the counts."""
        if item is not None:
            self._store.execute(
                "UPDATE items SET finished = 1, failed = EXISTS (SELECT 1 FROM problems JOIN chunks"
                " ON chunks.id = problems.chunk WHERE chunks.item = items.id AND problems.fatal)"
                " WHERE id = ? AND NOT EXISTS"
                " (SELECT 1 FROM chunks WHERE item = items.id AND state = ?)",
                (item, State.TODO),
            )
        else:
            self._store.execute(
                "UPDATE items SET finished = 1, failed = EXISTS (SELECT 1 FROM chunks WHERE id = ?"
                " AND state = ?) OR name IN (SELECT source FROM problems WHERE chunk = ? AND fatal)"
                " WHERE chunk = ? AND NOT gone",
                (chunk, State.FAILED, chunk, chunk),
            )
        done, failed = reading.count_files(self._store, chunk, item)
        before, lost = self._counts, result.failure is not None
        return replace(
            before,
            files_done=before.files_done + done,
            files_failed=before.files_failed + failed,
            chunks_todo=before.chunks_todo - 1 + added,
            chunks_done=before.chunks_done + (not lost),
            chunks_failed=before.chunks_failed + lost,
            frames_decoded=before.frames_decoded + result.counts.frames,
            scored=before.scored + result.counts.scored,
            looks=before.looks + (0 if lost else len(result.looks)),
            footage_s=before.footage_s + (0.0 if lost else result.footage_s or 0.0),
        )

    def counts(self) -> Counts:
        """Return how far the scan is; kept up to date, so asking costs nothing."""
        return self._counts

    def totals(self) -> Totals:
        """Return what the files are, and how many bytes are left; counts them all."""
        return reading.total(self._store)

    def weigh(self, task: ChunkTask) -> float:
        """Return a task's share of the bytes; of a video, once its first stretch is committed."""
        return reading.weigh(self._store, task)

    def file(self, name: str) -> ListedFile | None:
        """Return a file as outputs call it; None: no such file was listed."""
        return reading.find_file(self._store, name)

    def cameras(self) -> Iterator[str]:
        """Yield the codes of all timelines, sorted.

        They are the cameras; a video whose start is unknown stands alone under its own name.
        """
        return reading.read_timelines(self._store)

    def looks_of(self, camera: str) -> Iterator[Look]:
        """Yield a timeline's looks in time order, whatever the order in which they came.

        Where videos of one camera overlap, the one that began first counts, and of equal ones
        the first by name: later ones give no look that is not later than all before it.
        """
        return (look for _, look in reading.read_looks(self._store, camera))

    def photo_looks(self) -> Iterator[Look]:
        """Yield the looks of photos that are on no timeline, by camera and name."""
        for code in reading.read_photo_codes(self._store):
            yield from reading.read_untimed_looks(self._store, code)

    def problems(self) -> Iterator[FileProblem]:
        """Yield what was wrong with files, sorted; equal ones once.

        A video whose whole time other videos of its camera cover is one: `overlapping_footage`.
        """
        return reading.read_problems(self._store)

    def findings(self) -> Iterator[FindingRow]:
        """Yield the sightings of scored looks, under the threshold too, in a fixed order.

        It is that of the camera ("" where there is none), time, source, score from the best on,
        and box; photos without a known time go by their names, after the camera's others.
        """
        return results.read_findings(self._store)

    def spans(self) -> Iterator[CameraSpan]:
        """Yield what footage there is: by camera and time, one span a video."""
        return results.read_spans(self._store)
