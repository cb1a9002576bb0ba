"""A live stream outlives its camera's failures."""

import contextlib
import itertools
import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av", reason="the extra 'camera' is not installed")

from detector.camera import live_reader
from detector.camera.frames import Frame
from detector.camera.live import LiveSettings, LiveStream, Outage
from detector.camera.live_mailbox import NOTES_KEPT
from detector.camera.live_times import SystemClock
from detector.camera.sampling import Sampling
from detector.errors import StreamError
from tests.detector.camera.rtsp_server import RtspServer, Scene, load_scene

RATE = 20
EVERY_S = 0.2
LIMIT_S = 60.0
"""A test that waits so long has failed; none of them takes a tenth of it."""
SETTINGS = LiveSettings(
    Sampling(every_s=EVERY_S),
    open_timeout_s=5,
    read_timeout_s=5,
    backoff_first_s=0.05,
    backoff_most_s=0.4,
)


class NoChance(random.Random):
    """Waits are as long as they can be."""

    def random(self) -> float:
        return 0.0


class NoWaiting(SystemClock):
    """Waits take no time."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        assert timeout_s > 0
        return event.wait(0.01)


@pytest.fixture(scope="module")
def make_scene(
    write_video: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Scene]:
    """Make a scene; its pictures say their numbers."""

    def make(gop: int = 4, seconds: float = 4, wh: tuple[int, int] = (96, 64)) -> Scene:
        path = tmp_path_factory.mktemp("scene") / "scene.mp4"
        return load_scene(write_video(path, seconds=seconds, rate=RATE, gop=gop, wh=wh), RATE)

    return make


@pytest.fixture(scope="module")
def scene(make_scene: Callable[..., Scene]) -> Scene:
    return make_scene()


@contextlib.contextmanager
def watching(
    url: str, settings: LiveSettings = SETTINGS
) -> Iterator[tuple[LiveStream, Iterator[Any]]]:
    """Watch, and give up at some time, so that a failing test ends."""
    stream = LiveStream(url, settings, rng=NoChance())
    guard = threading.Timer(LIMIT_S, stream.close)
    guard.start()
    try:
        yield stream, iter(stream)
    finally:
        guard.cancel()
        stream.close(wait_s=10)


def frames(items: Iterator[Any], count: int) -> list[Frame]:
    """Return the next frames, whatever comes between."""
    return list(itertools.islice((one for one in items if isinstance(one, Frame)), count))


def outage(items: Iterator[Any], code: str = "") -> Outage:
    """Return the next outage, of a kind."""
    return next(one for one in items if isinstance(one, Outage) and code in ("", one.code))


def lasted_s(seen: list[Frame]) -> float:
    """Return the seconds between the first and the last frame's arrival."""
    first, last = seen[0].captured_at, seen[-1].captured_at
    assert first is not None
    assert last is not None
    return (last - first).total_seconds()


def assert_forward(seen: list[Frame]) -> None:
    for one, after in itertools.pairwise(seen):
        assert after.timestamp_s > one.timestamp_s
        assert one.captured_at is not None
        assert after.captured_at is not None
        assert after.captured_at >= one.captured_at


def test_frames_of_a_camera(scene: Scene, read_number: Callable[..., int]) -> None:
    with RtspServer(scene) as server, watching(server.url()) as (stream, items):
        seen = frames(items, 10)

    assert_forward(seen)
    assert {one.source for one in seen} == {stream.source} == {server.url()}
    assert seen[0].wh == (96, 64)
    assert seen[0].image().shape == (64, 96, 3)
    # Key frames are as frequent as samples, so once that is known they alone are decoded.
    assert [read_number(one.luma) % 4 for one in seen[5:]] == [0] * 5


def test_all_frames_are_decoded_where_key_frames_are_rare(
    make_scene: Callable[..., Scene], read_number: Callable[..., int]
) -> None:
    with RtspServer(make_scene(gop=40)) as server, watching(server.url()) as (_, items):
        numbers = [read_number(one.luma) for one in frames(items, 8)]

    steps = [(b - a) % 80 for a, b in itertools.pairwise(numbers)]
    assert all(4 <= step < 40 for step in steps)


def test_a_camera_that_comes_up_later_is_found(scene: Scene) -> None:
    server = RtspServer(scene)
    server.stop()
    with watching(server.url()) as (_, items):
        first, second = outage(items), outage(items)
        with RtspServer(scene, port=server.port):
            seen = frames(items, 2)

    assert (first.code, first.attempt, second.attempt) == ("unreadable", 1, 2)
    assert "refused the connection" in first.message
    assert second.since_s > first.since_s
    assert len(seen) == 2


def test_a_camera_that_is_restarted_goes_on(scene: Scene) -> None:
    server = RtspServer(scene)
    with watching(server.url()) as (_, items):
        before = frames(items, 4)
        server.stop()
        tries = [outage(items) for _ in range(5)]
        with RtspServer(scene, port=server.port) as again:
            after = frames(items, 1)
            while lasted_s(after) < 2 * SETTINGS.backoff_most_s:
                after += frames(items, 1)
            again.stop()
            lost_again = outage(items)

    assert [one.attempt for one in tries] == [0, 1, 2, 3, 4]
    assert [one.retry_in_s for one in tries] == [0.05, 0.1, 0.2, 0.4, 0.4]
    assert tries[0].code == "ended"
    assert_forward(before + after)
    assert (lost_again.attempt, lost_again.retry_in_s) == (0, 0.05)


def test_a_camera_that_falls_over_after_each_call_is_called_less_and_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def watch(stream: LiveStream, *_: object) -> None:
        stream._attempt = 0  # A frame came, and no more.
        raise StreamError("ended", "It ended.")

    monkeypatch.setattr(LiveStream, "_watch", watch)
    settings = replace(SETTINGS, backoff_first_s=5.0, backoff_most_s=80.0)
    with LiveStream("rtsp://h/", settings, rng=NoChance(), clock=NoWaiting()) as stream:
        items = iter(stream)
        waits = [outage(items).retry_in_s for _ in range(6)]

    assert waits == [5, 10, 20, 40, 80, 80]


def test_a_camera_that_falls_silent_is_called_again(scene: Scene) -> None:
    with (
        RtspServer(scene) as server,
        watching(server.url(), replace(SETTINGS, read_timeout_s=1)) as (_, items),
    ):
        before = frames(items, 3)
        server.frozen.set()
        silent = outage(items)
        server.frozen.clear()
        after = frames(items, 3)

    assert (silent.code, silent.attempt) == ("timed_out", 0)
    assert silent.since_s >= 0.9
    assert_forward(before + after)
    assert server.requests.count("PLAY") >= 2


def test_a_camera_that_takes_the_call_and_says_nothing_times_out(scene: Scene) -> None:
    with (
        RtspServer(scene) as server,
        watching(server.url(), replace(SETTINGS, open_timeout_s=1)) as (_, items),
    ):
        server.silent.set()
        silent = outage(items)
        server.silent.clear()
        assert len(frames(items, 1)) == 1

    assert (silent.code, silent.attempt) == ("timed_out", 1)


def test_closing_ends_the_iteration_while_a_read_hangs(scene: Scene) -> None:
    settings = replace(SETTINGS, read_timeout_s=5)
    with RtspServer(scene) as server:
        stream = LiveStream(server.url(), settings)
        looking, done = threading.Event(), threading.Event()

        def look() -> None:
            for _ in stream:
                server.frozen.set()
                looking.set()
            done.set()

        threading.Thread(target=look, daemon=True).start()
        assert looking.wait(LIMIT_S)
        stream.close()
        # Well before the read that hangs comes back.
        assert done.wait(4)
        assert list(stream) == []
        stream.close(wait_s=LIMIT_S)
        assert stream._thread is not None
        assert not stream._thread.is_alive()


def test_closing_ends_a_long_wait() -> None:
    server = RtspServer(Scene((), 1))
    server.stop()
    stream = LiveStream(server.url(), replace(SETTINGS, backoff_first_s=3600, backoff_most_s=3600))
    assert isinstance(next(iter(stream)), Outage)
    stream.close(wait_s=LIMIT_S)

    assert stream._thread is not None
    assert not stream._thread.is_alive()


def test_a_slow_consumer_gets_the_newest_frame(scene: Scene) -> None:
    with RtspServer(scene) as server, watching(server.url()) as (stream, items):
        (first,) = frames(items, 1)
        pause = threading.Event()
        for _ in range(600):
            if stream.replaced >= 8:
                break
            pause.wait(0.1)
        assert len(stream._box._items) <= 1 + NOTES_KEPT
        (newest,) = frames(items, 1)

    assert stream.replaced >= 8
    assert newest.timestamp_s - first.timestamp_s >= 8 * EVERY_S * 0.9


@pytest.mark.parametrize("jump_s", [5000.0, -3.0])
def test_a_camera_whose_clock_jumps(scene: Scene, jump_s: float) -> None:
    with RtspServer(scene) as server, watching(server.url()) as (_, items):
        before = frames(items, 6)
        server.clock_jump_s = jump_s
        after = frames(items, 6)

    assert_forward(before + after)
    # The stream's clock and ours agree again: the jump is not in the times.
    assert after[-1].timestamp_s - before[-1].timestamp_s < 60


def test_a_camera_that_changes_its_resolution(make_scene: Callable[..., Scene]) -> None:
    with RtspServer(make_scene()) as server, watching(server.url()) as (_, items):
        assert frames(items, 3)[-1].wh == (96, 64)
        server.scene = make_scene(wh=(160, 96))
        seen = frames(items, 6)

    assert seen[-1].wh == (160, 96)
    assert seen[-1].image().shape == (96, 160, 3)


def test_a_damaged_stream_heals(scene: Scene, read_number: Callable[..., int]) -> None:
    with RtspServer(scene) as server, watching(server.url()) as (_, items):
        frames(items, 4)
        server.garbage.set()
        for _ in range(10):
            threading.Event().wait(0.05)
        server.garbage.clear()
        healed = frames(items, 5)[-1]

    assert read_number(healed.luma) % 4 == 0


def test_a_stream_without_a_picture_that_can_be_decoded_is_an_outage(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_reader, "BARREN_S", 0.5)
    with RtspServer(scene) as server, watching(server.url()) as (_, items):
        frames(items, 2)
        server.garbage.set()
        barren = outage(items)

    assert barren.code == "corrupt"


def test_a_password_is_told_to_the_camera_alone(
    scene: Scene, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    words = []
    login, wrong = ("admin", "Zx9-pass"), ("admin", "Zx9-wrong")
    with RtspServer(scene, login=login) as server, watching(server.url(login=login)) as watched:
        stream, items = watched
        words += [repr(one) for one in frames(items, 2)]
        server.stop()
        words += [repr(outage(items)) for _ in range(3)]
        words += [repr(stream), stream.source, *(one.name for one in threading.enumerate())]
    with RtspServer(scene, login=login) as server, watching(server.url(login=wrong)) as watched:
        refused = outage(watched[1])
    for url in ("foo://admin:Zx9-a@h/", "rtsp://admin:Zx9@nowhere.invalid/", "/no/such/Zz.mp4"):
        with watching(url) as (_, items):
            words.append(repr(outage(items)))
    words += [repr(refused), caplog.text, *capfd.readouterr()]

    assert refused.code == "unreadable"
    assert "password" in refused.message
    assert not [text for text in words if "Zx9" in text or "admin" in text]


def test_a_camera_that_refuses_a_password_is_not_pressed(scene: Scene) -> None:
    settings = replace(SETTINGS, backoff_first_s=0.01, backoff_most_s=50)
    with (
        RtspServer(scene, login=("a", "b")) as server,
        watching(server.url(login=("a", "c")), settings) as (_, items),
    ):
        assert outage(items).retry_in_s == 50


def test_a_file_is_played_again_and_again_in_one_timeline(
    write_video: Callable[..., Path], tmp_path: Path, read_number: Callable[..., int]
) -> None:
    path = write_video(tmp_path / "a:b.mp4", seconds=4, rate=10, gop=40)
    settings = replace(SETTINGS, sampling=Sampling(every_s=0.5), paced=False)
    with watching(str(path), settings) as (_, items):
        first = [one for one in itertools.takewhile(lambda one: isinstance(one, Frame), items)]
        second = frames(items, 8)

    assert [read_number(one.luma) for one in first] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert [one.timestamp_s for one in first] == pytest.approx([n / 2 for n in range(8)])
    assert first[0].captured_at is not None
    assert_forward(first + second)


def test_a_file_is_played_in_its_own_time(write_video: Callable[..., Path], tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", seconds=3, rate=10, gop=5)
    with watching(str(path), replace(SETTINGS, sampling=Sampling(every_s=0.5))) as (stream, items):
        seen = [one for one in itertools.takewhile(lambda one: isinstance(one, Frame), items)]

    # On a busy machine a newer frame may replace one that was not taken yet, also the first.
    assert 2 <= len(seen) == 6 - stream.replaced
    assert lasted_s(seen) >= 2.2 - 0.5 * stream.replaced


def test_text_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with watching(str(path)) as (_, items):
        assert outage(items).code == "not_a_video"
