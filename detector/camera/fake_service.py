"""A service that keeps what it is told in memory: for tests of everything that sends."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from detector.camera.incident import Incident
from detector.camera.service import Answer, ServiceCameraState
from detector.camera.service_wire import describe_incident
from detector.errors import ServiceError


@dataclass(frozen=True, slots=True)
class HeardHeartbeat:
    """A heartbeat that was taken."""

    camera: str
    state: ServiceCameraState
    at: datetime | None
    frame: bytes | None


@dataclass(slots=True)
class FakeService:
    """Takes news as the service does: the newest revision counts, late ones change nothing."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    """The newest news of each."""
    opened: dict[str, tuple[Incident, bytes | None]] = field(default_factory=dict)
    """The first news of each and their photo: what the service makes a report of."""
    sent: list[tuple[Incident, bytes | None]] = field(default_factory=list)
    """All that was taken, in the order in which it came."""
    heartbeats: list[HeardHeartbeat] = field(default_factory=list)
    refusals: deque[ServiceError | None] = field(default_factory=deque)
    """What the next calls are answered with, one each; None takes the news."""
    down: ServiceError | None = None
    """Set: every call is answered with it."""
    closed: bool = False

    def send_incident(self, news: Incident, photo: bytes | None = None) -> Answer:
        """Keep it; as the protocol."""
        self._check()
        describe_incident(news)
        known = self.incidents.get(news.id)
        applied = known is None or news.revision > known.revision
        if known is None:
            self.opened[news.id] = (news, photo)
        if applied:
            self.incidents[news.id] = news
        self.sent.append((news, photo))
        return Answer(applied, f"report of {news.id}", ())

    def send_heartbeat(
        self,
        camera: str,
        state: ServiceCameraState,
        at: datetime | None = None,
        frame: bytes | None = None,
    ) -> None:
        """Keep it; as the protocol."""
        self._check()
        self.heartbeats.append(HeardHeartbeat(camera, state, at, frame))

    def close(self) -> None:
        """Refuse nothing, but remember it."""
        self.closed = True

    def _check(self) -> None:
        if self.down is not None:
            raise self.down
        refusal = self.refusals.popleft() if self.refusals else None
        if refusal is not None:
            raise refusal
