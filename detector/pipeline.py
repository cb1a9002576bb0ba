"""A photo's way through the house: decode, detect, judge."""

import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from detector.arrays import Image
from detector.decode import DecodeLimits, Photo, decode_photo, hash_photo
from detector.detections import ImageScore, ModelReference, ScoreFailure, ScoreWarning
from detector.errors import BundleError, EvidenceError, PhotoError, StreetIssueError
from detector.judging import Judgement, judge
from detector.models.base import Detector
from detector.models.manifest import ModelManifest
from detector.photo_facts import PhotoFacts
from detector.sources import PhotoSource
from detector.tiling import detect_in_tiles, sees_wh

logger = logging.getLogger(__name__)


class EvidenceReader(Protocol):
    """Reads more from the place of a finding, e.g. the text of a poster."""

    @property
    def label(self) -> str:
        """The label whose flagged findings it reads."""
        ...

    def read(self, image: Image, box_xyxy: tuple[float, float, float, float]) -> Mapping[str, Any]:
        """Read one place of the full-size picture; return JSON-ready evidence.

        Raises:
            EvidenceError: The place could not be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What a caller may set beside the bundle."""

    limits: DecodeLimits = field(default_factory=DecodeLimits)
    min_score: float | None = None
    """List findings under their threshold too, down to this score; None: flagged ones only."""
    readers: tuple[EvidenceReader, ...] = ()
    """Evidence to read from flagged findings, at full resolution."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Labels whose threshold differs from the bundle's."""


class Pipeline:
    """Scores photos with one detector. Safe to call from several threads."""

    def __init__(self, detector: Detector, settings: PipelineSettings | None = None) -> None:
        """Take a detector; the caller closes it.

        Raises:
            BundleError: A threshold is set for a label that the model does not flag, or it is
                no score.
        """
        self._detector = detector
        self._settings = settings or PipelineSettings()
        manifest = _with_thresholds(detector.manifest, self._settings.thresholds)
        self._manifest = manifest
        self._model = ModelReference(manifest.name, manifest.version, manifest.sha256)
        self._sees_wh = sees_wh(manifest.network.largest_wh, manifest.tiles)

    @property
    def detector(self) -> Detector:
        """The detector given."""
        return self._detector

    def score(self, image: Image, source: str = "") -> ImageScore:
        """Score a picture that is in memory already, such as a camera's frame.

        Args:
            image: uint8 (H, W, 3), BGR, upright.
            source: Its name in the answer.

        Raises:
            InferenceError: The runtime failed.
        """
        started = time.perf_counter()
        height, width = image.shape[:2]
        judgement = self._judge(image, (width, height), source)
        return self._answer(source, started, image_wh=(width, height), judgement=judgement)

    def score_bytes(
        self, data: bytes, source: str = "", *, see: Callable[[Image], None] | None = None
    ) -> ImageScore:
        """Score a photo's file.

        Args:
            data: The file's bytes.
            source: Its name in the answer.
            see: Called with the decoded picture, read-only and perhaps smaller than the photo,
                for a caller who wants more from it: decoding twice would be dear. Not called for
                a photo that cannot be decoded.

        Returns:
            The answer; what is wrong with the photo stands in its `error`.
        """
        started = time.perf_counter()
        sha256 = hash_photo(data)
        try:
            photo = decode_photo(
                data, name=source, sees_wh=self._sees_wh, limits=self._settings.limits
            )
            if see is not None:
                see(photo.image)
            judgement = self._judge(photo.image, photo.full_wh, sha256[:16])
            judgement, unread = self._read_evidence(judgement, photo, data)
        except Exception as error:  # One bad photo must not end the batch; see `_describe`.
            return self._answer(source, started, sha256=sha256, error=_describe(error, source))
        return self._answer(
            source,
            started,
            sha256=sha256,
            image_wh=photo.full_wh,
            judgement=judgement,
            photo=replace(photo, warnings=(*photo.warnings, *unread)),
        )

    def score_source(self, source: PhotoSource) -> ImageScore:
        """Read and score one photo; what is wrong with it stands in the answer's `error`."""
        started = time.perf_counter()
        try:
            data = source.read(self._settings.limits.max_file_bytes)
        except Exception as error:  # As in `score_bytes`.
            return self._answer(source.name, started, error=_describe(error, source.name))
        return self.score_bytes(data, source.name)

    def score_many(self, sources: Iterable[PhotoSource], workers: int = 1) -> Generator[ImageScore]:
        """Score photos, several at a time: one decodes while another is in the network.

        Args:
            sources: Read when their turn comes, so any number may come.
            workers: Photos in work at the same time.

        Yields:
            Answers in input order.
        """
        with ThreadPoolExecutor(workers, thread_name_prefix="score") as pool:
            waiting: deque[Future[ImageScore]] = deque()
            try:
                for source in sources:
                    waiting.append(pool.submit(self.score_source, source))
                    # Twice the workers keeps them busy and the memory flat; what is done goes
                    # out at once, because the next source may be long in coming.
                    while waiting and (len(waiting) >= 2 * workers or waiting[0].done()):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _judge(self, image: Image, full_wh: tuple[int, int], id_prefix: str) -> Judgement:
        manifest = self._manifest
        if manifest.tiles is None:
            detections = self._detector.detect([image])[0]
        else:
            detections = detect_in_tiles(self._detector, image, manifest.tiles)
        height, width = image.shape[:2]
        return judge(
            detections,
            manifest,
            scale_xy=(full_wh[0] / width, full_wh[1] / height),
            full_wh=full_wh,
            min_score=self._settings.min_score,
            id_prefix=id_prefix,
        )

    def _read_evidence(
        self, judgement: Judgement, photo: Photo, data: bytes
    ) -> tuple[Judgement, list[ScoreWarning]]:
        """Let the readers see flagged findings in full resolution, decoded again on demand.

        A place that cannot be read costs its evidence, not its finding: it becomes a warning.
        """
        readers = {reader.label: reader for reader in self._settings.readers}
        wanted = [one for one in judgement.findings if one.flagged and one.label in readers]
        if not wanted:
            return judgement, []
        image = photo.image
        if photo.scale_xy != (1.0, 1.0):
            image = decode_photo(data, limits=self._settings.limits).image
        read: dict[str, Mapping[str, Any]] = {}
        unread: list[ScoreWarning] = []
        for finding in wanted:
            try:
                read[finding.id] = readers[finding.label].read(image, finding.box_xyxy)
            except EvidenceError as error:
                unread.append(ScoreWarning("evidence_unread", f"{finding.id}: {error.message}"))
        findings = tuple(
            replace(one, evidence=read[one.id]) if one.id in read else one
            for one in judgement.findings
        )
        return replace(judgement, findings=findings), unread

    def _answer(
        self,
        source: str,
        started: float,
        *,
        sha256: str | None = None,
        image_wh: tuple[int, int] | None = None,
        judgement: Judgement | None = None,
        photo: Photo | None = None,
        error: ScoreFailure | None = None,
    ) -> ImageScore:
        return ImageScore(
            source=source,
            sha256=sha256,
            image_wh=image_wh,
            findings=() if judgement is None else judgement.findings,
            context=() if judgement is None else judgement.context,
            facts=PhotoFacts() if photo is None else photo.facts,
            warnings=() if photo is None else photo.warnings,
            model=self._model,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 2),
            error=error,
        )


def _with_thresholds(manifest: ModelManifest, thresholds: Mapping[str, float]) -> ModelManifest:
    if not thresholds:
        return manifest
    for label, threshold in thresholds.items():
        if label not in manifest.thresholds:
            raise BundleError(
                "thresholds_invalid",
                f"A threshold is set for {label!r}, which {manifest.name} {manifest.version} "
                "does not flag.",
                f"It flags {', '.join(manifest.thresholds)}.",
            )
        if not 0 <= threshold <= 1:
            raise BundleError(
                "thresholds_invalid", f"The threshold of {label!r} is {threshold}, not in [0, 1]."
            )
    merged = MappingProxyType({**manifest.thresholds, **thresholds})
    return replace(manifest, thresholds=merged)


def _describe(error: Exception, source: str) -> ScoreFailure:
    """Put an error into words for the answer; what nobody foresaw is logged with its trace."""
    if isinstance(error, PhotoError):
        return ScoreFailure(error.code, error.message, error.hint)
    if isinstance(error, StreetIssueError):
        return ScoreFailure("inference_failed", error.message, error.hint)
    logger.error("Unforeseen error while scoring %s", source, exc_info=error)
    kind = "memory ran out" if isinstance(error, MemoryError) else type(error).__name__
    return ScoreFailure(
        "internal",
        f"The photo could not be scored: {kind}.",
        "This is a fault of the software or the machine, not of the photo; see the log.",
    )
