"""Looks of one camera, in time order, folded to incidents and camera states."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from detector.archive.rows import CameraStateRow
from detector.camera.frames import LumaArray
from detector.camera.health import HealthFold, StateChange
from detector.camera.incident import Incident
from detector.camera.looks import BoxXyxy, Look
from detector.camera.rules import IncidentRules
from detector.camera.scenery import LookKey, Scenery, same_appearance
from detector.camera.tracker import IncidentTracker
from detector.errors import StreetIssueError

FRAMES_KEPT: Final = 4
"""A question is about two frames, and the next question is often about one of them again."""

LumaReader = Callable[[str, float], LumaArray]
"""(source, timestamp_s) to uint8 (H, W), upright. Raises StreetIssueError."""


@dataclass(frozen=True, slots=True)
class CameraStory:
    """What happened before one camera, and to it."""

    incidents: tuple[Incident, ...]
    """Each in its last revision, in the order of their beginnings."""
    states: tuple[CameraStateRow, ...]
    """Changes of the camera's state, in time order; none: it was live all the time."""


class ArchiveScenery:
    """Reads two frames again to compare a place: asked seldom, so cheaper than keeping pictures."""

    def __init__(self, read_luma: LumaReader) -> None:
        """Keep the reader."""
        self._read_luma = read_luma
        self._kept: OrderedDict[LookKey, LumaArray] = OrderedDict()

    def unchanged(
        self, then: LookKey, now: LookKey, box_xyxy: BoxXyxy, image_wh: tuple[int, int]
    ) -> bool | None:
        """See `Scenery.unchanged`; None also when a frame cannot be read again."""
        try:
            then_luma, now_luma = self._luma(then), self._luma(now)
        except StreetIssueError:
            return None
        wanted = (image_wh[1], image_wh[0])
        if then_luma.shape != wanted or now_luma.shape != wanted:
            return None
        return same_appearance(then_luma, now_luma, box_xyxy)

    def _luma(self, key: LookKey) -> LumaArray:
        if key not in self._kept:
            self._kept[key] = self._read_luma(*key)
            while len(self._kept) > FRAMES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def fold_camera(
    camera: str,
    looks: Iterable[Look],
    rules: Mapping[str, IncidentRules],
    scenery: Scenery | None,
) -> CameraStory:
    """Fold a camera's looks.

    Args:
        camera: Its code; of a video that stands alone, the video's name.
        looks: In time order; read one by one, so any number may come.
        rules: By label.
        scenery: Tells whether a place still looks as it did; None: nobody can.

    Returns:
        Its incidents and states; the same looks give the same story.
    """
    tracker = IncidentTracker(camera, rules, scenery)
    health = HealthFold(camera)
    states: list[CameraStateRow] = []
    incidents: dict[str, Incident] = {}
    for seen in looks:
        look, change = health.see(seen)
        if change is not None:
            states.append(_state_row(change, look))
            if change.new_view:
                incidents |= {one.id: one for one in tracker.view_changed(change.at_s)}
        incidents |= {one.id: one for one in tracker.see(look)}
    incidents |= {one.id: one for one in tracker.open_incidents()}
    return CameraStory(
        tuple(sorted(incidents.values(), key=lambda one: (one.started_s, one.label, one.id))),
        tuple(states),
    )


def _state_row(change: StateChange, look: Look) -> CameraStateRow:
    return CameraStateRow(
        camera=change.camera,
        state=change.state,
        at_s=change.at_s,
        captured_at=change.captured_at,
        reason=change.reason,
        source=look.source if look.captured_at is None else None,
    )
