"""Broken and hostile files: an error with a reason, or frames and a word about the rest."""

import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from detector.camera.sampling import Sampling, Span
from detector.camera.video import StreamProblem, probe_video, read_frame_at, read_video
from detector.errors import StreamError

Writer = Callable[..., Path]
NumberReader = Callable[[npt.NDArray[np.uint8]], int]

FORMS: dict[str, dict[str, Any]] = {
    "a.mp4": {"container_options": {"movflags": "faststart"}, "bframes": 2},
    "end.mp4": {},
    "a.mkv": {"bframes": 2},
    "a.ts": {"bframes": 2},
    "a.flv": {},
    "a.avi": {"codec": "mpeg4"},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "a5.mkv": {"codec": "libx265"},
    "a5.ts": {"codec": "libx265", "bframes": 2},
    "a.mpg": {"codec": "mpeg2video", "rate": 25},
    "bare.h264": {},
}


def read_to_end(
    path: Path, every_s: float = 0.5, **how: Any
) -> tuple[list[float], list[StreamProblem]]:
    problems: list[StreamProblem] = []
    frames = read_video(path, Sampling(every_s), report=problems.append, **how)
    return [frame.timestamp_s for frame in frames], problems


def code_of(path: Path) -> str:
    with pytest.raises(StreamError) as caught:
        read_to_end(path)
    with pytest.raises(StreamError) as probed:
        probe_video(path)
    assert probed.value.code == caught.value.code
    assert caught.value.message
    assert str(path) not in str(caught.value)
    return caught.value.code


def survive(path: Path) -> str:
    """Read a file that may be anything; what comes must be frames or an error with a code."""
    try:
        times_s, _ = read_to_end(path)
    except StreamError as error:
        if error.code == "timeline_broken":
            try:
                times_s, problems = read_to_end(path, rebase=True)
            except StreamError as again:
                assert again.code != "timeline_broken"
                return again.code
            assert any(one.code == "clock_restarted" for one in problems)
            assert times_s
            assert times_s == sorted(times_s)
        return error.code
    assert times_s == sorted(times_s)
    assert times_s
    return "frames"


@pytest.mark.parametrize("name", FORMS)
def test_cut_off_anywhere(name: str, tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / name, seconds=6, **FORMS[name])
    data = path.read_bytes()
    rng = random.Random(name)
    outcomes = []
    for _ in range(20):
        path.write_bytes(data[: rng.randrange(1, len(data))])
        outcomes.append(survive(path))
    assert set(outcomes) <= {"frames", "truncated", "corrupt", "not_a_video", "no_video_stream"}
    if name == "end.mp4":  # Its index stands at its end.
        assert set(outcomes) <= {"truncated", "not_a_video", "no_video_stream"}
    else:
        assert outcomes.count("frames") >= 3


@pytest.mark.parametrize("name", FORMS)
def test_flipped_bytes(name: str, tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / name, seconds=6, **FORMS[name])
    data = path.read_bytes()
    outcomes = []
    for seed in range(12):
        rng = random.Random(seed)
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 5, 50))):
            damaged[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(damaged)
        outcomes.append(survive(path))
    assert outcomes.count("frames") >= 6


@pytest.mark.faults
@pytest.mark.parametrize("name", FORMS)
def test_flipped_bytes_many_times(name: str, tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / name, seconds=6, **FORMS[name])
    data = path.read_bytes()
    for seed in range(300):
        rng = random.Random(1000 + seed)
        damaged = bytearray(data)
        # Headers and indexes stand at the ends.
        most = rng.choice((200, 2000, len(data)))
        for _ in range(rng.choice((1, 3, 30))):
            at = rng.randrange(min(most, len(data)))
            damaged[at if rng.random() < 0.7 else -1 - at] = rng.randrange(256)
        path.write_bytes(damaged)
        survive(path)


def test_frames_around_the_damage_are_whole(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    path = write_video(tmp_path / "a.ts", seconds=12, gop=10)
    whole = {f.timestamp_s: f.luma.copy() for f in read_video(path, Sampling(0.1))}
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    problems: list[StreamProblem] = []
    frames = list(read_video(path, Sampling(0.1), report=problems.append))
    assert 90 < len(frames) < 120
    for frame in frames:
        assert np.array_equal(frame.luma, whole[frame.timestamp_s])
    passed = next(one for one in problems if one.code == "passed_over")
    assert passed.count >= 1
    assert passed.at_s == pytest.approx(6.0, abs=1.5)
    assert [one.code for one in problems].count("passed_over") == 1
    # However the damaged file is cut, the same frames come out.
    parts = [f for n in range(12) for f in read_video(path, Sampling(0.1), Span(n, n + 1))]
    assert [f.timestamp_s for f in parts] == [f.timestamp_s for f in frames]
    assert [read_number(f.luma) for f in parts] == [read_number(f.luma) for f in frames]
    for frame in frames[::9]:
        assert np.array_equal(read_frame_at(path, frame.timestamp_s).luma, frame.luma)


def test_a_video_that_ends_early_says_so(tmp_path: Path, write_video: Writer) -> None:
    form = {"seconds": 20, "container_options": {"movflags": "faststart"}}
    path = write_video(tmp_path / "a.mp4", **form)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    times_s, problems = read_to_end(path, 1.0)
    assert 6 <= len(times_s) <= 11
    early = [one for one in problems if one.code == "ends_early"]
    assert len(early) == 1
    assert early[0].at_s == pytest.approx(times_s[-1], abs=1.5)
    # A span behind the cut has no frames, and says why.
    times_s, problems = read_to_end(path, 1.0, span=Span(15, 18))
    assert times_s == []
    assert "ends_early" in [one.code for one in problems]


def test_a_span_whose_data_are_all_damaged_is_an_error(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.avi", seconds=20, codec="mjpeg", pixels="yuvj420p")
    size = b"\xff\xc0\x00\x11"  # The header of each picture's size, now of no length.
    path.write_bytes(path.read_bytes().replace(size, b"\xff\xc0\x00\x02"))
    assert code_of(path) == "corrupt"
    with pytest.raises(StreamError) as caught:
        read_to_end(path, span=Span(4, 8))
    assert caught.value.code == "corrupt"


def test_files_that_are_no_videos(tmp_path: Path, write_video: Writer) -> None:
    write_video(tmp_path / "there.ts", seconds=2)
    texts = {
        "text": "Nothing to see.\n" * 300,
        "html": "<!DOCTYPE html><html><body>404</body></html>" * 50,
        "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nthere.ts\n#EXT-X-ENDLIST\n",
        "web playlist": "#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/there.ts\n#EXT-X-ENDLIST\n",
        "script": "ffconcat version 1.0\nfile there.ts\n",
        "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
        "m=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "manifest": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" '
        'type="static"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1">'
        "<BaseURL>there.ts</BaseURL></Representation></AdaptationSet></Period></MPD>",
    }
    for ending in ("mp4", "m3u8", "txt", "ffconcat", "sdp", "mpd", "h264", "mjpeg", "ts", "dav"):
        for name, text in texts.items():
            path = tmp_path / f"{name}.{ending}"
            path.write_text(text, encoding="utf-8")
            assert code_of(path) == "not_a_video", path.name
    path = tmp_path / "zip.mp4"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x" * 5000)
    assert code_of(path) == "not_a_video"
    path.write_bytes(bytes(100_000))
    assert code_of(path) == "not_a_video"
    path.write_bytes(random.Random(1).randbytes(200_000))
    assert code_of(path) == "not_a_video"


def test_files_that_cannot_be_read(tmp_path: Path, write_video: Writer) -> None:
    empty = tmp_path / "a.mp4"
    empty.write_bytes(b"")
    assert code_of(empty) == "empty"
    assert code_of(tmp_path / "missing.mp4") == "unreadable"
    assert code_of(tmp_path) == "unreadable"
    path = write_video(tmp_path / "no-index.mp4", seconds=4)
    path.write_bytes(path.read_bytes()[: -path.read_bytes()[::-1].index(b"voom") - 4])
    assert code_of(path) == "truncated"


def test_a_file_with_sound_only(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        sound: Any = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        sound.sample_rate = 16_000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    assert code_of(path) == "no_video_stream"


def test_huge_pictures_are_refused(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "wide.mkv", seconds=0.2, wh=(8208, 16), codec="ffv1")
    assert code_of(path) == "too_many_pixels"
    fine = write_video(tmp_path / "fine.mkv", seconds=0.2, wh=(8192, 16), codec="ffv1")
    assert len(read_to_end(fine)[0]) == 1
    # A header that lies: each JPEG says that it has 65,500 × 65,500 pixels.
    path = write_video(tmp_path / "a.avi", seconds=1, codec="mjpeg", pixels="yuvj420p")
    size = b"\xff\xc0\x00\x11\x08"
    data = path.read_bytes()
    told = size + (64).to_bytes(2, "big") + (96).to_bytes(2, "big")
    assert told in data
    path.write_bytes(data.replace(told, size + (65_500).to_bytes(2, "big") * 2))
    assert code_of(path) in ("too_many_pixels", "corrupt")


def test_joined_recordings_are_told_and_bridged(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    first = write_video(tmp_path / "1.ts", seconds=6, bframes=2)
    second = write_video(tmp_path / "2.ts", seconds=3)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes() + first.read_bytes())
    for span in (None, Span(0, 2), Span(2, 4), Span(4)):
        with pytest.raises(StreamError) as caught:
            read_to_end(path, span=span)
        assert caught.value.code == "timeline_broken"
    problems: list[StreamProblem] = []
    at = datetime(2026, 1, 1, tzinfo=UTC)
    frames = list(read_video(path, Sampling(0.1), start_at=at, rebase=True, report=problems.append))
    times_s = [frame.timestamp_s for frame in frames]
    # At a joint the container may count a frame as damaged, and its group ends there.
    assert len(frames) >= 147
    numbers = [*range(60), *range(30), *range(60)]
    for frame in frames:
        assert read_number(frame.luma) == numbers[round(frame.timestamp_s * 10)]
    assert times_s[-1] == pytest.approx(14.9, abs=0.002)
    restart = next(one for one in problems if one.code == "clock_restarted")
    assert restart.count == 2
    assert restart.at_s == pytest.approx(6.0, abs=0.01)
    assert frames[-1].captured_at is not None
    assert (frames[-1].captured_at - at).total_seconds() == pytest.approx(14.9, abs=0.01)
    for number in (0, 61, 80, 90, -1):
        again = read_frame_at(path, times_s[number])
        assert np.array_equal(again.luma, frames[number].luma)


def test_dense_key_frames_are_looked_at_alone_after_a_bridged_jump(
    tmp_path: Path, write_video: Writer, read_number: NumberReader
) -> None:
    times_s = [n / 10 for n in range(52)] + [200_000 + n / 10 for n in range(91)]
    path = write_video(tmp_path / "a.mkv", timestamps=times_s, gop=13)
    numbers = [read_number(f.luma) for f in read_video(path, Sampling(2.0), rebase=True)]
    # Where no key frame follows soon, before the jump and at the end, all are decoded.
    assert numbers[:4] == [0, 26, 40, 65]
    assert [number % 13 for number in numbers[3:-1]] == [0] * 4


def test_a_clock_outside_the_calendar_is_an_error(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=2)
    frames = read_video(path, Sampling(1.0), start_at=datetime.max.replace(tzinfo=UTC))
    with pytest.raises(StreamError) as caught:
        list(frames)
    assert caught.value.code == "timeline_broken"


def test_reading_may_stop_at_any_frame(tmp_path: Path, write_video: Writer) -> None:
    path = write_video(tmp_path / "a.mp4", seconds=4)
    problems: list[StreamProblem] = []
    frames = read_video(path, Sampling(0.1), report=problems.append)
    next(frames)
    frames.close()
    assert problems == []
