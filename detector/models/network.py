"""What the two runtimes share: letterboxing in, reading the output, errors at the seam."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detector.arrays import Image
from detector.detections import Detections
from detector.errors import InferenceError, StreetIssueError
from detector.letterbox import apply_letterbox, choose_input_wh, fit_letterbox
from detector.models.manifest import ModelManifest
from detector.models.output import read_output


def usable_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class NetworkDetector(ABC):
    """A detector round a network with few input sizes; one picture a call of the runtime.

    On CPUs a batch gains nothing over single pictures run in parallel, so there is none.
    """

    def __init__(self, manifest: ModelManifest) -> None:
        """Keep the manifest; subclasses load the network."""
        self._manifest = manifest
        self._closed = False

    @property
    def manifest(self) -> ModelManifest:
        """The bundle's manifest."""
        return self._manifest

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See `Detector.detect`."""
        if self._closed:
            raise InferenceError("closed", "The detector was closed.")
        return [self._detect_one(image) for image in images]

    def _detect_one(self, image: Image) -> Detections:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise TypeError(f"A picture is uint8 (H, W, 3), not {image.dtype} {image.shape}.")
        network = self._manifest.network
        source_wh = (image.shape[1], image.shape[0])
        letterbox = fit_letterbox(source_wh, choose_input_wh(source_wh, network.sizes_wh))
        fitted = apply_letterbox(image, letterbox, network.pad_value)
        try:
            output = self._infer(fitted)
        except StreetIssueError:
            raise
        except Exception as error:  # The runtimes raise their own kinds; this is their seam.
            raise InferenceError("runtime_failed", f"Inference failed: {error}.") from error
        return read_output(output, letterbox, self._manifest)

    @abstractmethod
    def _infer(self, fitted: Image) -> npt.NDArray[np.float32]:
        """Run the network on one letterboxed picture; return its output without the batch."""

    def close(self) -> None:
        """See `Detector.close`."""
        self._closed = True
