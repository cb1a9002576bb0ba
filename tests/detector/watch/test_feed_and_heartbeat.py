"""The newest frame is looked at, and a camera's state is told when it is due."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from detector.camera.frames import Frame
from detector.camera.live import Outage
from detector.watch.feed import Feed
from detector.watch.heartbeat import Heartbeats

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def make_frame(number: float) -> Frame:
    luma = np.zeros((48, 64), np.uint8)
    return Frame("cam", number, AT, luma, lambda: np.full((48, 64, 3), 200, np.uint8))


def make_outage(attempt: int = 1) -> Outage:
    return Outage("ended", "It ended.", 1.0, attempt, 1.0, AT)


class Script:
    """A stream that gives what it is told, and tells when all was taken from it."""

    def __init__(self, *items: Frame | Outage | Exception) -> None:
        self._items = items
        self.given = threading.Event()
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Frame | Outage]:
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            yield item
        self.given.set()
        self.closed.wait(30)

    def close(self) -> None:
        self.closed.set()


def numbers_of(items: list[Frame | Outage | None]) -> list[float | str | None]:
    return [
        one.timestamp_s if isinstance(one, Frame) else one.code if one else None for one in items
    ]


def test_only_the_newest_frame_waits_and_the_others_are_counted() -> None:
    stream = Script(make_frame(1), make_frame(2), make_outage(), make_frame(3), make_frame(4))
    with Feed(stream, "cam") as feed:
        assert stream.given.wait(30)
        assert numbers_of([feed.take(0), feed.take(0), feed.take(0)]) == ["ended", 4.0, None]
        assert (feed.pop_dropped(), feed.pop_dropped()) == (3, 0)
        assert not feed.ended
    assert stream.closed.is_set()
    assert feed.ended


def test_a_newer_frame_ends_the_outages_before_it() -> None:
    stream = Script(make_outage(), make_frame(1), make_outage(2))
    with Feed(stream, "cam") as feed:
        assert stream.given.wait(30)
        assert numbers_of([feed.take_newest(), feed.take_newest()]) == [1.0, None]
        assert numbers_of([feed.take(0)]) == ["ended"]


def test_outages_do_not_pile_up() -> None:
    stream = Script(*(make_outage(number) for number in range(100)))
    with Feed(stream, "cam") as feed:
        assert stream.given.wait(30)
        taken = 0
        while feed.take(0) is not None:
            taken += 1
        assert taken == 8


def test_a_lossless_feed_gives_every_frame() -> None:
    stream = Script(*(make_frame(number) for number in range(50)))
    with Feed(stream, "cam", lossless=True) as feed:
        taken: list[Frame | Outage | None] = []
        while len(taken) < 50:
            assert feed.take_newest() is None
            taken.append(feed.take(30))
        assert numbers_of(taken) == [float(number) for number in range(50)]
        assert feed.pop_dropped() == 0


def test_what_a_stream_raises_is_raised_to_who_looks() -> None:
    with Feed(Script(make_frame(1), RuntimeError("odd")), "cam") as feed:
        assert numbers_of([feed.take(30)]) == [1.0]
        with pytest.raises(RuntimeError, match="odd"):
            feed.take(30)


def test_a_stream_that_broke_is_not_over_before_it_was_said() -> None:
    with Feed(Script(RuntimeError("odd")), "cam") as feed:
        feed._thread.join(30)
        assert not feed.ended
        with pytest.raises(RuntimeError, match="odd"):
            feed.take(30)
        assert feed.ended


def test_a_feed_tells_how_long_its_stream_was_silent() -> None:
    now = [100.0]
    stream = Script(make_outage())
    with Feed(stream, "cam", clock=lambda: now[0]) as feed:
        assert stream.given.wait(30)
        now[0] = 130
        assert feed.silent_s == 30


@pytest.fixture
def clock() -> list[float]:
    return [5000.0]


@pytest.fixture
def make_beats(clock: list[float]) -> Callable[[], Heartbeats]:
    return lambda: Heartbeats("cam", clock=lambda: clock[0], now=lambda: AT)


def test_a_camera_beats_once_a_minute_with_a_frame_each_hour(
    make_beats: Callable[[], Heartbeats], clock: list[float]
) -> None:
    beats = make_beats()
    assert beats.next("live") is None  # Nothing is known of it yet.
    told = []
    for second in range(7300):
        clock[0] = 5000 + second
        beats.saw_frame(make_frame(second))
        if (beat := beats.next("live")) is not None:
            told.append((second, beat.frame is not None))
    assert [second for second, _ in told] == list(range(0, 7300, 60))
    assert [second for second, framed in told if framed] == [0, 3600, 7200]


def test_a_change_is_told_at_once_with_what_the_camera_shows(
    make_beats: Callable[[], Heartbeats], clock: list[float]
) -> None:
    beats = make_beats()
    beats.saw_frame(make_frame(0))
    beats.next("live")
    clock[0] += 1
    beat = beats.next("black")
    assert beat is not None
    assert (beat.camera, beat.state, beat.at) == ("cam", "black", AT)
    assert beat.frame is not None
    shown = cv2.imdecode(np.frombuffer(beat.frame, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (48, 64, 3)
    assert beats.next("black") is None


def test_offline_is_told_after_a_while_and_without_a_frame(
    make_beats: Callable[[], Heartbeats], clock: list[float]
) -> None:
    beats = make_beats()
    beats.saw_frame(make_frame(0))
    beats.next("live")
    beats.saw_outage()
    clock[0] += 19
    beats.saw_outage()
    assert beats.next("live") is None
    clock[0] += 2
    beat = beats.next("live")
    assert beat is not None
    assert (beat.state, beat.frame) == ("offline", None)
    beats.saw_frame(make_frame(1))
    beat = beats.next("live")
    assert beat is not None
    assert beat.state == "live"
    assert beat.frame is not None


def test_a_short_outage_is_not_worth_a_word(
    make_beats: Callable[[], Heartbeats], clock: list[float]
) -> None:
    beats = make_beats()
    beats.saw_frame(make_frame(0))
    beats.next("live")
    for _ in range(30):
        beats.saw_outage()
        clock[0] += 15
        beats.saw_frame(make_frame(1))
        beat = beats.next("live")
        assert beat is None or beat.state == "live"


def test_a_camera_that_never_answered_is_offline(
    make_beats: Callable[[], Heartbeats], clock: list[float]
) -> None:
    beats = make_beats()
    beats.saw_outage()
    assert beats.next("live") is None
    clock[0] += 20
    beat = beats.next("live")
    assert beat is not None
    assert beat.state == "offline"
