"""A worker's own model, loaded once for all the chunks that it looks through."""

from importlib.util import find_spec

from detector.archive.settings import ScanSetup
from detector.camera.examiner import Examiner
from detector.camera.view import CameraView
from detector.errors import ExtraMissingError
from detector.pipeline import Pipeline, PipelineSettings


class Workshop:
    """The setup, and a pipeline that is ready. Used from one thread at a time."""

    def __init__(self, setup: ScanSetup) -> None:
        """Load the model.

        Raises:
            StreetIssueError: It cannot be loaded, or is not the one of the setup.
            ExtraMissingError: PyAV is not installed.
        """
        if find_spec("av") is None:
            raise ExtraMissingError("camera", "Looking through videos")
        self.setup = setup
        self.pipeline_settings = PipelineSettings(
            min_score=setup.keep_score, thresholds=setup.thresholds
        )
        self._detector = setup.load()
        self.pipeline = Pipeline(self._detector, self.pipeline_settings)

    def view_of(self, camera: str | None) -> CameraView:
        """Return what counts before a camera; of a video of no camera, what counts by default."""
        return self.setup.views.of(camera or "")

    def examiner_of(self, camera: str | None) -> Examiner:
        """Return an eye that has seen nothing yet: a chunk must not depend on the one before."""
        return Examiner(self.pipeline, self.view_of(camera), self.setup.gate)

    def close(self) -> None:
        """Free the model."""
        self._detector.close()
