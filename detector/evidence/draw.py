"""Boxes and captions on a copy of a picture. OpenCV 5 draws Chinese with a font of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from detector.arrays import Image
from detector.detections import Finding
from detector.labels import Language, show_label

Colour = tuple[int, int, int]
Rectangle = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels."""

# Blue, green, red. Told apart by people with the common colour-blindnesses, too (Okabe and Ito,
# jfly.uni-koeln.de/color).
COLOURS: Final[dict[str, Colour]] = {
    "illegal_poster": (0, 94, 213),
    "overflowing_bin": (178, 114, 0),
    "street_vending": (115, 158, 0),
    "site_dust": (167, 121, 204),
}
OTHER_COLOUR: Final[Colour] = (90, 90, 90)
WHITE: Final[Colour] = (255, 255, 255)
FONT: Final = "sans"
FONT_WEIGHT: Final = 600
UNDER: Final = {"zh": "低于阈值", "en": "under threshold"}


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Line widths and letters in proportion to the picture, in pixels."""

    line: int
    letters: int
    pad: int

    @classmethod
    def fitting(cls, image: Image) -> "_Sizes":
        side = max(image.shape[:2])
        letters = max(10, round(side / 60))
        return cls(max(1, round(side / 400)), letters, max(2, letters // 4))


def draw_findings(
    image: Image,
    findings: Sequence[Finding],
    scale_xy: tuple[float, float],
    language: Language,
) -> Image:
    """Draw findings on a copy of a picture: solid where flagged, dashed and said so where not.

    Args:
        image: uint8 (H, W, 3), BGR; may be smaller than the photo.
        findings: Boxes in full-size pixels, best first.
        scale_xy: Full-size pixels per pixel of `image`, as `Photo.scale_xy`.
        language: Of the captions.

    Returns:
        uint8 (H, W, 3); a new array.
    """
    drawn: Image = np.array(image, np.uint8, order="C")
    sizes = _Sizes.fitting(image)
    boxes = [_to_pixels(finding, scale_xy, image) for finding in findings]
    # The best is drawn last, so that it lies on top.
    for finding, box in reversed(list(zip(findings, boxes, strict=True))):
        colour = COLOURS.get(finding.label, OTHER_COLOUR)
        if finding.flagged:
            cv2.rectangle(drawn, box[:2], box[2:], colour, sizes.line)
        else:
            _draw_dashed(drawn, box, colour, sizes)
    taken: list[Rectangle] = []
    for finding, box in zip(findings, boxes, strict=True):
        taken.append(_draw_caption(drawn, _caption(finding, language), finding, box, taken, sizes))
    return drawn


def _to_pixels(finding: Finding, scale_xy: tuple[float, float], image: Image) -> Rectangle:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = finding.box_xyxy
    scale_x, scale_y = scale_xy
    return (
        min(width - 1, round(x1 / scale_x)),
        min(height - 1, round(y1 / scale_y)),
        min(width - 1, round(x2 / scale_x)),
        min(height - 1, round(y2 / scale_y)),
    )


def _caption(finding: Finding, language: Language) -> str:
    caption = f"{show_label(finding.label, language)} {finding.score:.2f}"
    return caption if finding.flagged else f"{caption} {UNDER[language]}"


def _draw_dashed(drawn: Image, box: Rectangle, colour: Colour, sizes: _Sizes) -> None:
    x1, y1, x2, y2 = box
    dash, width = 6 * sizes.line, max(1, sizes.line // 2)
    for x in range(x1, x2, 2 * dash):
        for y in (y1, y2):
            cv2.line(drawn, (x, y), (min(x + dash, x2), y), colour, width)
    for y in range(y1, y2, 2 * dash):
        for x in (x1, x2):
            cv2.line(drawn, (x, y), (x, min(y + dash, y2)), colour, width)


def _draw_caption(
    drawn: Image,
    caption: str,
    finding: Finding,
    box: Rectangle,
    taken: Sequence[Rectangle],
    sizes: _Sizes,
) -> Rectangle:
    """Write a caption at its box where no other stands, inside the picture; return its place."""
    font = cv2.FontFace(FONT)
    height, width = drawn.shape[:2]
    # Measured on a wide canvas: OpenCV folds text that would leave the picture it is told of.
    _, _, text_width, _ = cv2.getTextSize(
        (100_000, 1000), caption, (0, 500), font, sizes.letters, FONT_WEIGHT
    )
    plate_wh = (text_width + 2 * sizes.pad, sizes.letters + 3 * sizes.pad)
    place = _find_place(box, plate_wh, (width, height), taken)
    colour = COLOURS.get(finding.label, OTHER_COLOUR)
    cv2.rectangle(drawn, place[:2], place[2:], colour, cv2.FILLED)
    origin = (place[0] + sizes.pad, place[3] - 2 * sizes.pad)
    cv2.putText(drawn, caption, origin, WHITE, font, sizes.letters, FONT_WEIGHT)
    return place


def _find_place(
    box: Rectangle, plate_wh: tuple[int, int], image_wh: tuple[int, int], taken: Sequence[Rectangle]
) -> Rectangle:
    """Return the first free place: above, below, inside on top, inside below; else above."""
    plate_width, plate_height = plate_wh
    x = max(0, min(box[0], image_wh[0] - plate_width))
    places = []
    for wanted in (box[1] - plate_height, box[3], box[1], box[3] - plate_height):
        y = max(0, min(wanted, image_wh[1] - plate_height))
        places.append((x, y, x + plate_width, y + plate_height))
    for place in places:
        if not any(_overlap(place, other) for other in taken):
            return place
    return places[0]


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
