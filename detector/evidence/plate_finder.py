"""Chinese number plates, found by a small network; see plates/README.md for where it is from."""

import hashlib
from importlib.resources import files
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from detector.arrays import BoxArray, Image, ScoreArray
from detector.errors import EvidenceError
from detector.geometry import suppress, tile_windows

MODEL_SHA256: Final = "1bb07d364ba3b1cca8c27176d3ea6b5997b6264dea8c9304e092c618b112d5f0"
LEAST_SCORE: Final = 0.2
"""Low on purpose: a sign blurred for nothing costs less than a plate that is not. What is hidden at
which width stands in benchmarks/README.md, privacy."""
LEAST_ASPECT: Final = 1.4
"""Width over height. Car plates are 440 × 140 mm, motorcycles' 220 × 140 (GA 36-2018); what is
squarer are words on shop signs."""
TILE_PX: Final = 640
OVERLAP: Final = 0.25
"""A tile shares 160 px with the next: any plate that is looked for enlarged is whole in one."""
ZOOM: Final = 2
"""The smallest anchor is 24 px; enlarged, plates of half the width still reach it."""
WIDEST_ZOOMED_PX: Final = 160.0
"""Wider plates are found without enlarging; what is wider there is mostly shop signs."""
MEAN_BGR: Final = (104.0, 117.0, 123.0)
# The network's anchors: a RetinaFace on MobileNet 0.25, with the settings it was trained with.
STRIDES: Final = (8, 16, 32)
ANCHOR_SIDES_PX: Final = ((24, 48), (96, 192), (384, 768))
VARIANCES: Final = (0.1, 0.2)
MAX_IOU: Final = 0.4
MOST_CANDIDATES: Final = 300


class PlateFinder:
    """Looks at the picture in tiles, as they are and enlarged. Safe to call from threads."""

    def __init__(self, *, least_score: float = LEAST_SCORE, threads: int | None = None) -> None:
        """Load the network that comes with the package.

        Args:
            least_score: Keep what scores this much or more.
            threads: CPU threads; None leaves it to the runtime.

        Raises:
            EvidenceError: The network is missing, damaged or cannot be loaded.
        """
        import onnxruntime

        data = _read_model()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # Errors only: the old export warns on every node.
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session: Any = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no base of their own.
            raise EvidenceError(
                "privacy_unavailable", "The plate finder's network cannot be loaded."
            ) from error
        self._least_score = least_score

    def find(self, image: Image) -> BoxArray:
        """Return float32 (N, 4): plates, in pixels of `image`, best first.

        Raises:
            EvidenceError: The network failed.
        """
        height, width = image.shape[:2]
        views = [self._look(image, (0, 0, width, height), 1 / _shrink_for(width, height))]
        for window in tile_windows((width, height), (TILE_PX, TILE_PX), OVERLAP):
            if max(width, height) > 2 * TILE_PX:
                views.append(self._look(image, window, 1))
            boxes, scores = self._look(image, window, ZOOM)
            small = boxes[:, 2] - boxes[:, 0] < WIDEST_ZOOMED_PX
            views.append((boxes[small], scores[small]))
        boxes = np.concatenate([boxes for boxes, _ in views])
        scores = np.concatenate([scores for _, scores in views])
        sides = boxes[:, 2:] - boxes[:, :2]
        flat = sides[:, 0] >= LEAST_ASPECT * sides[:, 1]
        boxes, scores = boxes[flat], scores[flat]
        one_class = np.zeros(len(scores), np.int64)
        return boxes[suppress(boxes, scores, one_class, max_iou=MAX_IOU, max_containment=1)]

    def _look(
        self, image: Image, window: tuple[int, int, int, int], zoom: float
    ) -> tuple[BoxArray, ScoreArray]:
        x1, y1, x2, y2 = window
        wh = (max(1, round((x2 - x1) * zoom)), max(1, round((y2 - y1) * zoom)))
        way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        try:
            view = cv2.resize(image[y1:y2, x1:x2], wh, interpolation=way)
            shifted = view.astype(np.float32) - np.array(MEAN_BGR, np.float32)
            batch = np.ascontiguousarray(shifted.transpose(2, 0, 1)[None])
            offsets, odds = self._session.run(["loc", "conf"], {"image": batch})
        except MemoryError:
            raise
        except Exception as error:  # cv2.error and ONNX Runtime's, which share no base.
            raise EvidenceError(
                "privacy_failed", "The plate finder failed, so the picture is held back."
            ) from error
        boxes, scores = decode_plates(offsets[0], odds[0, :, 1], wh, self._least_score)
        scale = np.array([(x2 - x1) / wh[0], (y2 - y1) / wh[1]] * 2, np.float32)
        return boxes * scale + np.array([x1, y1, x1, y1], np.float32), scores


def _shrink_for(width: int, height: int) -> float:
    """Return how much the whole picture is shrunk to be seen at once, 1 if not at all."""
    return max(1.0, max(width, height) / (2 * TILE_PX))


def decode_plates(
    offsets: npt.NDArray[np.float32],
    scores: ScoreArray,
    input_wh: tuple[int, int],
    least_score: float,
) -> tuple[BoxArray, ScoreArray]:
    """Turn the network's output into boxes.

    Args:
        offsets: float32 (A, 4), centre and log size against the anchors.
        scores: float32 (A,).
        input_wh: Size of the network's input in pixels.
        least_score: Keep what scores this much or more.

    Returns:
        float32 (N, 4) input px and float32 (N,), best first, repeats dropped.
    """
    likely = np.flatnonzero(scores >= least_score)
    likely = likely[np.argsort(-scores[likely], kind="stable")][:MOST_CANDIDATES]
    anchors, delta = make_anchors(input_wh)[likely], offsets[likely]
    centres = anchors[:, :2] + delta[:, :2] * VARIANCES[0] * anchors[:, 2:]
    halves = anchors[:, 2:] * np.exp(delta[:, 2:] * VARIANCES[1]) / 2
    boxes = np.concatenate((centres - halves, centres + halves), axis=1).astype(np.float32)
    kept = suppress(
        boxes, scores[likely], np.zeros(len(boxes), np.int64), max_iou=MAX_IOU, max_containment=1
    )
    return boxes[kept], scores[likely][kept]


def make_anchors(input_wh: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return float32 (A, 4): centre x, y and sides of the anchors, in the network's order."""
    width, height = input_wh
    layers = []
    for stride, sides in zip(STRIDES, ANCHOR_SIDES_PX, strict=True):
        rows, columns = np.mgrid[: -(-height // stride), : -(-width // stride)]
        centres = (np.stack((columns, rows), axis=-1) + 0.5) * stride
        of_sides = [
            np.concatenate((centres, np.full_like(centres, side)), axis=-1) for side in sides
        ]
        layers.append(np.stack(of_sides, axis=2).reshape(-1, 4))
    return np.concatenate(layers).astype(np.float32)


def _read_model() -> bytes:
    path = files("detector.evidence") / "plates" / "clp_det.onnx"
    hint = "Install the package again."
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceError(
            "privacy_unavailable", "The plate finder's network is missing.", hint
        ) from error
    # A damaged network may load and find nothing, and then plates would be published.
    if hashlib.sha256(data).hexdigest() != MODEL_SHA256:
        raise EvidenceError("privacy_unavailable", "The plate finder's network is damaged.", hint)
    return data
