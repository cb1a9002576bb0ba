"""What is known of one camera, between its fold in memory and the watcher's file."""

import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from detector.camera.frames import Frame
from detector.camera.health import CameraState
from detector.camera.looks import Look
from detector.camera.rules import IncidentRules
from detector.errors import OutputError
from detector.watch.camera_fold import CameraFold
from detector.watch.saying import Sayer
from detector.watch.state import Beat, News, WatchState

logger = logging.getLogger(__name__)

MOST_UNSAVED_PHOTOS: Final = 20
"""Of one camera, held in memory while its state cannot be written."""


class CameraRecord:
    """A camera's fold with the news that follow from it: both are saved together, or neither is.

    Use it in one thread.
    """

    def __init__(
        self,
        camera: str,
        rules: Mapping[str, IncidentRules],
        state: WatchState,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing yet; `open` does.

        Args:
            camera: Its code.
            rules: Of incidents, by label.
            state: The file.
            clock: Seconds that only grow.
        """
        self._camera = camera
        self._rules = rules
        self._state = state
        self._clock = clock
        self._sayer = Sayer(logger, clock)
        self._fold = CameraFold(camera, rules)
        self._is_whole = False
        self._unsaved: list[News] = []
        self._beat: Beat | None = None
        self._dirty = False
        self._saved_at = clock()

    @property
    def camera_state(self) -> CameraState:
        """How the camera is, as far as its frames tell."""
        return self._fold.camera_state

    @property
    def open_incidents(self) -> int:
        """How many are open."""
        return len(self._fold.open_incidents())

    def open(self) -> None:
        """Go on where the camera was: in memory, or in the file where memory has nothing whole.

        Raises:
            OutputError: The file cannot be read.
        """
        if self._is_whole:
            return
        self._fold = self._load()
        self._is_whole = True

    def see(self, look: Look, frame: Frame) -> tuple[News, ...]:
        """Take the next look; as `CameraFold.see`."""
        with self._whole_or_not_at_all():
            news = self._fold.see(look, frame)
        self._dirty = True
        self._unsaved.extend(news)
        return news

    def is_due(self, save_every_s: float) -> bool:
        """Tell whether it should be saved: something waits, or the last time is so long ago."""
        if self._unsaved or self._beat is not None:
            return True
        return self._dirty and self._clock() - self._saved_at >= save_every_s

    def save(self, beat: Beat | None = None) -> bool:
        """Save all that was not saved yet.

        Args:
            beat: A heartbeat that goes with it.

        Returns:
            False: it could not be written, and is kept for the next time.
        """
        if beat is not None:
            self._beat = _newer(self._beat, beat)
        now = self._clock()
        with self._whole_or_not_at_all():
            try:
                self._state.save_camera(
                    self._camera,
                    self._fold.state() if self._dirty else None,
                    self._unsaved,
                    self._beat,
                    scenes=self._fold.scenes() if self._dirty else None,
                )
            except OutputError as error:
                self._sayer.say("save", logging.ERROR, "News wait in memory: %s", error)
                self._spare_memory()
                return False
        self._sayer.forget("save")
        self._unsaved, self._beat, self._dirty, self._saved_at = [], None, False, now
        return True

    def _load(self) -> CameraFold:
        try:
            state = self._state.load_camera(self._camera)
            if state is None:
                return CameraFold(self._camera, self._rules)
            scenes = self._state.load_scenes(self._camera)
            return CameraFold.restore(self._camera, self._rules, state, scenes)
        except ValueError as error:
            logger.error(
                "What was known of camera %s cannot be read; it begins anew. %s",
                self._camera,
                error,
            )
            return CameraFold(self._camera, self._rules)

    @contextmanager
    def _whole_or_not_at_all(self) -> Generator[None]:
        """Trust the fold no more if it breaks in the middle: its news would be missing.

        What was not saved yet goes with it, news and state alike: the file has neither, and what
        it has will bring them again.
        """
        try:
            yield
        except BaseException:
            self._is_whole, self._dirty, self._unsaved = False, False, []
            raise

    def _spare_memory(self) -> None:
        photos = sum(one.photo is not None for one in self._unsaved)
        if photos > MOST_UNSAVED_PHOTOS:
            self._unsaved = [News(one.incident) for one in self._unsaved]
            self._state.note_dropped(photos)


def _newer(waiting: Beat | None, beat: Beat) -> Beat:
    """Return the newer heartbeat; of one in the same state, with its frame, as the file does."""
    if waiting is None or beat.frame is not None or waiting.state != beat.state:
        return beat
    return replace(beat, frame=waiting.frame)
