"""What a worker process does with a task. Nothing of this runs in the server's own process."""

from collections.abc import Callable, Iterator
from typing import Protocol

import cv2
import numpy as np

from api.scoring.base import Scored
from api.scoring.compare import compare_photos
from api.scoring.pictures import make_picture
from api.scoring.tasks import (
    CompareTask,
    Done,
    PictureTask,
    Ready,
    ScoreTask,
    Task,
    WorkPlan,
)
from datasets.dedupe import hash_image
from detector.arrays import Image
from detector.decode import DecodeLimits
from detector.detections import ImageScore, ModelReference
from detector.evidence.privacy import Privacy, open_privacy
from detector.models import Detector, RuntimeOptions, load_detector
from detector.models.bundle import find_bundle, load_bundle
from detector.pipeline import Pipeline, PipelineSettings


class Work(Protocol):
    """Does the tasks of one worker process, one after the other."""

    @property
    def ready(self) -> Ready:
        """What it says when it is set up."""
        ...

    def do(self, task: Task, photos: tuple[bytes, ...]) -> Iterator[Done]:
        """Do a task; each result replaces the one before.

        Raises:
            PhotoError: A photo cannot be decoded.
            StreetIssueError: Something else failed.
        """
        ...


OpenWork = Callable[[WorkPlan], Work]


class DetectorWork:
    """Work with a detector."""

    def __init__(
        self, pipeline: Pipeline, shadow: Pipeline | None = None, limits: DecodeLimits | None = None
    ) -> None:
        """Take the pipeline that answers, and one whose answers are kept beside."""
        self._pipeline = pipeline
        self._shadow = shadow
        self._limits = limits or DecodeLimits()
        self._privacy: Privacy | None = None

    @property
    def ready(self) -> Ready:
        """The model that answers."""
        manifest = self._pipeline.detector.manifest
        model = ModelReference(manifest.name, manifest.version, manifest.sha256)
        return Ready(model, tuple(manifest.thresholds))

    def do(self, task: Task, photos: tuple[bytes, ...]) -> Iterator[Done]:
        """See `Work.do`."""
        match task:
            case ScoreTask(source, to_keep=False):
                yield Done(Scored(self._pipeline.score_bytes(photos[0], source), None))
            case ScoreTask(source):
                yield from self._score(photos[0], source)
            case PictureTask(request):
                if self._privacy is None:  # Most workers never make a picture.
                    self._privacy = open_privacy()
                yield Done(make_picture(photos[0], request, self._privacy, self._limits))
            case CompareTask():
                yield Done(compare_photos(photos[0], photos[1], self._limits))

    def _score(self, data: bytes, source: str) -> Iterator[Done]:
        hashes: list[str] = []

        def see(image: Image) -> None:
            hashes.append(hash_image(image).tobytes().hex())

        score = self._pipeline.score_bytes(data, source, see=see)
        scored = Scored(score, hashes[0] if hashes else None)
        if self._shadow is None:
            yield Done(scored)
            return
        # The answer leaves first: whatever the candidate does to this process, it stands.
        yield Done(scored, is_last=False)
        shadow: ImageScore = self._shadow.score_bytes(data, source)
        yield Done(Scored(scored.score, scored.perceptual_hash, shadow))


def open_work(plan: WorkPlan) -> DetectorWork:
    """Load the model, and the candidate if there is one.

    Raises:
        BundleError: A bundle is missing, damaged or does not fit.
        RuntimeUnavailableError: The runtime is unknown or not installed.
    """
    cv2.setNumThreads(plan.threads)
    limits = DecodeLimits(max_file_bytes=plan.max_photo_bytes)
    detector = _open_detector(plan.model, plan)
    pipeline = Pipeline(detector, PipelineSettings(limits=limits, thresholds=plan.thresholds))
    shadow = None
    if plan.shadow_model is not None:
        # With its own thresholds: the bureau chose its own for the model in use.
        candidate = _open_detector(str(plan.shadow_model), plan)
        shadow = Pipeline(candidate, PipelineSettings(limits=limits))
    return DetectorWork(pipeline, shadow, limits)


def _open_detector(model: str, plan: WorkPlan) -> Detector:
    bundle = load_bundle(find_bundle(model))
    detector = load_detector(bundle, plan.runtime, RuntimeOptions(plan.threads))
    # The first picture takes longer, with buffers laid out: here, where nobody waits.
    width, height = bundle.manifest.network.sizes_wh[0]
    detector.detect([np.zeros((height, width, 3), np.uint8)])
    return detector
