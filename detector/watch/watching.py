"""All of a watcher put together: cameras, the model's turns, the spool and its courier."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from detector.camera.examiner import Examiner
from detector.camera.rules import IncidentRules, default_rules, parse_rules
from detector.camera.service import Service
from detector.errors import OutputError
from detector.models.base import Detector
from detector.models.manifest import ModelManifest
from detector.pipeline import Pipeline, PipelineSettings
from detector.watch.budget import Budget
from detector.watch.camera_loop import CameraLoop, LoopParts, LoopSettings
from detector.watch.config import CameraConfig, WatchConfig
from detector.watch.courier import Courier, CourierSettings
from detector.watch.feed import Stream
from detector.watch.metrics import MetricsServer, WatchMetrics
from detector.watch.spool import Depth, Spool
from detector.watch.state import WatchState

logger = logging.getLogger(__name__)

STOP_S: Final = 28.0
"""The end takes no longer, all together: half a minute is promised."""
CAMERAS_STOP_S: Final = 20.0
"""Of it: a frame in the model and a camera's read timeout fit into it."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What is fixed for operators, and shorter in tests."""

    loop: LoopSettings = field(default_factory=LoopSettings)
    courier: CourierSettings = field(default_factory=CourierSettings)
    flush_s: float = 5.0
    """At the end, what waits is sent for so long; the rest goes out at the next start."""


def open_live_stream(camera: CameraConfig) -> Stream:
    """Open a camera's stream; it is called when it is read."""
    from detector.camera.live import LiveSettings, LiveStream
    from detector.camera.sampling import Sampling

    sampling = Sampling(every_s=camera.every_s)
    return LiveStream(camera.url, LiveSettings(sampling=sampling, rtsp_transport=camera.transport))


def make_pipeline(detector: Detector) -> Pipeline:
    """Return the pipeline that tells of weak findings too: the incidents' rules judge them."""
    return Pipeline(detector, PipelineSettings(min_score=detector.manifest.floor_score))


def make_rules(config: WatchConfig, manifest: ModelManifest) -> Mapping[str, IncidentRules]:
    """Return the rules of incidents, with the configuration's overrides.

    Raises:
        UsageError: An override is unknown or makes no sense.
    """
    base = default_rules(manifest)
    return base if config.rules is None else parse_rules(config.rules, "rules", base)


@dataclass(frozen=True, slots=True)
class WatchParts:
    """What a watcher stands on; the caller closes the detector and the service."""

    detector: Detector
    service: Service
    open_stream: Callable[[CameraConfig], Stream] = open_live_stream
    settings: WatchSettings = field(default_factory=WatchSettings)


class Watching:
    """A watcher that runs, from when it is made until it is closed; a context manager."""

    def __init__(self, config: WatchConfig, parts: WatchParts) -> None:
        """Open the state and the metrics' port, and begin to watch and to send.

        Args:
            config: What to watch.
            parts: What it stands on.

        Raises:
            OutputError: The state folder or the metrics' port cannot be used.
            UsageError: Another watcher uses the folder, or the rules make no sense.
        """
        rules = make_rules(config, parts.detector.manifest)
        self._settings = parts.settings
        self._stop = threading.Event()
        self._courier_stop = threading.Event()
        self.metrics = WatchMetrics()
        self.state = WatchState(config.state, config.spool_photo_mib)
        self.metrics_server: MetricsServer | None = None
        self._budget = Budget(config.budget.parallel, config.budget.frames_per_s)
        try:
            if config.metrics is not None:
                host, port = config.metrics.host, config.metrics.port
                self.metrics_server = MetricsServer(self.metrics, host, port)
            _warn_of_left_out(self.state, config)
        except BaseException:
            if self.metrics_server is not None:
                self.metrics_server.close()
            self.state.close()
            raise
        self.metrics.read_spool = self._read_spool
        self._courier = Courier(
            Spool(self.state),
            parts.service,
            parts.settings.courier,
            note=lambda kind, outcome: self.metrics.sends_total.labels(kind, outcome).inc(),
        )
        loop_parts = LoopParts(
            open_stream=parts.open_stream,
            make_eye=_eye_maker(make_pipeline(parts.detector)),
            rules=rules,
            budget=self._budget,
            state=self.state,
            metrics=self.metrics,
            settings=parts.settings.loop,
        )
        self._cameras: list[threading.Thread] = []
        for camera in config.cameras:
            self.metrics.add_camera(camera.code)
            loop = CameraLoop(camera, loop_parts)
            self._cameras.append(_start(f"camera {camera.code}", loop.run, self._stop))
        self._sender = _start("courier", self._courier.run, self._courier_stop)

    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, stop: threading.Event) -> None:
        """Wait until told to stop, or until every stream is over, which live ones never are."""
        while not stop.wait(0.2):
            if not any(one.is_alive() for one in self._cameras):
                return

    def close(self) -> None:
        """End in good order: cameras first, then what waits is sent for a few seconds."""
        self._stop.set()
        began = time.monotonic()
        for thread in self._cameras:
            thread.join(max(0.0, began + CAMERAS_STOP_S - time.monotonic()))
        late = [thread.name for thread in self._cameras if thread.is_alive()]
        if late:
            logger.warning("Did not end in time: %s", ", ".join(late))
        self._budget.close()
        self._flush()
        self._courier_stop.set()
        # What is cut off here is sent again at the next start, which is harmless.
        self._sender.join(max(0.0, began + STOP_S - time.monotonic()))
        if self.metrics_server is not None:
            self.metrics_server.close()
        self.state.close()

    def _flush(self) -> None:
        until = time.monotonic() + self._settings.flush_s
        while time.monotonic() < until:
            read = self._read_spool()
            if read is None or read[0].news - read[0].refused + read[0].heartbeats == 0:
                return
            time.sleep(0.05)

    def _read_spool(self) -> tuple[Depth, int, int] | None:
        try:
            depth = Spool(self.state).depth()
        except OutputError:
            return None
        return depth, self.state.photos_dropped, self.state.superseded


def _eye_maker(pipeline: Pipeline) -> Callable[[CameraConfig], Examiner]:
    return lambda camera: Examiner(pipeline, camera.view)


def _warn_of_left_out(state: WatchState, config: WatchConfig) -> None:
    """Name cameras that were watched before: nobody will clear their incidents."""
    known = {camera.code for camera in config.cameras}
    left_out = [code for code in state.list_cameras() if code not in known]
    if left_out:
        logger.warning(
            "No longer watched: %s. Their open incidents stay open until a person closes the "
            "cases.",
            ", ".join(left_out),
        )


def _start(
    name: str, run: Callable[[threading.Event], None], stop: threading.Event
) -> threading.Thread:
    thread = threading.Thread(target=run, args=(stop,), name=name, daemon=True)
    thread.start()
    return thread
