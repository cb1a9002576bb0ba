"""One camera's looks, folded as they come: news of incidents, and how the camera is."""

import logging
from collections.abc import Mapping
from typing import Any, Final, Self

from detector.camera.frames import Frame, LumaArray
from detector.camera.health import CameraState, HealthFold
from detector.camera.incident import Incident
from detector.camera.looks import Look
from detector.camera.rules import IncidentRules
from detector.camera.scenery import LookKey, MemoryScenery
from detector.camera.tracker import IncidentTracker
from detector.errors import EvidenceError, UsageError
from detector.watch.peak_photos import PeakPhotos
from detector.watch.state import News

logger = logging.getLogger(__name__)

VERSION: Final = 1
"""Of what `state` returns."""


class CameraFold:
    """Knows all of a camera that has to survive a restart. Reads and writes nothing."""

    def __init__(
        self,
        camera: str,
        rules: Mapping[str, IncidentRules],
        scenes: Mapping[LookKey, LumaArray] | None = None,
    ) -> None:
        """Begin with nothing seen.

        Args:
            camera: Its code.
            rules: By label.
            scenes: What another fold's `scenes` gave, to restore it.
        """
        self._scenery = MemoryScenery(scenes)
        self._photos = PeakPhotos()
        self._tracker = IncidentTracker(camera, rules, self._scenery)
        self._health = HealthFold(camera)
        self._told_peaks: dict[str, tuple[str, float]] = {}
        self.camera_state: CameraState = "live"
        """How the camera is, as far as its frames tell."""

    @classmethod
    def restore(
        cls,
        camera: str,
        rules: Mapping[str, IncidentRules],
        state: Mapping[str, Any],
        scenes: Mapping[LookKey, LumaArray] | None = None,
    ) -> Self:
        """Go on where another fold of the camera was.

        Args:
            camera: Its code.
            rules: They may differ from those before.
            state: What `state` returned.
            scenes: What `scenes` returned then.

        Raises:
            ValueError: It did not return this.
        """
        if state.get("version") != VERSION:
            raise ValueError("It was saved by another version.")
        fold = cls(camera, rules, scenes)
        try:
            fold._tracker = IncidentTracker.restore(camera, rules, state["tracker"], fold._scenery)
            fold._health = HealthFold.restore(camera, state["health"])
            fold.camera_state = state["camera_state"]
        except (KeyError, TypeError, AttributeError, UsageError) as error:
            raise ValueError(f"It lacks or holds what it should not: {error!r}.") from error
        return fold

    def see(self, look: Look, frame: Frame) -> tuple[News, ...]:
        """Take the next look.

        Args:
            look: What the examiner made of the frame.
            frame: The frame itself.

        Returns:
            What the service is to be told.
        """
        told, change = self._health.see(look)
        news: list[Incident] = []
        if change is not None:
            logger.info("Camera %s is %s: %s", change.camera, change.state, change.reason)
            self.camera_state = change.state
            if change.new_view:
                news.extend(self._tracker.view_changed(change.at_s))
        self._remember(told, frame)
        news.extend(self._tracker.see(told))
        self._scenery.keep_only(self._tracker.references())
        return tuple(map(self._with_photo, news))

    def open_incidents(self) -> tuple[Incident, ...]:
        """Return those that are open."""
        return self._tracker.open_incidents()

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs, ready for JSON."""
        return {
            "version": VERSION,
            "tracker": self._tracker.state(),
            "health": self._health.state(),
            "camera_state": self.camera_state,
        }

    def scenes(self) -> dict[LookKey, LumaArray]:
        """Return the small pictures that the state refers to."""
        return self._scenery.kept

    def _remember(self, look: Look, frame: Frame) -> None:
        self._scenery.remember((look.source, look.timestamp_s), frame.luma)
        try:
            self._photos.remember(look, frame)
        except EvidenceError as error:
            logger.warning("An incident may go without its photo: %s", error)

    def _with_photo(self, incident: Incident) -> News:
        """Add the photo of the peak, where the service does not have it yet."""
        peak = incident.peak.source, incident.peak.timestamp_s
        is_first = incident.revision == 1
        is_new = self._told_peaks.get(incident.id) != peak and self._photos.has_peak(incident)
        if incident.state == "cleared":
            self._told_peaks.pop(incident.id, None)
        else:
            self._told_peaks[incident.id] = peak
        found = self._photos.find(incident) if is_first or is_new else None
        return News(incident) if found is None else News(found[0], found[1])
