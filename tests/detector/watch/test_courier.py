"""News arrive once, in order, however long the service is away and whatever it refuses."""

import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from detector.camera.fake_service import FakeService
from detector.camera.incident import Incident
from detector.camera.service import Answer, ServiceCameraState
from detector.errors import ServiceError
from detector.watch.courier import Courier, CourierSettings, Outcome
from detector.watch.spool import Spool
from detector.watch.state import Beat, News, WatchState

MakeIncident = Callable[..., Incident]
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
AWAY = ServiceError("unreachable", "It is away.", again=True)


class Time:
    """A clock that moves as the courier waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Drill:
    """A courier with a service that is told what to do, on a clock of its own."""

    def __init__(self, state: WatchState, service: FakeService | None = None) -> None:
        self.state = state
        self.spool = Spool(state)
        self.service = service or FakeService()
        self.time = Time()
        self.outcomes: list[tuple[str, Outcome]] = []
        self.courier = Courier(
            self.spool,
            self.service,
            clock=self.time,
            note=lambda kind, outcome: self.outcomes.append((kind, outcome)),
            rng=random.Random(7),
        )

    def play(self, seconds: float) -> None:
        until = self.time.now + seconds
        while self.time.now < until:
            self.time.now += min(max(self.courier.step(), 0.001), until - self.time.now)

    def spool_news(self, *incidents: Incident, photo: bytes | None = None) -> None:
        for one in incidents:
            self.state.save_camera(one.camera, None, [News(one, photo)])

    def sent(self) -> list[tuple[str, int]]:
        return [(one.id, one.revision) for one, _ in self.service.sent]


@pytest.fixture
def drill(state: WatchState) -> Drill:
    return Drill(state)


def test_after_ten_minutes_away_everything_arrives_once_and_in_order(
    drill: Drill, make_incident: MakeIncident
) -> None:
    drill.service.down = AWAY
    for number in range(20):
        drill.spool_news(make_incident(number), photo=b"photo %d" % number)
        drill.play(30)
        drill.spool_news(make_incident(number, 2))
    assert drill.sent() == []
    tries = drill.outcomes.count(("incident", "failed"))
    assert 8 <= tries <= 22  # About one a minute.
    drill.service.down = None
    drill.play(120)
    expected = [(f"inc-{number}", 1) for number in range(20)]
    assert [one for one in drill.sent() if one[1] == 1] == expected
    assert sorted(drill.sent()) == sorted(expected + [(one, 2) for one, _ in expected])
    assert drill.spool.depth().news == 0
    assert {photo for _, photo in drill.service.opened.values()} == {
        b"photo %d" % number for number in range(20)
    }


def test_news_sent_but_not_crossed_off_are_sent_again(
    drill: Drill, make_incident: MakeIncident
) -> None:
    drill.spool_news(make_incident())
    with drill.state.look() as db:
        db.execute("PRAGMA query_only = 1")
    drill.play(0.5)
    with drill.state.look() as db:
        db.execute("PRAGMA query_only = 0")
    drill.play(10)
    assert drill.sent() == [("inc-1", 1), ("inc-1", 1)]
    assert list(drill.service.incidents) == ["inc-1"]
    assert drill.spool.depth().news == 0


def test_a_service_that_asks_for_time_gets_it(drill: Drill, make_incident: MakeIncident) -> None:
    busy = ServiceError("busy", "Busy.", again=True, retry_after_s=500, status=503)
    drill.service.refusals.append(busy)
    drill.spool_news(make_incident())
    drill.play(490)
    assert drill.outcomes == [("incident", "failed")]
    drill.play(20)
    assert drill.sent() == [("inc-1", 1)]


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unauthenticated"), (403, "forbidden"), (307, "redirected")]
)
def test_a_key_that_is_refused_loses_nothing(
    drill: Drill,
    make_incident: MakeIncident,
    status: int,
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    drill.service.down = ServiceError(code, "Not with this key.", again=False, status=status)
    drill.spool_news(make_incident(1), make_incident(2))
    with caplog.at_level(logging.WARNING):
        drill.play(1200)
    assert set(drill.outcomes) == {("incident", "denied")}
    assert len(drill.outcomes) <= 5
    assert "Not with this key." in caplog.text
    assert 1 <= len(caplog.records) <= 3
    drill.service.down = None
    drill.play(600)
    assert drill.sent() == [("inc-1", 1), ("inc-2", 1)]


def test_a_camera_that_is_not_registered_holds_up_no_other(
    drill: Drill, make_incident: MakeIncident
) -> None:
    unknown = ServiceError("not_found", "There is no camera 'new'.", again=False, status=404)
    drill.service.refusals.append(unknown)
    drill.spool_news(
        make_incident(1, camera="new"), make_incident(2, camera="new"), make_incident(3)
    )
    drill.play(60)
    assert drill.sent() == [("inc-3", 1)]
    assert drill.outcomes[0] == ("incident", "unknown_camera")
    drill.play(600)
    assert drill.sent() == [("inc-3", 1), ("inc-1", 1), ("inc-2", 1)]


def test_one_incident_that_the_service_chokes_on_holds_up_itself_alone(
    drill: Drill, make_incident: MakeIncident
) -> None:
    choke = ServiceError("internal", "It broke.", again=True, status=500)
    drill.service.refusals.append(choke)
    drill.spool_news(make_incident(1, 1), make_incident(1, 2), make_incident(2))
    drill.play(0.5)
    assert drill.sent() == [("inc-2", 1)]
    drill.play(60)
    assert drill.sent() == [("inc-2", 1), ("inc-1", 1), ("inc-1", 2)]


def test_what_is_refused_for_good_is_set_aside_with_the_reason(
    drill: Drill, make_incident: MakeIncident, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = ServiceError("unknown_label", "There is no such label.", again=False, status=422)
    drill.service.refusals.append(refusal)
    drill.spool_news(make_incident(1), make_incident(2))
    drill.play(60)
    assert drill.sent() == [("inc-2", 1)]
    assert drill.outcomes == [("incident", "refused"), ("incident", "sent")]
    assert drill.spool.refused() == (("inc-1", 1, "unknown_label: There is no such label."),)
    assert "inc-1" in caplog.text


@pytest.mark.parametrize("status", [413, 415, 422])
def test_a_photo_that_is_not_taken_costs_the_photo_alone(
    drill: Drill, make_incident: MakeIncident, status: int
) -> None:
    drill.service.refusals.append(ServiceError("corrupt", "No photo.", again=False, status=status))
    drill.spool_news(make_incident(), photo=b"not a photo")
    drill.play(60)
    assert drill.service.sent == [(make_incident(), None)]


def test_heartbeats_and_news_do_not_wait_behind_each_other(
    drill: Drill, make_incident: MakeIncident
) -> None:
    for number in range(10):
        drill.spool_news(make_incident(number))
        beat = Beat(f"cam {number}", "live", AT + timedelta(seconds=number), b"frame")
        drill.state.save_camera(beat.camera, None, beat=beat)
    for _ in range(6):
        drill.courier.step()
    assert len(drill.service.sent) == len(drill.service.heartbeats) == 3
    drill.play(60)
    assert [one.camera for one in drill.service.heartbeats] == [f"cam {n}" for n in range(10)]
    assert drill.service.heartbeats[0].frame == b"frame"


def test_a_heartbeat_that_is_refused_is_not_kept(drill: Drill) -> None:
    refusal = ServiceError("odd", "Odd.", again=False, status=422)
    drill.service.refusals.extend([refusal, refusal])
    drill.state.save_camera("cam", None, beat=Beat("cam", "live", AT, b"no frame"))
    drill.play(60)
    assert drill.outcomes == [("heartbeat", "failed"), ("heartbeat", "refused")]
    assert drill.spool.depth().heartbeats == 0


def test_a_spool_that_cannot_be_read_is_tried_again(
    drill: Drill, make_incident: MakeIncident, caplog: pytest.LogCaptureFixture
) -> None:
    drill.spool_news(make_incident())
    with drill.state.change() as db:
        db.execute("ALTER TABLE news RENAME TO away")
    drill.play(100)
    with drill.state.change() as db:
        db.execute("ALTER TABLE away RENAME TO news")
    drill.play(100)
    assert drill.sent() == [("inc-1", 1)]
    assert "spool cannot be used" in caplog.text


def test_waits_grow_to_their_bound_and_differ_by_chance(
    drill: Drill, make_incident: MakeIncident
) -> None:
    drill.service.down = AWAY
    drill.spool_news(make_incident())
    waits: list[float] = []
    tried_at = drill.time.now
    while len(waits) < 13:
        tries = len(drill.outcomes)
        drill.play(0.01)
        if len(drill.outcomes) > tries:
            waits.append(drill.time.now - tried_at)
            tried_at = drill.time.now
    bounds = [min(2.0**n, CourierSettings().most_wait_s) for n in range(12)]
    for wait_s, bound in zip(waits[1:], bounds, strict=True):
        assert bound <= wait_s <= bound * 1.25 + 0.05
    assert len({round(wait_s, 1) for wait_s in waits[-5:]}) > 1


class Choking(FakeService):
    """Is gone for a moment whenever it gets certain photos, as when a worker dies of them."""

    def __init__(self, status: int | None, *poison: bytes) -> None:
        super().__init__()
        self.error = ServiceError("gone", "It is gone.", again=True, status=status)
        self.poison = poison
        self.choked = 0

    def _taste(self, photo: bytes | None) -> None:
        if photo in self.poison:
            self.choked += 1
            raise self.error

    def send_incident(self, news: Incident, photo: bytes | None = None) -> Answer:
        self._taste(photo)
        return super().send_incident(news, photo)

    def send_heartbeat(
        self,
        camera: str,
        state: ServiceCameraState,
        at: datetime | None = None,
        frame: bytes | None = None,
    ) -> None:
        self._taste(frame)
        super().send_heartbeat(camera, state, at, frame)


def play_minutes(drill: Drill, minutes: int, *, cameras: int = 5) -> None:
    """Play on, with a heartbeat of each camera a minute."""
    for _ in range(minutes):
        for number in range(cameras):
            beat = Beat(f"cam {number}", "live", AT + timedelta(seconds=drill.time.now))
            drill.state.save_camera(beat.camera, None, beat=beat)
        drill.play(60)


@pytest.mark.parametrize("status", [None, 502, 504])
def test_photos_that_the_service_dies_of_hold_up_nothing_else(
    state: WatchState, make_incident: MakeIncident, status: int | None
) -> None:
    service = Choking(status, b"poison 1", b"poison 2")
    drill = Drill(state, service)
    drill.spool_news(make_incident(1), photo=b"poison 1")
    drill.spool_news(make_incident(2), photo=b"poison 2")
    for number in range(3, 30):
        drill.spool_news(make_incident(number))
    play_minutes(drill, 3)
    assert drill.sent() == [(f"inc-{number}", 1) for number in range(3, 30)]
    choked = service.choked
    play_minutes(drill, 30)
    assert service.choked - choked <= 2 * 35  # Once a minute each.
    service.poison = ()
    play_minutes(drill, 3)
    assert drill.spool.depth().news == 0


def test_a_service_without_room_for_photos_is_not_hammered_and_hears_of_all_cameras(
    state: WatchState, make_incident: MakeIncident
) -> None:
    service = Choking(507, b"photo")
    drill = Drill(state, service)
    for number in range(200):
        drill.spool_news(make_incident(number), photo=b"photo")
    play_minutes(drill, 30, cameras=60)
    assert service.choked <= 40
    assert len(service.heartbeats) == 30 * 60


def test_a_heartbeat_that_the_service_dies_of_goes_without_its_frame(state: WatchState) -> None:
    service = Choking(502, b"poison")
    drill = Drill(state, service)
    drill.state.save_camera("cam 3", None, beat=Beat("cam 3", "live", AT, b"poison"))
    play_minutes(drill, 4)
    sent = [one.camera for one in service.heartbeats]
    assert {camera: sent.count(camera) for camera in sent} == {
        **dict.fromkeys(("cam 0", "cam 1", "cam 2"), 4),
        **dict.fromkeys(("cam 3", "cam 4"), 3),  # A minute passes before it is known.
    }
