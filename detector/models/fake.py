"""A detector that says what it is told: for tests of everything that stands on one."""

from collections.abc import Callable, Sequence

from detector.arrays import Image
from detector.detections import Detections
from detector.errors import InferenceError
from detector.models.manifest import ModelManifest


class FakeDetector:
    """Answers with a function of the picture."""

    def __init__(self, manifest: ModelManifest, answer: Callable[[Image], Detections]) -> None:
        """Keep the manifest and the function."""
        self._manifest = manifest
        self._answer = answer
        self._closed = False

    @property
    def manifest(self) -> ModelManifest:
        """The manifest given."""
        return self._manifest

    @property
    def runtime(self) -> str:
        """Says that it is none."""
        return "fake"

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Answer for each picture."""
        if self._closed:
            raise InferenceError("closed", "The detector was closed.")
        return [self._answer(image) for image in images]

    def close(self) -> None:
        """Refuse further calls."""
        self._closed = True
