"""2 MP photos: what the pipeline reaches of the bare network's throughput on the same cores."""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.photos import write_photos
from benchmarks.throughput import MODES
from detector.decode import decode_photo, hash_photo
from detector.letterbox import apply_letterbox, fit_letterbox
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.models.network import NetworkDetector, usable_cores
from detector.pipeline import Pipeline
from detector.sources import PathSource

PHOTO_WH = (1632, 1224)
COUNT = 96
ROUNDS = 5


def rate_of(work: Callable[[], int]) -> float:
    """Return the median of items per second over some rounds, after a warm-up."""
    work()
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        count = work()
        rates.append(count / (time.perf_counter() - started))
    return sorted(rates)[ROUNDS // 2]


def core_ms(work: Callable[[], object], times: int = 30) -> float:
    """Return the median time of a step on one core, in milliseconds."""
    spans = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        spans.append((time.perf_counter() - started) * 1000)
    return sorted(spans)[times // 2]


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    workers = usable_cores()
    bundle = load_bundle(DEFAULT_BUNDLE)
    lines = [
        f"{COUNT} photos of {PHOTO_WH[0]}×{PHOTO_WH[1]} px, {workers} workers. The bare network "
        "is fed the same prepared input over and over by as many threads.",
        "",
        "| runtime | bare network, per s | pipeline, photos/s | share |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        paths = write_photos(Path(name), COUNT, PHOTO_WH)
        sources = [PathSource(path) for path in paths]
        for runtime, precision in MODES:
            detector = load_detector(bundle, runtime, RuntimeOptions(None, workers, precision))
            assert isinstance(detector, NetworkDetector)
            pipeline = Pipeline(detector)
            bare = rate_of(lambda detector=detector: _feed(detector, workers))  # type: ignore[misc]
            full = rate_of(
                lambda pipeline=pipeline: len(list(pipeline.score_many(sources, workers)))  # type: ignore[misc]
            )
            lines.append(f"| {runtime} {precision} | {bare:.1f} | {full:.1f} | {full / bare:.0%} |")
            detector.close()
        lines += ["", "Where the rest of the time goes, on one core:", ""]
        lines += _profile(paths[0])
        lines += ["", "The same steps for a photo of 4000×3000 px:", ""]
        lines += _profile(write_photos(Path(name) / "large", 1, (4000, 3000))[0])
    return lines


def _feed(detector: NetworkDetector, workers: int) -> int:
    width, height = detector.manifest.network.sizes_wh[0]
    fitted = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)

    def one(_: int) -> None:
        detector._infer(fitted)  # the bare network is what is measured

    with ThreadPoolExecutor(workers) as pool:
        return sum(1 for _ in pool.map(one, range(COUNT)))


def _profile(path: Path) -> list[str]:
    data = path.read_bytes()
    image = decode_photo(data, sees_wh=(640, 640)).image
    letterbox = fit_letterbox((image.shape[1], image.shape[0]), (640, 640))
    steps: dict[str, Callable[[], object]] = {
        "read the file": path.read_bytes,
        "sha256": lambda: hash_photo(data),
        "decode": lambda: decode_photo(data, sees_wh=(640, 640)),
        "letterbox": lambda: apply_letterbox(image, letterbox, 114),
    }
    return [f"- {step}: {core_ms(work):.2f} ms" for step, work in steps.items()]


if __name__ == "__main__":
    print("\n".join(measure()))
