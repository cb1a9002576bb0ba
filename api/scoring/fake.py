"""A pool that answers as it is told: for tests."""

from collections.abc import Callable
from concurrent.futures import Future
from hashlib import sha256
from typing import TypeVar

from api.errors import BusyError
from api.scoring.base import Comparison, PictureRequest, Scored
from detector.detections import Finding, ImageScore, ModelReference
from detector.photo_facts import PhotoFacts

T = TypeVar("T")

MODEL = ModelReference("fake", "0.0.0", "0" * 64)
LABELS = ("illegal_poster", "overflowing_bin", "street_vending", "site_dust")


def fake_score(data: bytes, source: str = "", findings: tuple[Finding, ...] = ()) -> ImageScore:
    """Return the answer for a photo of 1000 × 1000 pixels with these findings."""
    return ImageScore(
        source=source,
        sha256=sha256(data).hexdigest(),
        image_wh=(1000, 1000),
        findings=findings,
        context=(),
        facts=PhotoFacts(),
        warnings=(),
        model=MODEL,
        elapsed_ms=1.0,
        error=None,
    )


class FakePool:
    """Answers at once, in the caller's thread."""

    def __init__(
        self,
        findings: Callable[[bytes], tuple[Finding, ...]] = lambda _: (),
        comparison: Comparison | None = None,
    ) -> None:
        """Take a function from a file's bytes to its findings."""
        self.full = False
        self.alive = True
        self.findings = findings
        self.comparison = comparison or Comparison(128, 200, 100, (500, 500))

    model = MODEL
    labels = LABELS
    busy = 0

    def is_alive(self) -> bool:
        """Tell what the test set."""
        return self.alive

    def has_room(self) -> bool:
        """Tell what the test set."""
        return not self.full

    def score(self, data: bytes, source: str = "", *, to_keep: bool = True) -> Future[Scored]:
        """Answer with the function's findings."""
        self._take_place()
        digest = sha256(data).hexdigest() if to_keep else None
        return _done(Scored(fake_score(data, source, self.findings(data)), digest))

    def picture(self, data: bytes, request: PictureRequest) -> Future[bytes]:
        """Return bytes that name the request."""
        self._take_place()
        return _done(b"\xff\xd8picture:%d:" % request.longest_side_px + data[:8])

    def compare(self, before: bytes, after: bytes) -> Future[Comparison]:
        """Return the comparison given, or that of a picture with itself."""
        self._take_place()
        return _done(Comparison(0, 500, 500, (500, 500)) if before == after else self.comparison)

    def close(self) -> None:
        """Nothing to stop."""

    def _take_place(self) -> None:
        if self.full:
            raise BusyError("pool_full", "Every worker is busy.", retry_after_s=1)


def _done(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future
