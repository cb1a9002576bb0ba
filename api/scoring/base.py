"""What the service asks of its workers."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from detector.detections import Finding, ImageScore, ModelReference


@dataclass(frozen=True, slots=True)
class Scored:
    """A photo's answer, with what can be told from its pixels while they are open."""

    score: ImageScore
    perceptual_hash: str | None
    """256 bits in hex (datasets.dedupe.hash_image); None if nobody asked for it, or the photo could
    not be decoded."""
    shadow: ImageScore | None = None
    """What the candidate model says."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two photos of one place have in common."""

    hash_bits: int
    """Bits in which their perceptual hashes differ, of 256."""
    matches: int
    """Local features that look alike."""
    inliers: int
    """Of those, the ones that one plane-to-plane view explains."""
    features: tuple[int, int]
    """Local features found in each."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """How a picture is to be served."""

    longest_side_px: int
    """It is shrunk to this, never grown."""
    hide_xyxy: tuple[tuple[float, float, float, float], ...] = ()
    """Further regions to blur, pixels of the full-size photo: plates that the model saw."""
    draw: tuple[Finding, ...] = ()
    """Findings to draw, boxes in pixels of the full-size photo."""


class ScoringPool(Protocol):
    """A bounded number of workers. Safe to call from several threads.

    The futures raise ScoringError (a picture hung or killed its worker, or the runtime failed)
    and, for `picture` and `compare`, detector's PhotoError for what cannot be decoded.
    """

    @property
    def model(self) -> ModelReference:
        """The model that scores."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """What it looks for."""
        ...

    @property
    def busy(self) -> int:
        """Tasks that run or wait."""
        ...

    def is_alive(self) -> bool:
        """Tell whether any worker is set up, or about to be."""
        ...

    def has_room(self) -> bool:
        """Tell whether a task would be taken now."""
        ...

    def score(self, data: bytes, source: str = "", *, to_keep: bool = True) -> Future[Scored]:
        """Score a photo's file; what is wrong with the photo stands in the answer's `error`.

        Args:
            data: The file's bytes.
            source: Its name in the answer.
            to_keep: Also hash it, and ask the candidate model; False: for the answer alone.

        Raises:
            BusyError: Every place is taken.
        """
        ...

    def picture(self, data: bytes, request: PictureRequest) -> Future[bytes]:
        """Return a JPEG without EXIF, faces and plates blurred.

        Raises:
            BusyError: Every place is taken.
        """
        ...

    def compare(self, before: bytes, after: bytes) -> Future[Comparison]:
        """Compare two photos.

        Raises:
            BusyError: Every place is taken.
        """
        ...

    def close(self) -> None:
        """Let running tasks end, refuse new ones, stop the workers."""
        ...
