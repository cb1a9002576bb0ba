"""Chunks of an archive: what a worker does."""

from collections.abc import Callable, Set

from detector.archive.attempts import Job
from detector.archive.chunk_result import ChunkCounts, ChunkResult, describe_unforeseen
from detector.archive.journal_rows import ChunkTask
from detector.archive.photo_chunk import look_through_photos
from detector.archive.rows import FileProblem
from detector.archive.settings import ScanSetup
from detector.archive.video_chunk import look_through_video
from detector.archive.workshop import Workshop
from detector.errors import StreetIssueError

__all__ = ["ChunkCounts", "ChunkResult", "Workshop", "look_through", "open_workshop"]


def look_through(
    task: ChunkTask,
    workshop: Workshop,
    *,
    tell: Callable[[int], None] = lambda _: None,
    passed_over: Set[str] = frozenset(),
) -> ChunkResult:
    """Look through a chunk.

    Args:
        task: A stretch of a video, or photos.
        workshop: The model and the setup. The result is a function of the files and of the setup,
            not of what was looked through before.
        tell: Called with the number of frames that were looked at since it was called last.
        passed_over: Names of photos that are not to be touched.

    Returns:
        The result; what keeps the chunk from being looked through stands in its `failure`.

    Raises:
        MemoryError: For the caller to try again with more of it.
    """
    try:
        if task.kind == "video":
            return look_through_video(task, workshop, tell)
        return look_through_photos(task, workshop, tell, passed_over)
    except MemoryError:
        raise
    except StreetIssueError as error:
        problem = FileProblem(task.files[0].name, error.code, error.message, error.hint)
    except Exception as error:  # One bad file must not end the scan.
        problem = describe_unforeseen(task.files[0].name, error)
    return ChunkResult(failure=problem)


def open_workshop(setup: ScanSetup) -> Callable[[Job, Callable[[int], None]], ChunkResult]:
    """Set a worker process up; see `Orders.open_work`.

    Raises:
        StreetIssueError: The model cannot be loaded, or is not the one of the setup.
    """
    import cv2

    # The cores are shared out among processes; OpenCV would take all of them in each.
    cv2.setNumThreads(1)
    workshop = Workshop(setup)

    def work(job: Job, tell: Callable[[int], None]) -> ChunkResult:
        return look_through(job.task, workshop, tell=tell, passed_over=job.passed_over)

    return work
