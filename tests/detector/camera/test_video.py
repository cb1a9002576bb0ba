"""Videos that are as they should be."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from detector.camera.frames import Frame
from detector.camera.sampling import Sampling, Span
from detector.camera.video import (
    StreamProblem,
    parse_created_at,
    probe_video,
    read_frame_at,
    read_video,
)
from detector.errors import StreamError

SHARED_VIDEO = Path(__file__).parents[4] / "shared" / "video"

Writer = Callable[..., Path]
NumberReader = Callable[[npt.NDArray[np.uint8]], int]

FORMS: dict[str, dict[str, Any]] = {
    "h264.mp4": {},
    "h264-b.mp4": {"bframes": 2},
    "h264.ts": {"bframes": 2},
    "h264.mkv": {"bframes": 2},
    "h264.flv": {},
    "h264.avi": {},
    "h265.mp4": {"codec": "libx265", "bframes": 2},
    "h265.ts": {"codec": "libx265"},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "mjpeg.mkv": {"codec": "mjpeg", "pixels": "yuvj422p"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg4.mp4": {"codec": "mpeg4"},
    "sorenson.flv": {"codec": "flv"},
    "bare.h264": {},
    "bare.h265": {"codec": "libx265"},
    "ten-bit.mp4": {"pixels": "yuv420p10le"},
    "chroma.mkv": {"pixels": "yuv444p"},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
}


def read_all(path: Path, sampling: Sampling, span: Span | None = None) -> list[Frame]:
    problems: list[StreamProblem] = []
    frames = list(read_video(path, sampling, span, report=problems.append))
    assert problems == []
    return frames


@pytest.mark.parametrize("name", FORMS)
def test_each_coding_in_each_container(
    name: str, tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    path = write_video(tmp_path / name, seconds=4, rate=10, gop=10, **FORMS[name])
    facts = probe_video(path)
    assert facts.wh == (96, 64)
    assert facts.rotation_deg == 0
    if not name.startswith("bare"):
        assert facts.duration_s == pytest.approx(4.0, abs=0.11)
        assert facts.frame_rate == pytest.approx(10)
    for every_s, step in ((0.1, 1), (0.5, 5), (1.0, 10), (2.0, 20)):
        frames = read_all(path, Sampling(every_s))
        assert [read_number(frame.luma) for frame in frames] == list(range(0, 40, step))
        times_s = [frame.timestamp_s for frame in frames]
        assert times_s == pytest.approx([n / 10 for n in range(0, 40, step)], abs=0.001)


def test_a_frame_has_brightness_and_colours(tmp_path: Path, write_video: Writer) -> None:
    def draw(_index: int) -> npt.NDArray[np.uint8]:
        picture = np.zeros((66, 98, 3), np.uint8)
        picture[:, :49] = (40, 60, 200)
        picture[:, 49:] = (200, 90, 30)
        return picture

    path = write_video(tmp_path / "a.mp4", seconds=1, wh=(98, 66), draw=draw)
    at = datetime(2026, 5, 1, tzinfo=UTC)
    frame = read_all(path, Sampling(0.5))[1]
    assert (frame.source, frame.captured_at, frame.wh) == (str(path), None, (98, 66))
    frame = read_frame_at(path, 0.5, at, source="cam/a.mp4")
    assert frame.source == "cam/a.mp4"
    assert frame.captured_at == datetime(2026, 5, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    image = frame.image()
    assert image.shape == (66, 98, 3)
    assert image.dtype == np.uint8
    assert np.abs(image[:, :44].mean((0, 1)) - (40, 60, 200)).max() < 6
    assert np.abs(image[:, 54:].mean((0, 1)) - (200, 90, 30)).max() < 6
    assert not frame.luma.flags.writeable
    assert not image.flags.writeable
    # BT.601, limited range: 16 + 219/255 × (0.299 R + 0.587 G + 0.114 B).
    assert abs(float(frame.luma[:, :44].mean()) - (16 + 219 / 255 * 99.6)) < 3


@pytest.mark.parametrize(("pixels", "name"), [("yuv420p10le", "a.mp4"), ("yuv444p", "a.mkv")])
def test_other_pixel_forms_have_the_same_brightness(
    pixels: str, name: str, tmp_path: Path, write_video: Writer
) -> None:
    plain = write_video(tmp_path / "plain.mp4", seconds=1)
    other = write_video(tmp_path / name, seconds=1, pixels=pixels)
    first, second = read_frame_at(plain, 0.0).luma, read_frame_at(other, 0.0).luma
    assert np.abs(first.astype(int) - second).mean() < 3


def test_frames_stay_as_they_are_while_reading_goes_on(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=6, bframes=2)
    frames = read_all(path, Sampling(0.1))
    assert [read_number(frame.luma) for frame in frames] == list(range(60))
    assert [read_number(frame.image()[:, :, 1]) for frame in frames] == list(range(60))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turned_videos_are_upright(rotation: int, tmp_path: Path, write_video: Writer) -> None:
    plain = write_video(tmp_path / "plain.mp4", seconds=1)
    turned = write_video(tmp_path / "turned.mp4", seconds=1, rotation=rotation)
    stored, frame = read_frame_at(plain, 0.0), read_frame_at(turned, 0.0)
    turn: dict[int, int] = {
        90: cv2.ROTATE_90_COUNTERCLOCKWISE,
        180: cv2.ROTATE_180,
        270: cv2.ROTATE_90_CLOCKWISE,
    }
    assert np.array_equal(frame.luma, cv2.rotate(stored.luma, turn[rotation]))
    assert np.array_equal(frame.image(), cv2.rotate(stored.image(), turn[rotation]))
    facts = probe_video(turned)
    assert (facts.rotation_deg, facts.wh) == (rotation, frame.wh)
    assert frame.luma.flags.c_contiguous


def test_odd_sizes_have_no_padding(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.mkv", seconds=1, wh=(101, 67), pixels="yuv444p")
    frame = read_frame_at(path, 0.0)
    assert frame.wh == (101, 67)
    assert frame.image().shape == (67, 101, 3)
    # The slope's right end is bright: padding would be dark or green.
    assert frame.luma[-10:, -3:].min() > 140


def test_varying_frame_rates_keep_their_times(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    times_s = [0, 0.1, 0.15, 0.5, 2.0, 2.1, 4.0, 4.05, 9.5, 9.6]
    for name in ("a.mp4", "a.mkv", "a.ts", "a.flv"):
        path = write_video(tmp_path / name, timestamps=times_s)
        frames = read_all(path, Sampling(1.0))
        assert [read_number(frame.luma) for frame in frames] == [0, 4, 6, 8]
        assert [f.timestamp_s for f in frames] == pytest.approx([0, 2, 4, 9.5], abs=0.001)


def test_a_recording_that_starts_late_starts_at_zero(tmp_path: Path, write_video: Writer) -> None:
    times_s = [5000 + n / 10 for n in range(20)]
    for name in ("a.mkv", "a.ts", "a.flv"):
        path = write_video(tmp_path / name, timestamps=times_s)
        frames = read_all(path, Sampling(1.0))
        assert [f.timestamp_s for f in frames] == pytest.approx([0, 1], abs=0.001)
        assert probe_video(path).duration_s == pytest.approx(2.0, abs=0.11)


def test_dense_key_frames_are_looked_at_alone(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=9.7, rate=10, gop=13)
    dense = read_all(path, Sampling(2.0))
    # Cells of 2 s, keys each 1.3 s; the last group has no next key, so it is decoded.
    assert [read_number(f.luma) for f in dense] == [0, 26, 52, 65, 91]
    scattered = read_all(path, Sampling(1.0))
    assert [read_number(f.luma) for f in scattered] == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    only = read_all(path, Sampling(1.0, "only"))
    assert [read_number(f.luma) for f in only] == [0, 13, 26, 39, 52, 65, 78, 91]
    every = read_all(path, Sampling(2.0, "never"))
    assert [read_number(f.luma) for f in every] == [0, 20, 40, 60, 80]


def test_one_file_may_hold_dense_and_sparse_key_frames(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    # A recorder that drops its frame rate: 10 frames a second, then one each 0.7 s.
    times_s = [n / 10 for n in range(40)] + [4.0 + 0.7 * n for n in range(40)]
    path = write_video(tmp_path / "a.mkv", timestamps=times_s, gop=10)
    numbers = [read_number(f.luma) for f in read_all(path, Sampling(1.5))]
    assert numbers[:4] == [0, 20, 30, 41]  # Keys at 0, 1, 2 and 3 s; then 4.7 s, no key.
    assert len(numbers) == len({int((4.0 + 0.7 * n) / 1.5 + 1e-6) for n in range(40)} | {0, 1, 2})


def test_one_frame_is_a_video(tmp_path: Path, write_video: Writer) -> None:
    for name in ("a.mp4", "a.mkv", "a.ts", "a.avi", "a.flv"):
        codec = "mpeg4" if name.endswith("avi") else "libx264"
        path = write_video(tmp_path / name, seconds=0.1, codec=codec)
        assert [f.timestamp_s for f in read_all(path, Sampling(2.0))] == [0.0]
        assert read_all(path, Sampling(2.0), Span(2.0)) == []


def test_the_ending_may_lie(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=2)
    for name in ("a.ts", "a.avi", "a.jpg", "a.txt", "a%03d.mp4", "a:b.mp4", "http:", "no ending"):
        other = tmp_path / "other" / name
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(path.read_bytes())
        assert len(read_all(other, Sampling(1.0))) == 2


def test_the_header_tells_when_it_was_made(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=1)
    facts = probe_video(path)
    assert (facts.created_at, facts.codec) == (None, "h264")
    assert "mp4" in facts.container


def test_a_frame_that_is_not_there(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=2)
    for at_s in (0.05, 1.95, 7.0):
        with pytest.raises(StreamError) as caught:
            read_frame_at(path, at_s)
        assert caught.value.code == "truncated"


@pytest.mark.parametrize("told", ["", "soon", "0001-01-01T00:00:00+01:00", "1904-01-01T00:00:00Z"])
def test_a_header_may_tell_any_nonsense(told: str) -> None:
    assert parse_created_at(told) is None


@pytest.mark.shared
def test_real_recordings() -> None:
    seen = {}
    for path in sorted(SHARED_VIDEO.glob("*/*.*")):
        if path.suffix == ".yaml":
            continue
        facts = probe_video(path)
        frames = read_all(path, Sampling(2.0))
        times_s = [frame.timestamp_s for frame in frames]
        assert all(frame.wh == facts.wh for frame in frames)
        assert times_s == sorted(times_s)
        assert times_s[0] < 0.1
        assert max(b - a for a, b in itertools.pairwise(times_s)) <= 4.0
        cut: list[Frame] = []
        for start_s in range(0, 42, 6):
            cut += read_all(path, Sampling(2.0), Span(start_s, start_s + 6))
        assert [f.timestamp_s for f in cut] == times_s
        assert all(np.array_equal(a.luma, b.luma) for a, b in zip(cut, frames, strict=True))
        seen[path.name] = len(frames)
    assert seen == {
        "input_video.mp4": 19,
        "video.avi": 7,
        "video02.avi": 15,
        "video03.avi": 15,
        "car-detection.mp4": 16,
    }
