"""What every detector does, whatever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from detector.arrays import Image
from detector.detections import Detections
from detector.models.manifest import ModelManifest, Precision


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How to run a model on this machine."""

    threads: int | None = None
    """Threads for inference, all calls together; None: the cores this process may use."""
    workers: int = 1
    """Calls that will run at the same time. They share `threads`."""
    precision: Precision | None = None
    """Arithmetic; None: the fastest that the CPU has and the bundle's manifest allows."""


class Detector(Protocol):
    """A model that is ready to look at pictures. Safe to call from several threads."""

    @property
    def manifest(self) -> ModelManifest:
        """The bundle's manifest."""
        ...

    @property
    def runtime(self) -> str:
        """What runs it, for people: e.g. `openvino bf16`."""
        ...

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Look at pictures.

        Args:
            images: uint8 (H, W, 3), BGR, upright, of any sizes.

        Returns:
            One a picture, in order: boxes in the picture's own pixels, all classes, scores at
            or above the manifest's floor, repeats suppressed.

        Raises:
            InferenceError: The runtime failed. Never an empty result instead.
        """
        ...

    def close(self) -> None:
        """Free what the runtime holds; further calls raise InferenceError."""
        ...
