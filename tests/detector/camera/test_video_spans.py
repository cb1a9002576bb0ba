"""However a video is cut into spans, its frames are the same, to the pixel."""

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.camera.frames import Frame
from detector.camera.sampling import Sampling, Span
from detector.camera.video import read_frame_at, read_video
from detector.camera.video_file import VideoFile
from detector.errors import StreamError

Writer = Callable[..., Path]

UNEVEN_S = list(itertools.accumulate([0.0, *([0.03, 0.21, 0.08, 0.45, 0.04, 1.3] * 25)]))
# Long enough that a byte-sought container lands in the middle; small pictures keep it quick.
LONG: dict[str, Any] = {"seconds": 40, "rate": 10, "gop": 17}
FORMS: dict[str, dict[str, Any]] = {
    "plain.mp4": {**LONG},
    "b.mp4": {**LONG, "bframes": 3},
    "open.mp4": {**LONG, "bframes": 3, "open_gop": True},
    "open.ts": {**LONG, "bframes": 3, "open_gop": True},
    "open.mkv": {**LONG, "bframes": 3, "open_gop": True, "codec": "libx265"},
    "sparse.ts": {**LONG, "gop": 150},
    "dense.flv": {**LONG, "gop": 5},
    "one-group.mp4": {**LONG, "gop": 1000},
    "uneven.mp4": {"timestamps": UNEVEN_S, "gop": 9, "bframes": 2},
    "uneven.mkv": {"timestamps": UNEVEN_S, "gop": 9},
    "no-index.mkv": {**LONG, "container_options": {"live": "1"}},
    "no-index.flv": {**LONG, "container_options": {"flvflags": "no_duration_filesize"}},
    "fragments.mp4": {**LONG, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "mpeg4.avi": {**LONG, "codec": "mpeg4"},
    "mpeg4-b.mkv": {**LONG, "codec": "mpeg4", "bframes": 2},
    "mpeg2.mpg": {**LONG, "codec": "mpeg2video", "rate": 25, "bframes": 2},
    "mjpeg.avi": {**LONG, "codec": "mjpeg", "pixels": "yuvj420p"},
    "bare.h264": {**LONG, "bframes": 2},
}
SAMPLINGS = (
    Sampling(2.0),
    Sampling(1.0),
    Sampling(0.5),
    Sampling(1.0, "never"),
    Sampling(2.0, "only"),
)


def print_of(frame: Frame) -> tuple[float, str, str]:
    image = frame.image().tobytes()
    return (
        frame.timestamp_s,
        hashlib.sha256(frame.luma.tobytes()).hexdigest(),
        hashlib.sha256(image).hexdigest(),
    )


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, write_video: Writer) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("spans")

    def make(name: str) -> Path:
        path = folder / name
        return path if path.exists() else write_video(path, **FORMS[name])

    return make


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sampling=st.sampled_from(SAMPLINGS),
    cells=st.lists(st.integers(1, 24), min_size=1, max_size=6),
)
def test_cutting_changes_nothing(
    name: str, sampling: Sampling, cells: list[int], make: Callable[[str], Path]
) -> None:
    path = make(name)
    whole = [print_of(frame) for frame in read_video(path, sampling)]
    assert len(whole) > 5 or sampling.keyframes == "only"
    edges = [0.0, *(n * sampling.every_s for n in itertools.accumulate(cells)), None]
    parts = []
    for start_s, end_s in itertools.pairwise(edges):
        assert start_s is not None
        parts += [print_of(frame) for frame in read_video(path, sampling, Span(start_s, end_s))]
    assert parts == whole
    for number in sorted({0, len(whole) // 2, len(whole) - 1}):
        assert print_of(read_frame_at(path, whole[number][0])) == whole[number]


@pytest.mark.parametrize("name", ["plain.mp4", "open.ts", "no-index.mkv"])
def test_a_seek_that_lands_late_is_not_believed(
    name: str, make: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(name)
    right = [print_of(frame) for frame in read_video(path, Sampling(0.5), Span(20, 30))]
    seek = VideoFile.seek
    landed = []

    def seek_late(file: VideoFile, at_s: float) -> bool:
        landed.append(at_s)
        return seek(file, 35.0)

    monkeypatch.setattr(VideoFile, "seek", seek_late)
    late = [print_of(frame) for frame in read_video(path, Sampling(0.5), Span(20, 30))]
    assert landed
    assert late == right


def test_a_seek_that_fails_is_no_failure(
    make: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make("plain.mp4")
    right = [print_of(frame) for frame in read_video(path, Sampling(0.5), Span(20, 30))]
    monkeypatch.setattr(VideoFile, "seek", lambda _file, _at_s: False)
    assert [print_of(f) for f in read_video(path, Sampling(0.5), Span(20, 30))] == right


def test_every_frame_can_be_read_again(make: Callable[[str], Path]) -> None:
    path = make("b.mp4")
    for frame in read_video(path, Sampling(0.1), Span(10, 14)):
        assert print_of(read_frame_at(path, frame.timestamp_s)) == print_of(frame)


def test_a_video_that_refreshes_bit_by_bit_is_read_whole(
    tmp_path: Path, write_video: Writer
) -> None:
    path = write_video(tmp_path / "a.ts", **LONG, options={"intra-refresh": "1"})
    whole = [frame.timestamp_s for frame in read_video(path, Sampling(2.0))]
    assert len(whole) > 15
    with pytest.raises(StreamError) as caught:
        list(read_video(path, Sampling(2.0), Span(10, 20)))
    assert caught.value.code == "timeline_broken"
    assert [f.timestamp_s for f in read_video(path, Sampling(2.0), rebase=True)] == whole
