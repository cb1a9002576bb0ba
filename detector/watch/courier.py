"""Takes news to the service, for as long as it takes: hours or days.

What cannot pass for anybody (no connection, a busy service, a key that is refused) makes the
courier rest; what concerns one camera or one incident holds up that one alone, even where it only
looks as if the service was away.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final, Literal

from detector.camera.service import Service
from detector.errors import OutputError, ServiceError
from detector.watch.patience import CourierSettings, Kind, Patience
from detector.watch.saying import Sayer
from detector.watch.spool import Spool, WaitingBeat, WaitingNews

__all__ = ["Courier", "CourierSettings", "Outcome"]

logger = logging.getLogger(__name__)

Outcome = Literal["sent", "failed", "denied", "unknown_camera", "refused"]
"""sent: taken; failed: to be tried again; denied: the key or the address is not right, tried again
later; unknown_camera: the service knows no such camera, tried again later; refused: final."""

KEY_STATUSES: Final = frozenset({401, 403})
PHOTO_STATUSES: Final = frozenset({413, 415, 422})
"""Such an answer may be about the photo: the news are worth more than it."""
KINDS: Final[tuple[Kind, ...]] = ("heartbeat", "incident")
OVERLOAD_STATUSES: Final = frozenset({408, 425, 429, 502, 503, 504, 507})
"""Such an answer is about the service as a whole, any other failure about what was sent."""


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
        self._patience = Patience(self._settings, clock, rng or random.Random())
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
        try:
            sent = self._send_next(self._clock())
        except OutputError as error:
            # What was sent but could not be crossed off is sent again: that is harmless.
            self._sayer.say("spool", logging.ERROR, "The spool cannot be used: %s", error)
            for kind in KINDS:
                self._patience.rest(kind)
            sent = False
        if sent:
            return 0.0
        rests = [self._patience.left_s(kind) for kind in KINDS]
        return min(rests) if all(rests) else self._settings.idle_s

    def _send_next(self, now: float) -> bool:
        """Send news and heartbeats in turn: neither waits behind a backlog of the other."""
        self._beats_turn = not self._beats_turn
        for kind in KINDS if self._beats_turn else reversed(KINDS):
            if self._patience.left_s(kind) > 0:
                continue
            if kind == "heartbeat" and (beat := self._spool.next_beat(now)) is not None:
                self._send_beat(beat)
                return True
            if kind == "incident" and (news := self._spool.next_news(now)) is not None:
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
            self._arrived("incident", news.row)
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
            self._arrived("heartbeat", beat.camera)

    def _arrived(self, kind: Kind, thing: int | str) -> None:
        if self._patience.arrived(kind, thing):
            logger.info("The service takes news again: %s.", kind)
        self._sayer.forget("service")
        self._note(kind, "sent")

    def _after_news_failed(self, news: WaitingNews, error: ServiceError) -> Outcome:
        incident = news.incident
        blamed = _may_blame(error) and self._patience.is_to_blame(news.row)
        shared = None if blamed else self._after_any_failed("incident", news.camera, error)
        if shared is not None:
            return shared
        if error.again:
            patience = self._patience
            wait_s = patience.blame("incident") if blamed else patience.wait_s(news.attempts)
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
        blamed = _may_blame(error) and self._patience.is_to_blame(camera)
        shared = None if blamed else self._after_any_failed("heartbeat", camera, error)
        if shared is not None:
            return shared
        if blamed:
            self._patience.blame("heartbeat")
        if waiting.beat.frame is not None and (blamed or error.status in PHOTO_STATUSES):
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

    def _after_any_failed(self, kind: Kind, camera: str, error: ServiceError) -> Outcome | None:
        """Do what does not depend on what was sent; None: this failure does."""
        if error.status in KEY_STATUSES or error.code == "redirected":
            self._patience.rest_all(self._patience.mend_s())
            self._sayer.say("service", logging.ERROR, "Nothing can be sent: %s", error)
            return "denied"
        if _looks_away(error):
            wait_s = self._patience.rest(kind, error.retry_after_s or 0.0)
            self._sayer.say(
                "service",
                logging.WARNING,
                "News wait, the next try is in %.0f s: %s",
                wait_s,
                error,
            )
            return "failed"
        if error.status == 404:
            self._spool.put_off_camera(camera, self._clock() + self._patience.mend_s())
            self._sayer.say(
                f"camera {camera}",
                logging.ERROR,
                "The service knows no camera %s in use, or not for this key: %s",
                camera,
                error,
            )
            return "unknown_camera"
        return None


def _looks_away(error: ServiceError) -> bool:
    """Tell whether a failure is of the service as a whole, as far as it shows."""
    return error.again and (error.status is None or error.status in OVERLOAD_STATUSES)


def _may_blame(error: ServiceError) -> bool:
    """Tell whether such a failure may come of what was sent; a wish for time does not."""
    return _looks_away(error) and error.status != 429 and error.retry_after_s is None
