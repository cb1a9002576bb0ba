"""The exported network must answer as the trained one: the same tensors through both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from training.errors import TrainingError

Rows = npt.NDArray[np.float32]
"""(N, 6): x1, y1, x2, y2, score, class; best first."""

COMPARED_ROWS: Final = 50
"""Of 300: the weakest rows change places over a rounding."""
MOST_BOX_PX: Final = 0.5
MOST_SCORE: Final = 0.001
"""Far more than the same sums in another order come to (0.001 px and 0.000002 for the shipped
network), far less than anybody would see."""


class ParityError(TrainingError):
    """The exported network does not answer as the trained one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two networks' answers lie apart, at worst."""

    box_px: float
    score: float
    n_rows: int
    """Rows that were compared."""


def compare_rows(ours: Rows, theirs: Rows) -> Difference:
    """Compare each of the best rows of one network with its like among all rows of the other.

    Args:
        ours: (N, 6), best first.
        theirs: (M, 6), in any order.

    Returns:
        The worst difference; infinite where a row has no like of its class.
    """
    box_px = score = 0.0
    best = ours[:COMPARED_ROWS]
    for row in best:
        same = theirs[np.rint(theirs[:, 5]) == np.rint(row[5])]
        if not len(same):
            return Difference(float("inf"), float("inf"), len(best))
        apart_px = np.abs(same[:, :4] - row[:4]).max(axis=1)
        apart = np.abs(same[:, 4] - row[4])
        # The like is the nearest in units of what is allowed.
        like = (apart_px / MOST_BOX_PX + apart / MOST_SCORE).argmin()
        box_px, score = max(box_px, float(apart_px[like])), max(score, float(apart[like]))
    return Difference(box_px, score, len(best))


def check_parity(answers: Sequence[tuple[Rows, Rows]]) -> Difference:
    """Compare both ways on some pictures.

    Args:
        answers: Per picture what the trained and what the exported network put out.

    Raises:
        ParityError: A box or a score lies further apart than is allowed.
    """
    found = [compare_rows(a, b) for pair in answers for a, b in (pair, pair[::-1])]
    worst = Difference(
        max(one.box_px for one in found),
        max(one.score for one in found),
        sum(one.n_rows for one in found),
    )
    if worst.box_px > MOST_BOX_PX or worst.score > MOST_SCORE:
        raise ParityError(
            "parity",
            f"The exported network differs from the trained one by {worst.box_px:.3f} px and "
            f"{worst.score:.5f} of score; {MOST_BOX_PX} px and {MOST_SCORE} are allowed.",
            "Nothing was written. Try another version of torch, onnx or ultralytics.",
        )
    return worst


def run_both(
    weights: Path, network: Path, tensors: Sequence[npt.NDArray[np.float32]]
) -> Iterator[tuple[Rows, Rows]]:
    """Run the trained and the exported network on the same tensors.

    Args:
        weights: An ultralytics checkpoint.
        network: The ONNX file made of it.
        tensors: float32 (1, 3, H, W), in [0, 1].

    Yields:
        Per tensor the rows of both.
    """
    import onnxruntime
    import torch
    from ultralytics import YOLO

    model: Any = YOLO(weights).model.float().eval()
    model.model[-1].end2end = True
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for tensor in tensors:
        with torch.inference_mode():
            put_out = model(torch.from_numpy(tensor))
        trained = put_out[0] if isinstance(put_out, list | tuple) else put_out
        exported: Rows = session.run(None, {name: tensor})[0][0]
        yield np.asarray(trained[0], np.float32), exported


def make_tensors(side_px: int, seed: int = 0) -> list[npt.NDArray[np.float32]]:
    """Return made-up pictures: smooth noise with rectangles, square, wide and upright."""
    rng = np.random.default_rng(seed)
    tensors = []
    half_px = max(64, side_px // 64 * 32)
    for height, width in ((side_px, side_px), (half_px, side_px), (side_px, half_px)):
        coarse = rng.integers(0, 256, (12, 16, 3), np.uint8)
        picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        for _ in range(12):
            x, y = rng.integers(0, width - 16), rng.integers(0, height - 16)
            colour = rng.integers(0, 256, 3).tolist()
            end = (int(x + rng.integers(16, 200)), int(y + rng.integers(16, 200)))
            cv2.rectangle(picture, (int(x), int(y)), end, colour, cv2.FILLED)
        tensors.append(np.asarray(cv2.dnn.blobFromImage(picture, 1 / 255), np.float32))
    return tensors
