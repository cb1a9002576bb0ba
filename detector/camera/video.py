"""Recorded videos: what they are, their frames on a grid in time, and one frame again."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from detector.camera.frames import Frame
from detector.camera.sampling import TOLERANCE_S, Grid, Sampling, Span
from detector.camera.video_errors import COPY_HINT, StreamProblem
from detector.camera.video_file import VideoFile, check_size
from detector.camera.video_picture import make_frame, quarter_turns
from detector.camera.video_seek import open_before, probe_timeline
from detector.camera.video_timeline import Reading, broken_timeline
from detector.errors import StreamError

EARLIEST_YEAR: Final = 1971
"""Cameras without a clock write the start of their calendar, 1904 or 1970."""

__all__ = ["StreamProblem", "VideoFacts", "probe_video", "read_frame_at", "read_video"]


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video's header and its first frame tell."""

    wh: tuple[int, int]
    """Width and height in pixels, upright."""
    codec: str
    duration_s: float | None
    """As the header says or FFmpeg guesses: a hint, the file may hold less or more."""
    frame_rate: float | None
    """Frames a second, on average."""
    rotation_deg: int
    """By which the stored frames are turned counter-clockwise to be upright: 0, 90, 180, 270."""
    created_at: datetime | None
    """UTC, as the container says; recorders often leave it out or write when it was copied."""
    container: str
    """FFmpeg's name of the container."""


def probe_video(path: Path) -> VideoFacts:
    """Read a video's header and its first frame.

    Args:
        path: The file; its ending does not matter.

    Returns:
        The facts.

    Raises:
        StreamError: The file is no video that can be read, or no frame of it can be decoded.
        ExtraMissingError: PyAV is not installed.
    """
    with VideoFile(path) as file:
        reading = Reading(file, file.packets(), Sampling(keyframes="never"), Grid(2.0))
        _, picture = next(reading.pictures(), (0.0, None))
        if picture is None:
            reading.check_given()
            raise StreamError("corrupt", "The video has no frame that can be decoded.", COPY_HINT)
        check_size(picture.width, picture.height)
        turns = quarter_turns(picture)
        wh = (picture.width, picture.height)
        rate = file.stream.average_rate or file.stream.guessed_rate
        return VideoFacts(
            wh=(wh[1], wh[0]) if turns % 2 else wh,
            codec=file.stream.codec_context.codec.name,
            duration_s=file.duration_s,
            frame_rate=float(rate) if rate else None,
            rotation_deg=turns * 90,
            created_at=parse_created_at(file.container.metadata.get("creation_time", "")),
            container=file.container_name,
        )


def read_video(
    path: Path,
    sampling: Sampling,
    span: Span | None = None,
    start_at: datetime | None = None,
    *,
    rebase: bool = False,
    report: Callable[[StreamProblem], None] | None = None,
    source: str | None = None,
) -> Generator[Frame]:
    """Read a video's frames on the grid.

    The frames, their times and their pixels are the same however the file is cut into spans whose
    cuts lie on the grid.

    Args:
        path: The file; its ending does not matter.
        sampling: Which frames.
        span: The part of the timeline; None: all of it.
        start_at: When the first frame of the file was taken; None if unknown.
        rebase: Where the clock jumps (recordings put one after another), go on with the timeline
            one frame later. Reading starts at the file's start then, whatever the span.
        report: Told at the end what was wrong within the file, each kind once.
        source: What the frames call the file; None: its path.

    Yields:
        Frames in the order of time. Each holds the decoder's buffer of its picture: let go of it
        before long.

    Raises:
        StreamError: The file is no video that can be read, nothing in the span could be decoded,
            or it must be read whole, with `rebase`: "timeline_broken".
        ExtraMissingError: PyAV is not installed.
    """
    span = span or Span()
    parts = span.start_s > 0 or span.end_s is not None
    if parts and not rebase and not probe_timeline(path):
        raise broken_timeline()
    # A jump moves all that follows, so the timeline is known only from the start on.
    with open_before(path, 0.0 if rebase else span.start_s, sampling.threads) as (file, packets):
        grid = Grid(sampling.every_s, span)
        whole = rebase or not parts
        reading = Reading(file, packets, sampling, grid, rebase=rebase, whole=whole)
        given = False
        for timestamp_s, picture in reading.pictures():
            check_size(picture.width, picture.height)
            yield make_frame(picture, source or str(path), timestamp_s, start_at)
            given = True
        if not given:
            reading.check_given()
        if report is not None:
            for problem in reading.problems():
                report(problem)


def read_frame_at(
    path: Path,
    timestamp_s: float,
    start_at: datetime | None = None,
    *,
    rebase: bool = False,
    source: str | None = None,
) -> Frame:
    """Read one frame again.

    Args:
        path: The file.
        timestamp_s: Of a frame that `read_video` gave, however it was sampled.
        start_at: When the first frame of the file was taken; None if unknown.
        rebase: As the file was read.
        source: What the frame calls the file; None: its path.

    Returns:
        The very frame.

    Raises:
        StreamError: The file cannot be read, or has no such frame any more.
    """
    rebase = rebase or not probe_timeline(path)
    span = Span(max(0.0, timestamp_s), max(0.0, timestamp_s) + 2 * TOLERANCE_S)
    # A key frame first, alone: what follows it may be damaged.
    ways: tuple[Literal["only", "never"], ...] = ("only", "never")
    for keyframes in ways:
        sampling = Sampling(keyframes=keyframes)
        with open_before(path, 0.0 if rebase else timestamp_s) as (file, packets):
            reading = Reading(file, packets, sampling, Grid(sampling.every_s, span), rebase=rebase)
            for found_s, picture in reading.pictures():
                check_size(picture.width, picture.height)
                return make_frame(picture, source or str(path), found_s, start_at)
    raise StreamError(
        "truncated",
        f"The video has no frame at {timestamp_s:.3f} s any more.",
        "The file was changed since it was looked at.",
    )


def parse_created_at(text: str) -> datetime | None:
    """Return what a container says of when it was made, UTC; None: nothing that can be true."""
    try:
        told = datetime.fromisoformat(text)
        told = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return told if told.year >= EARLIEST_YEAR else None
