"""When a camera's state is told, and with a frame or without."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from detector.camera.frames import Frame
from detector.camera.health import CameraState
from detector.camera.service import ServiceCameraState
from detector.errors import EvidenceError
from detector.watch.peak_photos import encode_frame
from detector.watch.state import Beat

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    """How often."""

    every_s: float = 60.0
    """The service calls a camera offline that it did not hear of for five minutes."""
    frame_every_s: float = 3600.0
    """A heartbeat takes a frame along so often, as the service keeps no more."""
    offline_after_s: float = 20.0
    """An outage must last so long: a lost packet or a router's hiccup is nobody's concern."""


class Heartbeats:
    """Of one camera. Reads clocks and encodes frames; sends nothing."""

    def __init__(
        self,
        camera: str,
        settings: HeartbeatSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Begin without having heard of the camera.

        Args:
            camera: Its code.
            settings: How often.
            clock: Seconds that only grow.
            now: The time, UTC.
        """
        self._camera = camera
        self._settings = settings or HeartbeatSettings()
        self._clock = clock
        self._now = now
        self._frame: Frame | None = None
        self._outage_at: float | None = None
        self._told: ServiceCameraState | None = None
        self._told_at = self._framed_at = -float("inf")

    def saw_frame(self, frame: Frame) -> None:
        """The camera gave a frame: an outage is over."""
        self._frame = frame
        self._outage_at = None

    def saw_outage(self) -> None:
        """The camera was called in vain, or the connection was lost."""
        if self._outage_at is None:
            self._outage_at = self._clock()

    def next(self, seen: CameraState) -> Beat | None:
        """Return the heartbeat that is due.

        Args:
            seen: How the camera is as far as its frames tell.

        Returns:
            What to send; None: nothing now.
        """
        now = self._clock()
        state = self._state(now, seen)
        if state is None:
            return None
        has_changed = state != self._told
        if not has_changed and now - self._told_at < self._settings.every_s:
            return None
        if has_changed:
            logger.info("Camera %s is %s", self._camera, state)
        frame = None
        if has_changed or now - self._framed_at >= self._settings.frame_every_s:
            frame = self._encode(now, state)
        self._told, self._told_at = state, now
        return Beat(self._camera, state, self._now(), frame)

    def _state(self, now: float, seen: CameraState) -> ServiceCameraState | None:
        """Return how the camera is; None: nothing is known yet."""
        if self._outage_at is not None and now - self._outage_at >= self._settings.offline_after_s:
            return "offline"
        if self._outage_at is not None:
            return self._told
        return None if self._frame is None else seen

    def _encode(self, now: float, state: ServiceCameraState) -> bytes | None:
        if state == "offline" or self._frame is None:
            return None
        try:
            frame = encode_frame(self._frame)
        except EvidenceError as error:
            logger.warning("A heartbeat of camera %s has no frame: %s", self._camera, error)
            return None
        self._framed_at = now
        return frame
