"""A scan, from the list of files to what it leaves behind; goes on where it was cut off."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from detector.archive.chunk_result import ChunkResult
from detector.archive.engines import Engine
from detector.archive.fold import ArchiveScenery, CameraStory, fold_camera
from detector.archive.frames_again import FramesAgain
from detector.archive.journal import Counts, Entered, Journal
from detector.archive.journal_rows import ChunkTask
from detector.archive.names import NameRules
from detector.archive.onlooker import Onlooker
from detector.archive.rows import FileProblem
from detector.archive.work_list import ArchiveItem, list_archive
from detector.camera.rules import IncidentRules
from detector.errors import StreetIssueError

ENOUGH_FILES: Final = 20
"""A failure rate of fewer files says nothing."""
FEW_CHUNKS: Final = 16
"""Of a listing: with more, each worker of most machines has a file of its own to begin with."""
LISTED_EVERY: Final = 1000
"""Files between two words of progress while listing."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What is scanned."""

    roots: tuple[Path, ...]
    names: NameRules


def enter_archive(journal: Journal, archive: Archive, onlooker: Onlooker) -> Entered:
    """List the archive and enter what is new or changed.

    Raises:
        StreetIssueError: The journal cannot be written.
        UsageError: A root is not there.
    """
    return journal.enter(_counted(list_archive(archive.roots, archive.names), onlooker))


def look_through(
    journal: Journal, engine: Engine, max_failures: float, onlooker: Onlooker
) -> Counts:
    """Look through all chunks that are still to do.

    Args:
        journal: Holds the work and takes the results; each chunk is committed when it is done.
        engine: Does the work.
        max_failures: Share of the files, in [0, 1], that may fail; over it the scan stops.
        onlooker: Told after each chunk.

    Raises:
        StreetIssueError: Too many files failed, the journal cannot be written, or no worker works.
    """
    onlooker.begin(journal.totals().bytes_todo)

    def take(task: ChunkTask, result: ChunkResult) -> None:
        journal.commit(task, result)
        onlooker.looked_through(journal.weigh(task))
        _check_failures(journal.counts(), max_failures)

    _plan_few(journal, engine, take)
    counts = journal.counts()
    # The first chunk of a video brings its others, so the list may grow while it is worked off.
    while counts.chunks_todo:
        before = counts
        for task, result in engine.run(journal.chunks_to_do()):
            take(task, result)
        counts = journal.counts()
        if counts == before:
            raise StreetIssueError("internal", "The scan does not get on.", "See the log.")
    return counts


def _plan_few(
    journal: Journal, engine: Engine, take: Callable[[ChunkTask, ChunkResult], None]
) -> None:
    """Count the chunks of videos first where there are few: else workers wait for first chunks."""
    if journal.counts().chunks_todo > FEW_CHUNKS:
        return
    begun = [task for task in journal.chunks_to_do() if task.kind == "video"]
    first = [task for task in begun if task.number == 0 and not task.rebase]
    for task, result in engine.run(replace(task, only_count=True) for task in first):
        if result.n_chunks is None:
            take(task, result)  # It cannot be opened: looking at it would come to the same.
        else:
            journal.plan(task, result.n_chunks)


def fold_archive(
    journal: Journal, rules: Mapping[str, IncidentRules], onlooker: Onlooker
) -> Iterator[CameraStory]:
    """Fold the looks of each camera.

    Yields:
        The stories, in the order of the cameras' codes.
    """
    scenery = ArchiveScenery(FramesAgain(journal.file).read_luma)
    cameras = tuple(journal.cameras())
    for number, camera in enumerate(cameras, start=1):
        onlooker.folding(camera, number, len(cameras))
        yield fold_camera(camera, journal.looks_of(camera), rules, scenery)


def _counted(
    entries: Iterator[ArchiveItem | FileProblem], onlooker: Onlooker
) -> Iterator[ArchiveItem | FileProblem]:
    count = 0
    for count, entry in enumerate(entries, start=1):
        if count % LISTED_EVERY == 0:
            onlooker.listed(count)
        yield entry
    onlooker.listed(count)


def _check_failures(counts: Counts, max_failures: float) -> None:
    done, failed = counts.files_done, counts.files_failed
    if done < ENOUGH_FILES or failed <= max_failures * done:
        return
    raise StreetIssueError(
        "too_many_failures",
        f"{failed} of the {done} files looked through so far failed: more than the share of "
        f"{max_failures:g} that may.",
        "Is a disk away, or are these no videos? errors.jsonl names them. Run the same command "
        "again to go on; with a higher --max-failures if that is as it should be.",
    )
