"""No secret of an address is shown."""

import pytest

from detector.camera.addresses import hide_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://10.0.0.5/Streaming/Channels/101", "rtsp://10.0.0.5/Streaming/Channels/101"),
        ("rtsp://admin:pw@10.0.0.5:554/1", "rtsp://***@10.0.0.5:554/1"),
        ("rtsp://admin@10.0.0.5/1", "rtsp://***@10.0.0.5/1"),
        ("RTSPS://admin:pw@[fe80::1]:322/1", "RTSPS://***@[fe80::1]:322/1"),
        (
            "rtsp://h/cam/realmonitor?channel=1&subtype=0",
            "rtsp://h/cam/realmonitor?channel=1&subtype=0",
        ),
        ("http://h/video.cgi?user=admin&pwd=pw&channel=2", "http://h/video.cgi?user=***&pwd=***&channel=2"),
        ("http://h/live.flv?txSecret=abc&txTime=5F", "http://h/live.flv?txSecret=***&txTime=***"),
        ("http://h/live.m3u8?d41d8cd98f", "http://h/live.m3u8?***"),
        ("http://h/live.m3u8#access", "http://h/live.m3u8#***"),
        (
            "rtsp://h:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp",
            "rtsp://h:554/user=***_password=***_channel=1_stream=0.sdp",
        ),
        ("rtsp://h/user=admin&password=&channel=1", "rtsp://h/user=***&password=***&channel=1"),
        ("recordings/yard@night.mp4", "recordings/yard@night.mp4"),
        ("/srv/a:b/yard@night.mp4", "/srv/a:b/yard@night.mp4"),
        ("admin:pw@10.0.0.5:554/1", "***@10.0.0.5:554/1"),
        ("rtsp:admin:p/w@10.0.0.5/1?token=z", "***@10.0.0.5/1?token=***"),
    ],
)  # fmt: skip
def test_hides_what_is_secret_and_shows_the_rest(address: str, shown: str) -> None:
    assert hide_credentials(address) == shown


@pytest.mark.parametrize("sign", list("@/?#:&=% ;\\\"'<>|中"))
def test_raw_signs_in_a_password_hide_no_less(sign: str) -> None:
    shown = hide_credentials(f"rtsp://admin:sec{sign}ret@10.0.0.5/1")

    assert "sec" not in shown
    assert "ret@" not in shown
    assert shown == "rtsp://***@10.0.0.5/1"


def test_hiding_twice_changes_nothing() -> None:
    once = hide_credentials("rtsp://a:b@h/user=x_password=y_channel=1?token=z&channel=2")

    assert hide_credentials(once) == once
