"""Some photos, looked through: frames of fixed cameras, and photos that citizens took."""

from collections.abc import Callable, Set
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

import cv2
import numpy as np

from detector.archive.chunk_result import ChunkResult, describe_unforeseen
from detector.archive.journal_rows import ChunkTask
from detector.archive.rows import FileProblem
from detector.archive.video_chunk import count_looks
from detector.archive.work_list import ArchiveItem
from detector.archive.workshop import Workshop
from detector.arrays import Image
from detector.camera.examiner import Examiner
from detector.camera.frame_photo import frame_from_photo
from detector.camera.looks import Look, Sighting
from detector.camera.measures import judge_condition, measure, take_sample
from detector.detections import ImageScore
from detector.errors import PhotoError, StreetIssueError
from detector.sources import PathSource


def look_through_photos(
    task: ChunkTask,
    workshop: Workshop,
    tell: Callable[[int], None],
    passed_over: Set[str] = frozenset(),
) -> ChunkResult:
    """Look through photos; one that cannot be looked at becomes a problem, and the rest go on.

    Args:
        task: The photos, those of one camera in time order.
        workshop: The model and the setup.
        tell: Called with the number of photos that were looked at since it was called last.
        passed_over: Names of photos that are not to be touched.

    Raises:
        MemoryError: For the caller to try again with more of it.
    """
    reader = _PhotoReader(workshop)
    looks: list[Look] = []
    problems: list[FileProblem] = []
    n_decoded = 0
    for item in task.files:
        if item.name in passed_over:
            continue
        try:
            look = reader.look(item)
        except MemoryError:
            raise
        except StreetIssueError as error:
            problems.append(FileProblem(item.name, error.code, error.message, error.hint))
        except Exception as error:  # One bad photo must not cost the others.
            problems.append(describe_unforeseen(item.name, error))
        else:
            if look is not None:
                n_decoded += 1
                looks.append(look)
        tell(1)
    return ChunkResult(tuple(looks), tuple(problems), count_looks(looks, n_decoded))


class _PhotoReader:
    """Looks at photos one by one, each camera's with an eye of its own."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._max_bytes = workshop.pipeline_settings.limits.max_file_bytes
        self._examiners: dict[str, Examiner] = {}

    def look(self, item: ArchiveItem) -> Look | None:
        """Look at one photo; None: its camera is not watched at that hour.

        Raises:
            PhotoError: It cannot be read or decoded.
            InferenceError: The runtime failed on a frame.
        """
        if item.timeline is None:
            return self._look_at_photo(item)
        if not self._workshop.view_of(item.timeline).watches_at(item.start_at):
            return None
        if item.timeline not in self._examiners:
            self._examiners[item.timeline] = self._workshop.examiner_of(item.timeline)
        data = PathSource(item.path).read(self._max_bytes)
        # The gate measures time between photos; within its file a photo has none.
        at_s = 0.0 if item.start_at is None else item.start_at.timestamp()
        frame = frame_from_photo(data, item.name, item.start_at, at_s)
        look = self._examiners[item.timeline].look(frame)
        return None if look is None else replace(look, timestamp_s=0.0)

    def _look_at_photo(self, item: ArchiveItem) -> Look:
        data = PathSource(item.path).read(self._max_bytes)
        seen: list[Image] = []
        score = self._workshop.pipeline.score_bytes(data, item.name, see=seen.append)
        if score.error is not None:
            # The codes of a score's failure are those of PhotoError.
            raise PhotoError(score.error.code, score.error.message, score.error.hint)  # type: ignore[arg-type]  # a closed list, kept as text
        captured_at = item.start_at or read_time(score.facts.captured_at, self._workshop)
        return _as_look(score, seen[0], captured_at)


def read_time(taken: datetime | None, workshop: Workshop) -> datetime | None:
    """Return a photo's own time in UTC; without a zone it is local time of the archive."""
    return None if taken is None else to_utc(taken, workshop.setup.timezone)


def to_utc(taken: datetime, zone: tzinfo) -> datetime | None:
    """Return a time in UTC; None if it lies at the edge of the calendar."""
    try:
        return (taken if taken.tzinfo else taken.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _as_look(score: ImageScore, image: Image, captured_at: datetime | None) -> Look:
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    sample = take_sample(luma)
    measures = measure(sample, None, sign=False)
    height, width = image.shape[:2]
    return Look(
        source=score.source,
        timestamp_s=0.0,
        captured_at=captured_at,
        image_wh=score.image_wh or (width, height),
        held=False,
        condition=judge_condition(sample, measures),
        sightings=tuple(
            Sighting(one.label, one.score, one.box_xyxy, one.flagged, one.severity)
            for one in score.findings
        ),
        measures=measures,
    )
