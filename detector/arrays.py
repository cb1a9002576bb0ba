"""Array types by meaning."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""uint8 (H, W, 3), BGR, upright."""

BoxArray = npt.NDArray[np.float32]
"""float32 (N, 4): x1, y1, x2, y2 in pixels, origin top left."""

ScoreArray = npt.NDArray[np.float32]
"""float32 (N,), in [0, 1]."""

ClassIdArray = npt.NDArray[np.int64]
"""int64 (N,), index into a tuple of labels."""

IndexArray = npt.NDArray[np.int64]
"""int64 (K,), positions in another array."""

BoolArray = npt.NDArray[np.bool_]


T = TypeVar("T", bound=np.generic)


def frozen(array: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return a read-only view of an array."""
    view: npt.NDArray[Any] = array.view()
    view.flags.writeable = False
    return view
