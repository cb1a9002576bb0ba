"""One camera's eye: a frame becomes a look, scored by the model or held by the gate."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.camera.frames import Frame, LumaArray
from detector.camera.gate import Decision, Gate, GateSettings
from detector.camera.light import difference_beside_light, mean_cells
from detector.camera.looks import BoxXyxy, Condition, Look, Measures, Sighting
from detector.camera.measures import Sample, judge_condition, measure, take_sample
from detector.camera.view import CameraView
from detector.detections import ImageScore
from detector.pipeline import Pipeline

SIGNATURE_EVERY_S: Final = 30.0
"""A signature comes with the first sample of each span of this length."""
LONGEST_GAP_S: Final = 60.0
"""A sample longer ago is none to compare with; far more than any sampling."""
MOTION_LEVELS: Final = 3.0
"""A cell whose mean change, with its neighbours', reaches this has moved: twice what noise and
compression leave of a still street (`benchmarks/gate.py`)."""
MOTION_CELLS: Final = 3
"""Side of that window: dust is no larger than its plume's folds."""

Reason = Decision | Condition
"""The gate's decision, or why the frame shows nothing to judge."""


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """A frame before the model: what the cheap measures say. Of one examiner; use it once."""

    frame: Frame
    reason: Reason
    """The gate's decision; dark or blank where the frame shows nothing to judge."""
    measures: Measures
    sample: Sample
    before: Sample | None
    """The sample before, of the same size."""

    @property
    def wants_score(self) -> bool:
        """Whether the model should look."""
        return self.reason in ("first", "changed", "timed", "unsettled")

    @property
    def condition(self) -> Condition:
        """How well the frame shows the scene."""
        return self.reason if self.reason in ("dark", "blank") else "clear"


class Examiner:
    """Looks at one camera's frames in order. Not for several threads."""

    def __init__(
        self, pipeline: Pipeline, view: CameraView, settings: GateSettings | None = None
    ) -> None:
        """Take what scores and what counts.

        Args:
            pipeline: Lists findings under their threshold down to the trackers' floor
                (`PipelineSettings.min_score`); the caller closes its detector.
            view: What counts before the camera.
            settings: When a frame is scored.
        """
        self._pipeline = pipeline
        self._view = view
        self._settings = settings or GateSettings()
        self._gate = Gate(self._settings)
        self._wh: tuple[int, int] | None = None
        self._before: Sample | None = None
        self._before_s = 0.0
        self._sightings: tuple[Sighting, ...] = ()
        self._signed_span: float | None = None

    def look(self, frame: Frame) -> Look | None:
        """Look at a frame; score it if the gate says so.

        Returns:
            The look; None: outside the camera's hours.

        Raises:
            InferenceError: The runtime failed.
        """
        examination = self.examine(frame)
        if examination is None:
            return None
        if examination.wants_score:
            return self.score(frame, examination)
        return self.hold(examination)

    def examine(self, frame: Frame) -> Examination | None:
        """Measure a frame and ask the gate.

        Follow it with `score` or `hold`; a frame for which the model has no time is dropped by
        calling neither, and the next one will want to be scored.

        Returns:
            What the measures say; None: outside the camera's hours.
        """
        if not self._view.watches_at(frame.captured_at):
            return None
        sample = take_sample(frame.luma)
        if frame.wh != self._wh:
            height, width = sample.small.shape
            self._wh, self._before = frame.wh, None
            self._gate = Gate(self._settings, self._view.gate_mask((width, height)))
        before, self._before = self._before, sample
        # Across a gap of the footage nothing is still, and nothing moves.
        if frame.timestamp_s - self._before_s > LONGEST_GAP_S:
            before = None
        self._before_s = frame.timestamp_s
        span = frame.timestamp_s // SIGNATURE_EVERY_S
        measures = measure(sample, before, sign=span != self._signed_span)
        self._signed_span = span
        condition = judge_condition(sample, measures)
        reason: Reason = condition
        if condition == "clear":
            reason = self._gate.decide(sample.small, frame.timestamp_s)
        return Examination(frame, reason, measures, sample, before)

    def score(self, frame: Frame, examination: Examination) -> Look:
        """Let the model look.

        Args:
            frame: The frame that was examined last.
            examination: Of it.

        Raises:
            InferenceError: The runtime failed; the next frame will want to be scored.
        """
        score = self._pipeline.score(frame.image(), frame.source)
        sightings = self._sightings_of(score, frame.wh)
        self._gate.note_scored(examination.sample.small, frame.timestamp_s, sightings)
        self._sightings = sightings
        return _look(examination, sightings, held=False)

    def hold(self, examination: Examination) -> Look:
        """Let the last scored look's sightings stand; a frame that is not clear has none.

        Args:
            examination: Of the last frame; one that wants no score.

        Raises:
            ValueError: It wants to be scored: held sightings would be made up.
        """
        if examination.wants_score:
            raise ValueError(f"A frame that is {examination.reason} cannot be held.")
        sightings = self._sightings if examination.condition == "clear" else ()
        return _look(examination, sightings, held=True)

    def _sightings_of(self, score: ImageScore, wh: tuple[int, int]) -> tuple[Sighting, ...]:
        return tuple(
            Sighting(one.label, one.score, one.box_xyxy, one.flagged, one.severity)
            for one in score.findings
            if self._view.counts(one.label, one.box_xyxy, wh)
        )


def moved_share(before: LumaArray, now: LumaArray, box_xyxy: BoxXyxy, cell_px: int) -> float:
    """Return the share of a box whose brightness changed between two samples, light apart.

    Args:
        before: uint8 (H, W), small.
        now: uint8 of the same shape.
        box_xyxy: In pixels of the frame.
        cell_px: Pixels a cell.

    Returns:
        In [0, 1]; of the cells that the box touches.
    """
    height, width = now.shape
    x1, y1 = (
        min(int(edge / cell_px), last - 1)
        for edge, last in ((box_xyxy[0], width), (box_xyxy[1], height))
    )
    x2, y2 = (-int(-edge // cell_px) for edge in box_xyxy[2:])
    changes = mean_cells(np.abs(difference_beside_light(before, now)), MOTION_CELLS)
    inside = changes[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]
    return round(float((inside >= MOTION_LEVELS).mean()), 4)


def _look(examination: Examination, sightings: tuple[Sighting, ...], *, held: bool) -> Look:
    frame, sample, before = examination.frame, examination.sample, examination.before
    if before is not None:
        sightings = tuple(
            replace(
                one,
                motion=moved_share(before.small, sample.small, one.box_xyxy, sample.cell_px),
            )
            for one in sightings
        )
    else:
        sightings = tuple(replace(one, motion=None) for one in sightings)
    return Look(
        source=frame.source,
        timestamp_s=frame.timestamp_s,
        captured_at=frame.captured_at,
        image_wh=frame.wh,
        held=held,
        condition=examination.condition,
        sightings=sightings,
        measures=examination.measures,
    )
