"""Which boxes of a background still hold once something was put over parts of it."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from datasets.records import LabelledBox

MOSTLY_COVERED: Final = 0.6
"""From this share of the box hidden, an annotator would no longer draw it as it was."""

FloatMap = npt.NDArray[np.float32]
"""float32 (H, W), a share in [0, 1] for each pixel."""


def keep_visible(boxes: Iterable[LabelledBox], cover: FloatMap) -> tuple[LabelledBox, ...]:
    """Return the boxes that are not mostly covered, as they were and in their order.

    Args:
        boxes: Boxes of the background.
        cover: float32 (H, W), how opaque the things put over the picture are.
    """
    height, width = cover.shape
    kept = []
    for box in boxes:
        x1, y1, x2, y2 = box.box_xyxy
        left, top = int(x1 * width), int(y1 * height)
        under = cover[
            top : max(top + 1, round(y2 * height)), left : max(left + 1, round(x2 * width))
        ]
        if under.size and float(under.mean()) < MOSTLY_COVERED:
            kept.append(box)
    return tuple(kept)


def share_box(
    label: str, box_px: tuple[float, float, float, float], image_wh: tuple[int, int]
) -> LabelledBox:
    """Return a box in shares of the picture, clipped to it, from pixels."""
    width, height = image_wh
    x1, y1, x2, y2 = (float(edge) for edge in box_px)
    return LabelledBox(
        label,
        (
            min(max(x1 / width, 0.0), 1.0),
            min(max(y1 / height, 0.0), 1.0),
            min(max(x2 / width, 0.0), 1.0),
            min(max(y2 / height, 0.0), 1.0),
        ),
    )
