"""Frames of an archive read again are those that were looked at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.archive.frames_again import FramesAgain
from detector.archive.journal_rows import ListedFile
from detector.camera.incident import Incident, Peak
from detector.camera.sampling import Sampling
from detector.camera.video import read_video
from detector.errors import EvidenceError, PhotoError, StreamError, StreetIssueError

WriteFile = Callable[..., Path]


@pytest.fixture
def clip(tmp_path: Path, write_clip: WriteFile) -> Path:
    return write_clip(tmp_path / "a.mp4", 8.0)


@pytest.fixture
def frames(tmp_path: Path, clip: Path, write_scene: WriteFile, make_item: Any) -> FramesAgain:
    photo = write_scene(tmp_path / "b.jpg")
    gone, gone_photo = tmp_path / "gone.mp4", tmp_path / "gone.jpg"
    items = [make_item(path) for path in (clip, photo, gone, gone_photo)]
    files = {item.name: ListedFile(item, rebase=False) for item in items}
    joined = tmp_path / "joined.ts"
    first = write_clip_ts(tmp_path, clip)
    joined.write_bytes(first.read_bytes() * 2)
    files["joined.ts"] = ListedFile(make_item(joined), rebase=True)
    return FramesAgain(files.get)


def write_clip_ts(folder: Path, clip: Path) -> Path:
    """Put a video's packets into an MPEG transport stream."""
    import av

    path = folder / "one.ts"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return path


def test_each_frame_that_was_looked_at_is_read_again(frames: FramesAgain, clip: Path) -> None:
    looked_at = list(read_video(clip, Sampling(every_s=1.0)))
    assert len(looked_at) == 8
    for frame in reversed(looked_at):
        again = frames.read("a.mp4", frame.timestamp_s)
        assert again.timestamp_s == frame.timestamp_s
        assert np.array_equal(frames.read_luma("a.mp4", frame.timestamp_s), frame.luma)
        assert np.array_equal(frames.read_image("a.mp4", frame.timestamp_s), frame.image())


def test_a_timeline_that_was_mended_is_mended_again(frames: FramesAgain, tmp_path: Path) -> None:
    path = tmp_path / "joined.ts"
    looked_at = list(read_video(path, Sampling(every_s=1.0), rebase=True))
    last = looked_at[-1]
    assert last.timestamp_s > 10
    assert np.array_equal(frames.read_luma("joined.ts", last.timestamp_s), last.luma)


def test_a_photo_is_read_again(frames: FramesAgain, tmp_path: Path) -> None:
    expected = cv2.imread(str(tmp_path / "b.jpg"))
    assert expected is not None
    assert frames.read_image("b.jpg", 0.0).shape == expected.shape
    assert np.abs(frames.read_image("b.jpg", 0.0).astype(int) - expected).max() <= 2
    assert frames.read_luma("b.jpg", 0.0).shape == expected.shape[:2]


@pytest.mark.parametrize(
    ("source", "timestamp_s", "kind", "code"),
    [
        ("a.mp4", 99.0, StreamError, None),
        ("gone.mp4", 0.0, StreamError, "unreadable"),
        ("gone.jpg", 0.0, PhotoError, "unreadable"),
        ("never listed.mp4", 0.0, EvidenceError, "file_unknown"),
    ],
)
def test_what_cannot_be_read_again_is_told(
    frames: FramesAgain,
    source: str,
    timestamp_s: float,
    kind: type[StreetIssueError],
    code: str | None,
) -> None:
    with pytest.raises(kind) as caught:
        frames.read(source, timestamp_s)
    assert code is None or caught.value.code == code


def test_the_peak_is_sent_as_a_jpeg_of_full_size(frames: FramesAgain) -> None:
    peak = Peak(0.9, (0.0, 0.0, 9.0, 9.0), "small", (320, 240), "a.mp4", 4.0, None)
    incident = Incident(
        id="inc-0",
        camera="gate-1",
        label="illegal_poster",
        state="open",
        revision=1,
        started_s=0.0,
        last_seen_s=4.0,
        started_at=None,
        last_seen_at=None,
        frames=3,
        median_score=0.8,
        peak=peak,
    )
    jpeg = frames.read_peak_jpeg(incident)
    assert jpeg.startswith(b"\xff\xd8\xff")
    sent = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert sent is not None and sent.shape == (240, 320, 3)
    assert np.abs(sent.astype(int) - frames.read_image("a.mp4", 4.0)).mean() < 4
    with pytest.raises(StreamError):
        frames.read_peak_jpeg(replace(incident, peak=replace(peak, source="gone.mp4")))
