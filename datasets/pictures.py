"""A set's photo as pixels, decoded as the detector decodes it."""

from pathlib import Path

import cv2
import numpy as np

from datasets.errors import DatasetError
from detector.arrays import Image
from detector.decode import decode_photo
from detector.errors import PhotoError


def load_picture(path: Path, max_side_px: int | None = None) -> Image:
    """Return a photo, upright.

    Args:
        path: Its file.
        max_side_px: The longer side is shrunk to this; None keeps the full size.

    Returns:
        uint8 (H, W, 3), BGR; not to be written to.

    Raises:
        DatasetError: It cannot be read or decoded.
    """
    sees_wh = None if max_side_px is None else (max_side_px, max_side_px)
    try:
        image = decode_photo(path.read_bytes(), sees_wh=sees_wh).image
    except OSError as error:
        raise DatasetError("photo_failed", f"{path}: {error.strerror}.") from error
    except PhotoError as error:
        raise DatasetError("photo_failed", f"{path}: {error.message}") from error
    scale = 1.0 if max_side_px is None else max_side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)
