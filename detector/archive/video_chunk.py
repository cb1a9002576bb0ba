"""A stretch of one video, looked through."""

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from detector.archive.chunk_result import ChunkCounts, ChunkResult
from detector.archive.journal_rows import ChunkTask
from detector.archive.rows import FileProblem
from detector.archive.workshop import Workshop
from detector.camera.looks import Look
from detector.camera.sampling import Span
from detector.camera.video import StreamProblem, probe_video, read_video
from detector.camera.view import CameraView

HOURS_STEP_S: Final = 60.0
"""Hours are written to the minute."""


def look_through_video(
    task: ChunkTask, workshop: Workshop, tell: Callable[[int], None]
) -> ChunkResult:
    """Look through a stretch of a video.

    Args:
        task: The stretch.
        workshop: The model and the setup.
        tell: Called with the number of frames that were looked at since it was called last.

    Raises:
        StreamError: The video cannot be read.
        InferenceError: The runtime failed on a frame.
    """
    item, setup = task.files[0], workshop.setup
    view = workshop.view_of(item.camera)
    is_first = task.number == 0
    end_s, footage_s, n_chunks = task.end_s, None, None
    has_hours = bool(view.hours) and item.start_at is not None
    if is_first or (has_hours and end_s is None):
        footage_s = probe_video(item.path).duration_s
    if is_first:
        n_chunks = 1 if task.rebase else count_chunks(footage_s, setup.chunk_s)
        if task.only_count:
            return ChunkResult(n_chunks=n_chunks)
        end_s = None if n_chunks == 1 else end_s
    spans = [Span(task.start_s, end_s)]
    # Times that jump tell nothing of the hour until they are mended, which reading does.
    if item.start_at is not None and has_hours and not task.rebase:
        every_s = setup.sampling.every_s
        spans = list(watched_spans(view, item.start_at, spans[0], every_s, footage_s))
    problems: dict[str, FileProblem] = {}

    def note(problem: StreamProblem) -> None:
        found = FileProblem(
            item.name, problem.code, problem.message, at_s=problem.at_s, fatal=False
        )
        problems.setdefault(problem.code, found)

    looks: list[Look] = []
    n_frames = 0
    examiner = workshop.examiner_of(item.camera)
    for span in spans:
        for frame in read_video(
            item.path,
            setup.sampling,
            span,
            start_at=item.start_at,
            rebase=task.rebase,
            report=note,
            source=item.name,
        ):
            n_frames += 1
            look = examiner.look(frame)
            if look is not None:
                looks.append(look)
            tell(1)
    return ChunkResult(
        tuple(looks),
        tuple(problems.values()),
        count_looks(looks, n_frames),
        n_chunks,
        footage_s if is_first else None,
    )


def count_looks(looks: list[Look], n_frames: int) -> ChunkCounts:
    """Return the counts of a chunk."""
    held = sum(look.held for look in looks)
    return ChunkCounts(n_frames, len(looks) - held, held)


def count_chunks(footage_s: float | None, chunk_s: float) -> int:
    """Return in how many chunks a video is looked through.

    The last one goes on to the end of the file and takes a short rest with it. A video that does
    not tell its length is looked through in one.
    """
    return 1 if footage_s is None else max(1, math.floor(footage_s / chunk_s + 0.5))


def watched_spans(
    view: CameraView, start_at: datetime, span: Span, every_s: float, footage_s: float | None
) -> Iterator[Span]:
    """Yield the parts of a span in which the camera is watched, so that only they are decoded.

    Args:
        view: The camera's, with hours.
        start_at: When the video's first frame was taken.
        span: Starts on the grid of samples, and so do the parts: what is sampled stays the same.
        every_s: The grid's step.
        footage_s: The video's length, for a span without an end; None: not known, then all of the
            span counts.

    Yields:
        Parts in the order of time; where the last one reaches the end of a span without an end, it
        has none either, for the file may be longer than it says.
    """
    limit_s = footage_s if span.end_s is None else span.end_s
    if limit_s is None:
        yield span
        return
    first = round(span.start_s / every_s)
    last = max(first + 1, math.ceil(limit_s / every_s - 1e-6))

    def is_watched(cell: int) -> bool:
        steps = max(1, math.ceil(every_s / HOURS_STEP_S))
        seconds = ((cell + step / steps) * every_s for step in range(steps + 1))
        return any(view.watches_at(start_at + timedelta(seconds=at_s)) for at_s in seconds)

    for watched, cells in groupby(range(first, last), is_watched):
        part = list(cells)
        if watched:
            end_s = span.end_s if part[-1] == last - 1 else (part[-1] + 1) * every_s
            yield Span(part[0] * every_s, end_s)
