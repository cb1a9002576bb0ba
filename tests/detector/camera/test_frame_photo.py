"""Photos as frames, and which names are videos."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import cv2
import numpy as np
import pytest

from detector.arrays import Image
from detector.camera.frame_photo import frame_from_photo
from detector.camera.stream import is_live_url, is_video_name
from detector.errors import PhotoError


def to_jpeg(image: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", image)[1])


def test_a_photo_becomes_a_frame_of_full_size(noise: Callable[..., Image]) -> None:
    image = noise(640, 480)
    at = datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    frame = frame_from_photo(to_jpeg(image), "cam/1.jpg", at, 12.5)
    assert (frame.source, frame.timestamp_s, frame.wh) == ("cam/1.jpg", 12.5, (640, 480))
    assert frame.captured_at == datetime(2026, 3, 1, 0, tzinfo=UTC)
    assert np.abs(frame.image().astype(int) - image).mean() < 4
    grey = cv2.cvtColor(frame.image(), cv2.COLOR_BGR2GRAY)
    assert np.array_equal(frame.luma, grey)
    assert not frame.luma.flags.writeable
    assert not frame.image().flags.writeable


def test_a_damaged_photo_is_an_error() -> None:
    with pytest.raises(PhotoError) as caught:
        frame_from_photo(b"no picture", "1.jpg", None)
    assert caught.value.code == "not_a_picture"


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("rtsp://u:p@10.0.0.1:554/main", True),
        ("RTSP://cam/1", True),
        ("http://cam/video.mjpg", True),
        ("rtmp://host/app/stream", True),
        ("/videos/a.mp4", False),
        ("C:\\videos\\a.mp4", False),
        ("file:///videos/a.mp4", False),
        ("rtsp:a.mp4", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_addresses_of_live_streams_are_told_from_files(text: str, live: bool) -> None:
    assert is_live_url(text) is live


def test_video_names_are_told_by_their_ending() -> None:
    assert is_video_name("a/b.MP4")
    assert is_video_name("x.dav")
    assert not is_video_name("x.jpg")
    assert not is_video_name("mp4")
