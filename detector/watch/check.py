"""A look through every camera, before it is watched."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from detector.camera.frames import Frame
from detector.detections import Finding
from detector.errors import StreetIssueError
from detector.pipeline import Pipeline
from detector.watch.config import CameraConfig
from detector.watch.feed import Stream

WAIT_S: Final = 30.0
"""An answer and a key frame: some cameras send one in ten seconds."""
AT_ONCE: Final = 8
"""Cameras that are called at the same time."""


@dataclass(frozen=True, slots=True)
class CameraCheck:
    """What one camera showed."""

    camera: str
    image_wh: tuple[int, int] | None
    """None: it gave no frame; see `problem`."""
    findings: tuple[Finding, ...] = ()
    """Flagged, and such as count before this camera."""
    left_out: int = 0
    """Flagged, but outside its zones, labels or sizes."""
    watches_now: bool = True
    """Whether it is within its hours."""
    problem: str = ""


def check_cameras(
    cameras: Sequence[CameraConfig],
    pipeline: Pipeline,
    open_stream: Callable[[CameraConfig], Stream],
    wait_s: float = WAIT_S,
) -> Iterator[CameraCheck]:
    """Open each camera once and look.

    Args:
        cameras: Which.
        pipeline: Scores what they show.
        open_stream: Opens one.
        wait_s: For its first frame.

    Yields:
        What each showed, in order.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check") as pool:
        yield from pool.map(lambda one: _check_camera(one, pipeline, open_stream, wait_s), cameras)


def _check_camera(
    camera: CameraConfig,
    pipeline: Pipeline,
    open_stream: Callable[[CameraConfig], Stream],
    wait_s: float,
) -> CameraCheck:
    try:
        frame, problem = _first_frame(open_stream(camera), wait_s)
        if frame is None:
            return CameraCheck(camera.code, None, problem=problem)
        score = pipeline.score(frame.image(), camera.code)
    except StreetIssueError as error:
        return CameraCheck(camera.code, None, problem=str(error))
    view = camera.view
    flagged = [one for one in score.findings if one.flagged]
    counting = tuple(one for one in flagged if view.counts(one.label, one.box_xyxy, frame.wh))
    return CameraCheck(
        camera.code,
        frame.wh,
        counting,
        len(flagged) - len(counting),
        view.watches_at(frame.captured_at),
    )


def _first_frame(stream: Stream, wait_s: float) -> tuple[Frame | None, str]:
    """Return the first frame, or None and why there is none."""
    problem = f"It gave no frame within {wait_s:.0f} s."
    with closing(stream):
        timer = threading.Timer(wait_s, stream.close)  # Ends the iteration.
        timer.daemon = True
        timer.start()
        try:
            for item in stream:
                if isinstance(item, Frame):
                    return item, ""
                problem = item.message
                if item.attempt > 0:  # Called in vain: a second call would say the same.
                    break
        finally:
            timer.cancel()
    return None, problem
