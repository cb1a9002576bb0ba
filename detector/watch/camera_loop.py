"""One camera, watched: its frames become looks, and looks become news."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final

from detector.camera.examiner import Examination, Examiner
from detector.camera.frames import Frame
from detector.camera.live import Outage
from detector.camera.looks import Look
from detector.camera.rules import IncidentRules
from detector.errors import StreetIssueError
from detector.watch.budget import Budget
from detector.watch.camera_record import CameraRecord
from detector.watch.config import CameraConfig
from detector.watch.feed import Feed, Stream
from detector.watch.heartbeat import Heartbeats, HeartbeatSettings
from detector.watch.metrics import Fate, WatchMetrics
from detector.watch.saying import Sayer
from detector.watch.state import Beat, WatchState

logger = logging.getLogger(__name__)

WELL_AGAIN_S: Final = 600.0
"""A camera that went well for so long after an error is soon taken up again after the next one."""
MOST_RESTART_S: Final = 60.0
SILENT_S: Final = 120.0
"""Beside the time between two frames. In an outage a stream calls, and tells of it, after 80 s at
most; one that says nothing for longer hangs."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How often a camera's house is kept."""

    beats: HeartbeatSettings = field(default_factory=HeartbeatSettings)
    save_every_s: float = 10.0
    """Without news; with news at once. So much is looked at again after a power cut."""
    tick_s: float = 1.0
    """How long anything is waited for before the house is kept."""
    restart_s: float = 5.0
    """Before a camera is taken up anew after an unforeseen error; doubled up to a minute."""
    every_frame: bool = False
    """Drop none, and let the stream wait instead. For recordings in tests."""


@dataclass(frozen=True, slots=True)
class LoopParts:
    """What the loops of all cameras share."""

    open_stream: Callable[[CameraConfig], Stream]
    make_eye: Callable[[CameraConfig], Examiner]
    rules: Mapping[str, IncidentRules]
    budget: Budget
    state: WatchState
    metrics: WatchMetrics
    settings: LoopSettings = LoopSettings()
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class _Seer:
    """What sees, for one run of the camera."""

    eye: Examiner
    feed: Feed
    stop: threading.Event


class CameraLoop:
    """Watches one camera; run it in a thread of its own."""

    def __init__(self, camera: CameraConfig, parts: LoopParts) -> None:
        """Take the camera; nothing is opened yet."""
        self.camera = camera
        self._parts = parts
        self._settings = parts.settings
        self._sayer = Sayer(logger, parts.clock)
        self._record = CameraRecord(camera.code, parts.rules, parts.state, parts.clock)
        self._beats = Heartbeats(camera.code, parts.settings.beats, clock=parts.clock)

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop, whatever happens, or until a recording is over."""
        wait_s = self._settings.restart_s
        while not stop.is_set():
            began = self._parts.clock()
            try:
                self._watch(stop)
                return
            except Exception:  # The other cameras go on; this one is taken up anew.
                logger.exception("Camera %s failed and is taken up anew", self.camera.code)
                self._parts.metrics.restarts_total.labels(self.camera.code).inc()
            if self._parts.clock() - began > WELL_AGAIN_S:
                wait_s = self._settings.restart_s
            self._rest(wait_s, stop)
            wait_s = min(2 * wait_s, MOST_RESTART_S)

    def _watch(self, stop: threading.Event) -> None:
        self._record.open()
        eye = self._parts.make_eye(self.camera)
        self._show_incidents()
        with (
            closing(self._parts.open_stream(self.camera)) as stream,
            Feed(
                stream,
                self.camera.code,
                lossless=self._settings.every_frame,
                clock=self._parts.clock,
            ) as feed,
        ):
            seer = _Seer(eye, feed, stop)
            while not (stop.is_set() or feed.ended):
                item = feed.take(self._settings.tick_s)
                if isinstance(item, Frame):
                    self._see_frame(item, seer)
                elif item is not None:
                    self._note_outage(item)
                elif feed.silent_s > SILENT_S + 2 * self.camera.every_s:
                    self._note_silence(feed.silent_s)
                self._count("dropped", feed.pop_dropped())
                self._keep_house()
        self._save(None)
        if not (stop.is_set() or self._settings.every_frame):
            raise RuntimeError("A live stream is over, which none ever is.")

    def _rest(self, wait_s: float, stop: threading.Event) -> None:
        """Wait after an error; meanwhile the camera is as good as away, and that is told."""
        until = self._parts.clock() + wait_s
        self._beats.saw_outage()
        while not stop.is_set() and (left_s := until - self._parts.clock()) > 0:
            stop.wait(min(left_s, self._settings.tick_s))
            try:
                self._keep_house()
            except Exception:  # Perhaps the very error; it was logged, and the wait goes on.
                logger.debug("Camera %s cannot be told of", self.camera.code, exc_info=True)

    def _see_frame(self, frame: Frame, seer: "_Seer") -> None:
        frame = _stamp(frame)
        self._beats.saw_frame(frame)
        seen = self._look(frame, seer)
        if seen is None:
            return
        look, frame = seen
        news = self._record.see(look, frame)
        metrics, code = self._parts.metrics, self.camera.code
        self._count("held" if look.held else "scored")
        now = time.time()
        metrics.lag_seconds.labels(code).set(max(0.0, now - look.at_s))
        metrics.last_frame_timestamp_seconds.labels(code).set(now)
        for one in news:
            incident = one.incident
            metrics.news_total.labels(code, incident.label, incident.state).inc()
            logger.info(
                "Camera %s: %s is %s (%s, revision %d)",
                code,
                incident.label,
                incident.state,
                incident.id,
                incident.revision,
            )
        if news:
            self._show_incidents()
            self._save(None)

    def _look(self, frame: Frame, seer: "_Seer") -> tuple[Look, Frame] | None:
        """Examine a frame, and let the model see it if it deserves that; None: no look came."""
        examination = seer.eye.examine(frame)
        if examination is None:
            self._count("off_hours")
            return None
        if not examination.wants_score:
            return seer.eye.hold(examination), frame
        asked_at = self._parts.clock()
        turn = self._parts.budget.ask(self.camera.code, urgent=examination.reason == "unsettled")
        try:
            while not turn.wait(self._settings.tick_s):
                if seer.stop.is_set():
                    return None
                self._keep_house()
            self._parts.metrics.turn_seconds.observe(self._parts.clock() - asked_at)
            return self._score(frame, examination, seer)
        except StreetIssueError as error:
            self._count("failed")
            self._sayer.say(
                "score", logging.ERROR, "A frame of %s was not scored: %s", self.camera.code, error
            )
            return None
        finally:
            self._parts.budget.done(turn)

    def _score(
        self, frame: Frame, examination: Examination, seer: "_Seer"
    ) -> tuple[Look, Frame] | None:
        """Let the model see the newest frame: while one waited for its turn, others came."""
        newer = seer.feed.take_newest()
        if newer is not None:
            self._count("dropped")
            frame = _stamp(newer)
            self._beats.saw_frame(frame)
            examined = seer.eye.examine(frame)
            if examined is None:
                self._count("off_hours")
                return None
            examination = _keep_signature(examined, examination)
            if not examination.wants_score:
                return seer.eye.hold(examination), frame
        with self._parts.metrics.score_seconds.time():
            return seer.eye.score(frame, examination), frame

    def _note_outage(self, outage: Outage) -> None:
        self._parts.metrics.outages_total.labels(self.camera.code).inc()
        self._beats.saw_outage()
        self._sayer.say(
            f"outage {outage.code}",
            logging.WARNING,
            "Camera %s gives no frames: %s",
            self.camera.code,
            outage.message,
        )

    def _note_silence(self, silent_s: float) -> None:
        self._beats.saw_outage()
        self._sayer.say(
            "silence",
            logging.ERROR,
            "Camera %s hangs: its stream has given neither frame nor outage for %.0f s. If it "
            "does not come back, restart the watcher",
            self.camera.code,
            silent_s,
        )

    def _count(self, fate: Fate, count: int = 1) -> None:
        if count:
            self._parts.metrics.count_frame(self.camera.code, fate, count)

    def _keep_house(self) -> None:
        """Do what time asks for: heartbeats, and saving."""
        beat = self._beats.next(self._record.camera_state)
        if beat is not None:
            self._parts.metrics.set_state(self.camera.code, beat.state)
        if beat is not None or self._record.is_due(self._settings.save_every_s):
            self._save(beat)

    def _save(self, beat: Beat | None) -> None:
        if not self._record.save(beat):
            self._parts.metrics.save_failures_total.inc()

    def _show_incidents(self) -> None:
        count = self._record.open_incidents
        self._parts.metrics.open_incidents.labels(self.camera.code).set(count)


def _stamp(frame: Frame) -> Frame:
    """Count a frame's time since 1970.

    Its stream's own count begins anew at each restart, and two looks must not share a name.
    """
    if frame.captured_at is None:
        return frame
    return replace(frame, timestamp_s=frame.captured_at.timestamp())


def _keep_signature(examined: Examination, dropped: Examination) -> Examination:
    """Let a frame that was dropped leave its signature: one comes in half a minute only."""
    measures = examined.measures
    if measures.signature is not None or dropped.measures.signature is None:
        return examined
    signed = replace(measures, signature=dropped.measures.signature)
    return replace(examined, measures=signed)
