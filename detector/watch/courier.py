"""Takes news to the service, for as long as it takes: hours or days.

What cannot pass for anybody (no connection, a busy service, a key that is refused) makes the
courier rest; what concerns one camera or one incident holds up that one alone.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from detector.camera.service import Service
from detector.errors import OutputError, ServiceError
from detector.watch.saying import Sayer
from detector.watch.spool import Spool, WaitingBeat, WaitingNews

logger = logging.getLogger(__name__)

Outcome = Literal["sent", "failed", "denied", "unknown_camera", "refused"]
"""sent: taken; failed: to be tried again; denied: the key or the address is not right, tried again
later; unknown_camera: the service knows no such camera, tried again later; refused: final."""

KEY_STATUSES: Final = frozenset({401, 403})
PHOTO_STATUSES: Final = frozenset({413, 415, 422})
"""Such an answer may be about the photo: the news are worth more than it."""
OVERLOAD_STATUSES: Final = frozenset({408, 425, 429, 502, 503, 504, 507})
"""Such an answer is about the service as a whole, any other failure about what was sent."""


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """How long it waits."""

    first_wait_s: float = 1.0
    """After a first failure; doubled with each further one."""
    most_wait_s: float = 60.0
    """One try a minute harms no service, and an hour's news go out a minute after it is back."""
    mend_wait_s: float = 300.0
    """Where a person has to mend something: a key, a camera that is not registered."""
    jitter: float = 0.25
    """Waits are longer by up to this share, so that many watchers do not come at once."""
    idle_s: float = 0.5
    """Between looks into an empty spool."""


class Courier:
    """Sends what the spool holds, oldest first; run it in one thread."""

    def __init__(
        self,
        spool: Spool,
        service: Service,
        settings: CourierSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        note: Callable[[str, Outcome], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Take what it stands on.

        Args:
            spool: What to send.
            service: Where to.
            settings: How long to wait.
            clock: Seconds that only grow.
            note: Told of each try: `incident` or `heartbeat`, and what came of it.
            rng: For the jitter.
        """
        self._spool = spool
        self._service = service
        self._settings = settings or CourierSettings()
        self._clock = clock
        self._note = note or (lambda _kind, _outcome: None)
        self._rng = rng or random.Random()
        self._rest_until = -float("inf")
        self._failures = 0
        self._beats_turn = False
        self._sayer = Sayer(logger, clock)

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop; what is under way is finished."""
        while not stop.is_set():
            try:
                wait_s = self.step()
            except Exception:  # News must go out, whatever one of them does.
                logger.exception("The courier failed and goes on")
                wait_s = self._settings.most_wait_s
            stop.wait(wait_s)

    def step(self) -> float:
        """Send one thing if there is one that may go.

        Returns:
            Seconds to wait before the next step.
        """
        now = self._clock()
        if now < self._rest_until:
            return self._rest_until - now
        try:
            sent = self._send_next(now)
        except OutputError as error:
            # What was sent but could not be crossed off is sent again: that is harmless.
            self._sayer.say("spool", logging.ERROR, "The spool cannot be used: %s", error)
            return self._rest()
        return 0.0 if sent else self._settings.idle_s

    def _send_next(self, now: float) -> bool:
        """Send news and heartbeats in turn: neither waits behind a backlog of the other."""
        self._beats_turn = not self._beats_turn
        for beats in (self._beats_turn, not self._beats_turn):
            if beats and (beat := self._spool.next_beat(now)) is not None:
                self._send_beat(beat)
                return True
            if not beats and (news := self._spool.next_news(now)) is not None:
                self._send_news(news)
                return True
        return False

    def _send_news(self, news: WaitingNews) -> None:
        try:
            self._service.send_incident(news.incident, news.photo)
        except ServiceError as error:
            self._note("incident", self._after_news_failed(news, error))
        else:
            self._spool.news_arrived(news.row)
            self._arrived("incident")
        finally:
            self._spool.release()

    def _send_beat(self, waiting: WaitingBeat) -> None:
        beat = waiting.beat
        try:
            self._service.send_heartbeat(beat.camera, beat.state, beat.at, beat.frame)
        except ServiceError as error:
            self._note("heartbeat", self._after_beat_failed(waiting, error))
        else:
            self._spool.beat_arrived(waiting)
            self._arrived("heartbeat")

    def _arrived(self, kind: str) -> None:
        if self._failures:
            logger.info("The service takes news again.")
        self._failures = 0
        self._sayer.forget("service")
        self._note(kind, "sent")

    def _after_news_failed(self, news: WaitingNews, error: ServiceError) -> Outcome:
        shared = self._after_any_failed(news.camera, error)
        if shared is not None:
            return shared
        incident = news.incident
        if error.again:
            wait_s = self._wait_s(news.attempts)
            self._spool.put_off(news.row, self._clock() + wait_s)
            self._sayer.say(
                incident.id, logging.WARNING, "The service failed at %s: %s", incident.id, error
            )
            return "failed"
        if news.photo is not None and error.status in PHOTO_STATUSES:
            logger.warning("%s goes without its photo: %s", incident.id, error)
            self._spool.put_off(news.row, 0.0, bare=True)
            return "failed"
        words = f"{error.code}: {error}"
        self._spool.refuse(news.row, words)
        logger.error(
            "The service refused %s of camera %s, revision %d; it is set aside. %s",
            incident.id,
            news.camera,
            incident.revision,
            error,
        )
        return "refused"

    def _after_beat_failed(self, waiting: WaitingBeat, error: ServiceError) -> Outcome:
        camera = waiting.beat.camera
        shared = self._after_any_failed(camera, error)
        if shared is not None:
            return shared
        if error.status in PHOTO_STATUSES and waiting.beat.frame is not None:
            self._spool.drop_frame(camera)
            return "failed"
        # The next heartbeat says the same in a minute.
        self._spool.beat_arrived(waiting)
        self._sayer.say(
            f"beat {camera}",
            logging.WARNING,
            "The heartbeat of camera %s was not taken: %s",
            camera,
            error,
        )
        return "failed" if error.again else "refused"

    def _after_any_failed(self, camera: str, error: ServiceError) -> Outcome | None:
        """Do what does not depend on what was sent; None: this failure does."""
        if error.status in KEY_STATUSES or error.code == "redirected":
            self._rest_until = self._clock() + self._jittered(self._settings.mend_wait_s)
            self._sayer.say("service", logging.ERROR, "Nothing can be sent: %s", error)
            self._failures += 1
            return "denied"
        if error.again and (error.status is None or error.status in OVERLOAD_STATUSES):
            wait_s = self._rest(error.retry_after_s)
            self._sayer.say(
                "service",
                logging.WARNING,
                "News wait, the next try is in %.0f s: %s",
                wait_s,
                error,
            )
            return "failed"
        if error.status == 404:
            due_s = self._clock() + self._jittered(self._settings.mend_wait_s)
            self._spool.put_off_camera(camera, due_s)
            self._sayer.say(
                f"camera {camera}",
                logging.ERROR,
                "The service knows no camera %s in use, or not for this key: %s",
                camera,
                error,
            )
            return "unknown_camera"
        return None

    def _rest(self, asked_s: float | None = None) -> float:
        wait_s = max(self._wait_s(self._failures), asked_s or 0.0)
        self._failures += 1
        self._rest_until = self._clock() + wait_s
        return wait_s

    def _wait_s(self, failures: int) -> float:
        settings = self._settings
        return self._jittered(
            min(settings.first_wait_s * 2.0 ** min(failures, 30), settings.most_wait_s)
        )

    def _jittered(self, wait_s: float) -> float:
        return wait_s * (1 + self._settings.jitter * self._rng.random())
