"""What Prometheus reads of a watcher."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from detector.camera.service import SERVICE_CAMERA_STATES
from detector.errors import OutputError
from detector.watch.spool import Depth

PREFIX: Final = "street_issues_watch_"
_SCORE_BUCKETS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_WAIT_BUCKETS_S: Final = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60)

Fate = Literal["scored", "held", "dropped", "off_hours", "failed"]
"""What became of a frame. scored: the model saw it; held: nothing had changed; dropped: a newer one
came before its turn; off_hours: outside the camera's hours; failed: the model failed on it."""
FATES: Final[tuple[str, ...]] = get_args(Fate)


class WatchMetrics:
    """Figures that the watcher's parts move. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start everything at zero, in a registry of its own."""
        own = self.registry = CollectorRegistry()
        self.frames_total = Counter(
            PREFIX + "frames_total",
            "Frames by what became of them.",
            ["camera", "fate"],
            registry=own,
        )
        self.lag_seconds = Gauge(
            PREFIX + "lag_seconds",
            "From when the last frame arrived to when it was looked at.",
            ["camera"],
            registry=own,
        )
        self.last_frame_timestamp_seconds = Gauge(
            PREFIX + "last_frame_timestamp_seconds",
            "When the last frame was looked at.",
            ["camera"],
            registry=own,
        )
        self.camera_state = Gauge(
            PREFIX + "camera_state",
            "1 for the state that the camera is in, 0 for the others.",
            ["camera", "state"],
            registry=own,
        )
        self.open_incidents = Gauge(
            PREFIX + "open_incidents", "Incidents that are open now.", ["camera"], registry=own
        )
        self.news_total = Counter(
            PREFIX + "news_total", "News of incidents.", ["camera", "label", "state"], registry=own
        )
        self.outages_total = Counter(
            PREFIX + "outages_total", "Failed calls and lost connections.", ["camera"], registry=own
        )
        self.restarts_total = Counter(
            PREFIX + "restarts_total",
            "Times that a camera was taken up anew after an unforeseen error.",
            ["camera"],
            registry=own,
        )
        self.save_failures_total = Counter(
            PREFIX + "save_failures_total", "Failed writes to the state file.", registry=own
        )
        self.sends_total = Counter(
            PREFIX + "sends_total", "Tries to send.", ["kind", "outcome"], registry=own
        )
        self.score_seconds = Histogram(
            PREFIX + "score_seconds",
            "The model's time for a frame.",
            buckets=_SCORE_BUCKETS_S,
            registry=own,
        )
        self.turn_seconds = Histogram(
            PREFIX + "turn_seconds",
            "How long a frame waited for its turn.",
            buckets=_WAIT_BUCKETS_S,
            registry=own,
        )
        self.read_spool: Callable[[], tuple[Depth, int, int] | None] = lambda: None
        """Asked at each scrape: what waits, photos dropped, revisions overtaken; None: cannot be
        read now."""
        own.register(_SpoolCollector(self))

    def add_camera(self, camera: str) -> None:
        """Show a camera with zeros from the start: a missing series alarms nobody."""
        for fate in FATES:
            self.frames_total.labels(camera, fate)
        self.outages_total.labels(camera)
        self.restarts_total.labels(camera)
        self.open_incidents.labels(camera)
        for state in SERVICE_CAMERA_STATES:
            self.camera_state.labels(camera, state)

    def count_frame(self, camera: str, fate: Fate, count: int = 1) -> None:
        """Count frames."""
        self.frames_total.labels(camera, fate).inc(count)

    def set_state(self, camera: str, state: str) -> None:
        """Note the state that a camera is in."""
        for one in SERVICE_CAMERA_STATES:
            self.camera_state.labels(camera, one).set(float(one == state))


class MetricsServer:
    """Answers Prometheus on a port of its own, from a thread."""

    def __init__(self, metrics: WatchMetrics, host: str, port: int) -> None:
        """Begin to answer.

        Args:
            metrics: What to show.
            host: Address to listen at.
            port: 0 takes any that is free.

        Raises:
            OutputError: The port cannot be had.
        """
        try:
            started: tuple[Any, threading.Thread] = start_http_server(
                port, addr=host, registry=metrics.registry
            )
        except OSError as error:
            raise OutputError(f"The metrics' port {host}:{port}", error) from error
        self._server, self._thread = started
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _SpoolCollector(Collector):
    def __init__(self, metrics: WatchMetrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        return ()  # Otherwise registering would collect, before there is a spool.

    def collect(self) -> Iterable[Metric]:
        read = self._metrics.read_spool()
        if read is None:
            return
        depth, photos_dropped, superseded = read
        age_s = 0.0 if depth.oldest_at is None else max(0.0, time.time() - depth.oldest_at)
        rows = (
            ("spool_news", "News of incidents that wait.", depth.news - depth.refused),
            ("spool_refused", "News that the service refused, set aside.", depth.refused),
            ("spool_heartbeats", "Heartbeats that wait.", depth.heartbeats),
            ("spool_oldest_seconds", "Age of the oldest news that wait.", age_s),
            ("spool_photo_bytes", "Room that waiting photos take.", depth.photo_bytes),
            ("spool_photos_dropped", "Photos that found no room, since the start.", photos_dropped),
            ("spool_superseded", "Revisions overtaken by newer ones, since the start.", superseded),
        )
        for name, words, value in rows:
            yield GaugeMetricFamily(PREFIX + name, words, value=float(value))
