"""What was marked and what a model said, drawn on the photo; for people who may see the photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np

from datasets.errors import DatasetError
from detector.arrays import BoxArray, Image
from detector.decode import decode_photo
from detector.errors import PhotoError
from detector.geometry import scale_boxes
from training.matching import assign_boxes
from training.scoring import LabelledScore

Kind = Literal["found", "missed", "hit", "false alarm", "marked", "said"]
# Blue, green, red; told apart with the common colour-blindnesses (Okabe and Ito).
COLOURS: Final[dict[Kind, tuple[int, int, int]]] = {
    "found": (115, 158, 0),
    "hit": (115, 158, 0),
    "missed": (0, 94, 213),
    "false alarm": (167, 121, 204),
    "marked": (115, 158, 0),
    "said": (178, 114, 0),
}
PICTURE_WH: Final = (640, 640)
LETTERS_PX: Final = 15
FONT: Final = "sans"
JPEG_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box with a caption."""

    kind: Kind
    box_xyxy: tuple[float, float, float, float]
    """Pixels of the full-size photo."""
    caption: str


def list_boxes(one: LabelledScore, threshold: float, min_iou: float) -> list[DrawnBox]:
    """Return what to draw of one label in one photo: marks, then flagged findings."""
    flagged = [finding for finding in one.findings if finding.score >= threshold]
    predicted = np.array([finding.box_xyxy for finding in flagged], np.float32).reshape(-1, 4)
    scores = np.array([finding.score for finding in flagged], np.float64)
    found = assign_boxes(predicted, scores, one.marked_xyxy, min_iou)
    taken = set(found.taken.tolist())
    drawn = [
        DrawnBox("found" if i in taken else "missed", _edges(box), "" if i in taken else "missed")
        for i, box in enumerate(one.marked_xyxy)
    ]
    for place, hit in zip(found.order, found.taken >= 0, strict=True):
        kind: Kind = "hit" if hit else "false alarm"
        drawn.append(DrawnBox(kind, flagged[place].box_xyxy, f"{scores[place]:.2f}"))
    return drawn


def _edges(box_xyxy: BoxArray) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(edge) for edge in box_xyxy)
    return x1, y1, x2, y2


def draw_boxes(path: Path, boxes: Sequence[DrawnBox]) -> Image:
    """Draw boxes on a photo, at most `PICTURE_WH` large.

    Raises:
        DatasetError: The photo cannot be read.
    """
    try:
        photo = decode_photo(path.read_bytes(), name=str(path), sees_wh=PICTURE_WH)
    except (OSError, PhotoError) as error:
        raise DatasetError("photo_failed", f"{path}: {error}") from error
    height, width = photo.image.shape[:2]
    shrink = min(1.0, PICTURE_WH[0] / max(height, width))
    size_wh = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    drawn: Image = cv2.resize(photo.image, size_wh, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # uint8 in, uint8 out
    scale_xy = (size_wh[0] / photo.full_wh[0], size_wh[1] / photo.full_wh[1])
    edges = np.array([box.box_xyxy for box in boxes], np.float32).reshape(-1, 4)
    for box, place in zip(boxes, scale_boxes(edges, scale_xy).round().astype(int), strict=True):
        x1, y1, x2, y2 = (int(edge) for edge in place)
        # Marks are thin, so that a finding on the same edges shows beside them.
        line = 1 if box.kind in ("found", "marked") else 3
        cv2.rectangle(drawn, (x1, y1), (x2, y2), COLOURS[box.kind], line)
        if box.caption:
            _write(drawn, box.caption, (x1 + 4, y1 + LETTERS_PX + 3), COLOURS[box.kind])
    return drawn


def _write(drawn: Image, text: str, origin: tuple[int, int], colour: tuple[int, int, int]) -> None:
    # A dark copy a pixel aside keeps letters readable on any ground.
    font = cv2.FontFace(FONT)
    for shift, ink in ((1, (0, 0, 0)), (0, colour)):
        place = (origin[0] + shift, origin[1] + shift)
        cv2.putText(drawn, text, place, ink, font, LETTERS_PX, 600, wrap=(0, 100_000))


def write_jpeg(image: Image, path: Path) -> None:
    """Write a picture.

    Raises:
        DatasetError: It cannot be encoded.
    """
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise DatasetError("set_unwritable", f"{path} could not be encoded.")
    path.write_bytes(jpeg.tobytes())
