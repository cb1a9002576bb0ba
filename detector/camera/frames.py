"""A camera's frame: its brightness at once, its colours on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from detector.arrays import Image

LumaArray = npt.NDArray[np.uint8]
"""uint8 (H, W): brightness, upright."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a stream."""

    source: str
    """The file, folder or address, as it was named."""
    timestamp_s: float
    """Seconds from the source's first frame; a live stream counts from when it was opened."""
    captured_at: datetime | None
    """UTC; None where the source's start is unknown."""
    luma: LumaArray
    """uint8 (H, W), upright, full size, read-only. Videos store it apart, so it costs nothing."""
    make_image: Callable[[], Image]
    """Converts the colours; most frames never need them."""

    @property
    def wh(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        return self.luma.shape[1], self.luma.shape[0]

    def image(self) -> Image:
        """Return uint8 (H, W, 3), BGR, upright, read-only."""
        return self.make_image()
