"""From packets of one connection to frames, without a network."""

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detector.camera.live_connection import Arrival
from detector.camera.live_picker import BEHIND_S
from detector.camera.live_reader import Reader
from detector.camera.sampling import Sampling

START = datetime(2026, 7, 1, tzinfo=UTC)
RATE = 10


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.now_s += timeout_s
        return event.is_set()


class Playback:
    """A connection that plays files, one after the other, at their rate."""

    has_times = True
    is_ahead = False

    def __init__(self, clock: HandClock, paths: list[Path], stall: tuple[int, float]) -> None:
        import av

        self._clock, self._stall = clock, stall
        self._files = [av.open(str(path)) for path in paths]
        self.stream = self._files[0].streams.video[0]

    def arrivals(self) -> Iterator[Arrival]:
        packets = (packet for file in self._files for packet in file.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            if number == self._stall[0]:
                self._clock.now_s += self._stall[1]
            waited_s = max(0.0, number / RATE - self._clock.now_s)
            self._clock.now_s += waited_s
            yield Arrival(packet, waited_s)


def play(paths: list[Path], sampling: Sampling, stall: tuple[int, float] = (-1, 0.0)) -> Any:
    clock = HandClock()
    connection: Any = Playback(clock, paths, stall)
    reader = Reader("camera", sampling, clock, threading.Event(), paced=True)
    return list(reader.frames(connection, 0.0))


def test_pictures_from_before_a_stall_are_not_given_out_after_it(
    tmp_path: Path, write_video: Callable[..., Path], read_number: Callable[..., int]
) -> None:
    path = write_video(tmp_path / "a.ts", seconds=30, rate=RATE, gop=10, bframes=3)
    ages_s = [
        (frame.captured_at - START).total_seconds() - read_number(frame.luma) / RATE
        for frame in play([path], Sampling(0.5), stall=(55, 6.5))
    ]
    assert len(ages_s) > 20
    assert max(ages_s) < BEHIND_S


def test_a_clock_that_goes_back_does_not_blind_a_camera_with_b_frames(
    tmp_path: Path, write_video: Callable[..., Path]
) -> None:
    before = [1000 + n / RATE for n in range(60)]
    after = [n / RATE for n in range(300)]
    paths = [
        write_video(tmp_path / f"{name}.ts", timestamps=times_s, gop=10, bframes=3)
        for name, times_s in (("a", before), ("b", after))
    ]
    times_s = [frame.timestamp_s for frame in play(paths, Sampling(0.5, "never"))]
    assert max(b - a for a, b in itertools.pairwise(times_s)) < 1
    assert times_s[-1] > 35
