"""What a network puts out -> Detections, in the picture's own pixels."""

import numpy as np
import numpy.typing as npt

from detector.arrays import BoxArray, ClassIdArray, ScoreArray
from detector.detections import Detections
from detector.errors import InferenceError
from detector.geometry import suppress
from detector.letterbox import Letterbox, undo_letterbox
from detector.models.manifest import ModelManifest

END_TO_END_COLUMNS = 6
"""x1, y1, x2, y2, score, class: one row a box (YOLO26 and YOLOv10 heads)."""
BOX_ROWS = 4
"""Centre x, centre y, width, height: the first rows of a raw head's output."""
LEAST_SIDE_PX = 1.0
"""A box thinner than a source pixel is no box."""


def check_output_shape(shape: tuple[int, ...], manifest: ModelManifest) -> str | None:
    """Say what is wrong with a network's output shape, or None.

    Args:
        shape: Without the batch: (300, 6) end-to-end, (4 + C, N) raw; -1 is unknown.
        manifest: What the bundle promises.
    """
    if manifest.output_layout == "end_to_end":
        if len(shape) == 2 and shape[1] == END_TO_END_COLUMNS:
            return None
        return f"puts out {shape} where end-to-end rows of 6 are promised"
    wanted = BOX_ROWS + len(manifest.classes)
    if len(shape) == 2 and shape[0] == wanted:
        return None
    return f"puts out {shape} where {wanted} rows (4 + {len(manifest.classes)} labels) are promised"


def read_output(
    output: npt.NDArray[np.float32], letterbox: Letterbox, manifest: ModelManifest
) -> Detections:
    """Turn one picture's output into detections.

    Args:
        output: float32 (N, 6) end-to-end or (4 + C, N) raw, model-input pixels.
        letterbox: How the picture was fitted.
        manifest: Layout, labels, floor score and suppression.

    Returns:
        Boxes in the picture's pixels at or above the floor score, repeats dropped.

    Raises:
        InferenceError: The output holds values that are not finite, or unknown classes.
    """
    if not np.isfinite(output).all():
        raise InferenceError("bad_output", "The network put out values that are not numbers.")
    if manifest.output_layout == "end_to_end":
        boxes, scores, class_ids = _read_end_to_end(output, manifest.floor_score)
    else:
        boxes, scores, class_ids = _read_raw(output, manifest.floor_score)
    if len(class_ids) and not 0 <= class_ids.min() <= class_ids.max() < len(manifest.classes):
        raise InferenceError("bad_output", "The network named a class that the bundle has not.")
    boxes = undo_letterbox(boxes, letterbox)
    sides = boxes[:, 2:] - boxes[:, :2]
    real = (sides >= LEAST_SIDE_PX).all(axis=1)
    boxes, scores, class_ids = boxes[real], scores[real], class_ids[real]
    kept = suppress(
        boxes,
        scores,
        class_ids,
        max_iou=manifest.suppression.max_iou,
        max_containment=manifest.suppression.max_containment,
    )
    return Detections(boxes[kept], scores[kept], class_ids[kept], manifest.classes)


def _read_end_to_end(
    output: npt.NDArray[np.float32], floor_score: float
) -> tuple[BoxArray, ScoreArray, ClassIdArray]:
    rows = output[output[:, 4] >= floor_score]
    scores = np.minimum(rows[:, 4], np.float32(1))
    return rows[:, :4], scores, np.rint(rows[:, 5]).astype(np.int64)


def _read_raw(
    output: npt.NDArray[np.float32], floor_score: float
) -> tuple[BoxArray, ScoreArray, ClassIdArray]:
    class_scores = output[BOX_ROWS:]
    best = class_scores.argmax(axis=0)
    scores = np.take_along_axis(class_scores, best[None], axis=0)[0]
    likely = scores >= floor_score
    centres, sides = output[:2, likely].T, output[2:4, likely].T
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    return (
        boxes.astype(np.float32),
        np.minimum(scores[likely], np.float32(1)),
        best[likely].astype(np.int64),
    )
