"""Pictures that may be shown: small, blurred, without a word about who took them where."""

from typing import Final

import cv2
import numpy as np

from api.scoring.base import PictureRequest
from detector.arrays import BoxArray, Image
from detector.decode import DecodeLimits, decode_photo
from detector.errors import EvidenceError
from detector.evidence.draw import draw_findings
from detector.evidence.privacy import Privacy

JPEG_QUALITY: Final = 85
"""Of pictures served: a person cannot tell them from the photo, at a third of its bytes."""


def make_picture(
    data: bytes, request: PictureRequest, privacy: Privacy, limits: DecodeLimits
) -> bytes:
    """Return a JPEG that holds nothing but pixels, faces and plates blurred.

    Args:
        data: The photo's file.
        request: How large, what more to hide, what to draw.
        privacy: What finds and blurs.
        limits: What to refuse.

    Returns:
        The JPEG's bytes.

    Raises:
        PhotoError: The photo cannot be decoded.
        EvidenceError: It could not be blurred or written: it must not be shown.
    """
    side_px = request.longest_side_px
    photo = decode_photo(data, sees_wh=(side_px, side_px), limits=limits)
    image = shrink(photo.image, side_px)
    height, width = image.shape[:2]
    scale_xy = photo.full_wh[0] / width, photo.full_wh[1] / height
    shown = privacy.apply(image, _scaled(request.hide_xyxy, scale_xy))
    if request.draw:
        shown = draw_findings(shown, request.draw, scale_xy, "zh")
    encoded, jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise EvidenceError("picture_failed", "The picture could not be written as JPEG.")
    return jpeg.tobytes()


def shrink(image: Image, longest_side_px: int) -> Image:
    """Return the picture with its longer side no longer than asked; never grown."""
    height, width = image.shape[:2]
    scale = longest_side_px / max(height, width)
    if scale >= 1:
        return image
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _scaled(
    boxes_xyxy: tuple[tuple[float, float, float, float], ...], scale_xy: tuple[float, float]
) -> BoxArray:
    boxes = np.array(boxes_xyxy, np.float32).reshape(-1, 4)
    return (boxes / np.array(scale_xy * 2, np.float32)).astype(np.float32)
