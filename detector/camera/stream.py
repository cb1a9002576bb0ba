"""Which kind of source a name is: a recorded video, or the address of a live camera."""

from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

VIDEO_ENDINGS: Final = frozenset(
    {
        ".264",
        ".265",
        ".3gp",
        ".asf",
        ".avi",
        ".dav",
        ".flv",
        ".h264",
        ".h265",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ps",
        ".ts",
        ".webm",
        ".wmv",
    }
)
"""Endings of files that an archive's listing takes for videos; what they hold is found out then."""
LIVE_SCHEMES: Final = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "http", "https"})
"""HTTP brings HLS, FLV and MJPEG."""


def is_live_url(text: str) -> bool:
    """Tell whether a text is the address of a live stream."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:  # Brackets that do not pair.
        return False
    return parts.scheme.lower() in LIVE_SCHEMES and bool(parts.netloc)


def is_video_name(name: str) -> bool:
    """Tell whether a file's name ends like a video's."""
    return PurePath(name).suffix.lower() in VIDEO_ENDINGS
