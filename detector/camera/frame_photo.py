"""A photo as a camera's frame: archives also hold series of single pictures."""

from datetime import UTC, datetime

import cv2
import numpy as np

from detector.arrays import frozen
from detector.camera.frames import Frame
from detector.decode import DecodeLimits, decode_photo


def frame_from_photo(
    data: bytes,
    source: str,
    captured_at: datetime | None,
    timestamp_s: float = 0.0,
    *,
    limits: DecodeLimits | None = None,
) -> Frame:
    """Decode a photo at full size as a frame.

    Args:
        data: The file's bytes.
        source: What the frame calls the photo.
        captured_at: When it was taken; None if unknown.
        timestamp_s: Seconds from the series' first picture.
        limits: What to refuse; None takes the defaults.

    Returns:
        The frame. Its brightness is of full range (0..255), unlike most videos'.

    Raises:
        PhotoError: The photo cannot be decoded, with a code of the closed list.
    """
    image = decode_photo(data, name=source, limits=limits).image
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    return Frame(
        source=source,
        timestamp_s=timestamp_s,
        captured_at=None if captured_at is None else captured_at.astimezone(UTC),
        luma=frozen(luma),
        make_image=lambda: image,
    )
