"""Which frames of a fixed camera deserve the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from detector.arrays import BoolArray
from detector.camera.frames import LumaArray
from detector.camera.light import change_strengths, light_gain
from detector.camera.looks import Sighting
from detector.camera.measures import OWN_TEXT_SHARE
from detector.camera.place import MIN_IOU, overlap

Decision = Literal["first", "changed", "timed", "unsettled", "held"]
"""first: nothing was scored before; changed: the scene differs from the last one scored; timed:
that was too long ago; unsettled: too soon after a change, or the sightings differed; held: none of
these, so the last sightings stand."""

TEXT_MEMORY: Final = 0.9
"""Weight of the past at each sample in how often a cell changes: ten samples or so."""
TEXT_LEVELS: Final = 8
"""Change of a cell that a digit makes, and noise does not."""
TEXT_OFTEN: Final = 0.4
"""A cell that changed in more than this share of the last samples may be a running clock's: of five
digits in turn each stroke changes in 40 to 80 %. A street is seldom so restless at one place."""
TEXT_REACH: Final = (8, 2)
"""Cells to the left and right, above and below, that belong to the same clock: the tens of seconds
and the minutes stand beside the digit that always changes. Three digits of a 4K camera's clock."""
MOST_TEXT_SHARE: Final = 0.02
"""Of the frame: where more is restless it is no clock but a busy scene, and nothing is passed over.
The last digits are less than a hundredth."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When a frame is scored. Figures: `python -m benchmarks.gate`."""

    max_hold_s: float = 60.0
    """A scene that does not change is scored again after this: what the gate overlooked is found
    then, and it costs a thirtieth of the samples at one in two seconds."""
    light_hold_s: float = 10.0
    """The same after the light changed: the model may see more in the new light."""
    light_share: float = 0.15
    """A change of the whole frame's brightness by this share is one of the light."""
    change: float = 0.8
    """Strength (`change_strengths`) from which the scene has changed. Noise up to sigma 3 at 2 to 4
    Mbit/s stays under 0.3; of 48 objects pasted into street photos, a sixteenth of the frame's
    height or more, the faintest (9 levels from what it covers) has 0.9; dusk stays under 0.8
    mostly, clouds' shadows often."""
    settle_looks: int = 5
    """Samples scored after a first look, a change, or sightings that differ, so that incidents
    open and clear on frames that the model really saw: their window (`IncidentRules`)."""
    most_unsettled: int = 15
    """After so many in a row without a change they end: a finding that flickers round its threshold
    would keep the model busy for ever."""
    notable_score: float = 0.2
    """Sightings under their threshold that come or go count from here: fainter ones flicker in
    every street."""


class Gate:
    """Compares a camera's small frames with the last one that was scored. Holds state."""

    def __init__(self, settings: GateSettings | None = None, mask: BoolArray | None = None) -> None:
        """Take what counts.

        Args:
            settings: When a frame is scored.
            mask: bool (H, W), cells that matter; None: all.
        """
        self._settings = settings or GateSettings()
        # An object on a zone's border may have its clearer half outside.
        self._mask = None if mask is None else cv2.dilate(mask.astype(np.uint8), np.ones((5, 5)))
        self._scored: LumaArray | None = None
        self._scored_at_s = 0.0
        self._sightings: tuple[Sighting, ...] = ()
        self._reason: Decision = "first"
        self._to_settle = 0
        self._unsettled = 0
        self._before: LumaArray | None = None
        self._text = _RestlessText()

    def decide(self, small: LumaArray, at_s: float) -> Decision:
        """Tell whether a frame deserves the model.

        Call it for each sample, in order; after the model looked, call `note_scored`.

        Args:
            small: uint8 (H, W), of the mask's shape.
            at_s: Its time on the camera's timeline.
        """
        self._reason = self._compare(small, at_s)
        return self._reason

    def note_scored(self, small: LumaArray, at_s: float, sightings: Sequence[Sighting]) -> None:
        """Take what the model saw in the frame that was decided on last.

        Args:
            small: The frame.
            at_s: Its time.
            sightings: What counts of the findings.
        """
        settings = self._settings
        if self._reason in ("first", "changed"):
            self._to_settle, self._unsettled = settings.settle_looks, 0
        elif self._reason == "timed":
            self._unsettled = 0
        else:
            self._to_settle, self._unsettled = self._to_settle - 1, self._unsettled + 1
        if self._reason != "first" and self._differ(sightings):
            self._to_settle = settings.settle_looks
        if self._unsettled >= settings.most_unsettled:
            self._to_settle = 0
        self._scored, self._scored_at_s, self._sightings = small, at_s, tuple(sightings)

    def _compare(self, small: LumaArray, at_s: float) -> Decision:
        settings, scored = self._settings, self._scored
        before, self._before = self._before, small
        if scored is None or scored.shape != small.shape:
            return "first"
        text = self._text.learn(before, small) if before is not None else None
        strengths = change_strengths(scored, small, text)
        if self._mask is not None:
            strengths *= self._mask
        if float(strengths.max()) >= settings.change:
            return "changed"
        waited_s = at_s - self._scored_at_s
        if not 0 <= waited_s < settings.max_hold_s:
            return "timed"
        if self._to_settle > 0:
            return "unsettled"
        if waited_s >= settings.light_hold_s:
            gain = light_gain(scored, small)
            if max(gain, 1 / gain) >= 1 + settings.light_share:
                return "timed"
        return "held"

    def _differ(self, sightings: Sequence[Sighting]) -> bool:
        """Tell whether a sighting that matters came, went or crossed its threshold."""
        return any(
            not _has_match(one, others)
            for group, others in ((sightings, self._sightings), (self._sightings, sightings))
            for one in group
            if one.flagged or one.score >= self._settings.notable_score
        )


class _RestlessText:
    """Learns where a camera writes its running clock: small, at the edge, never still."""

    def __init__(self) -> None:
        self._often: npt.NDArray[np.float32] | None = None

    def learn(self, before: LumaArray, now: LumaArray) -> BoolArray | None:
        """Take a sample and the one before it.

        Returns:
            bool (H, W), the cells of a clock; None: there is none.
        """
        if self._often is None or self._often.shape != now.shape:
            self._often = np.zeros(now.shape, np.float32)
        self._often *= TEXT_MEMORY
        self._often += (1 - TEXT_MEMORY) * (cv2.absdiff(before, now) >= TEXT_LEVELS)
        restless = (self._often >= TEXT_OFTEN).astype(np.uint8)
        if restless.mean() > MOST_TEXT_SHARE:
            return None
        margin = round(len(restless) * OWN_TEXT_SHARE)
        restless[margin : len(restless) - margin] = 0
        if not restless.any():
            return None
        reach = np.ones((2 * TEXT_REACH[1] + 1, 2 * TEXT_REACH[0] + 1), np.uint8)
        text: BoolArray = cv2.dilate(restless, reach) > 0
        return text


def _has_match(one: Sighting, others: Sequence[Sighting]) -> bool:
    return any(
        one.label == other.label
        and one.flagged == other.flagged
        and overlap(one.box_xyxy, other.box_xyxy) >= MIN_IOU
        for other in others
    )
