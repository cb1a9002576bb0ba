"""Turn trained weights into the network file of a bundle, and show that it answers the same."""

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from training.errors import TrainingError
from training.parity import Difference, check_parity, make_tensors, run_both

NEEDED: Final = ("torch", "ultralytics", "onnx", "onnxslim")
"""onnxslim also works out the output's shape, which a bundle's check reads."""
OPSET: Final = 17
"""Understood by ONNX Runtime 1.13 and OpenVINO 2022.3 and later."""


def export_network(
    weights: Path,
    size_px: int,
    out: Path,
    *,
    labels: tuple[str, ...] | None = None,
    one_to_many: bool = False,
) -> Difference:
    """Export with ultralytics: end-to-end rows (1, 300, 6), any input size that 32 divides.

    Args:
        weights: An ultralytics checkpoint with an end-to-end head.
        size_px: Side of the square that the export is traced with.
        out: The ONNX file to write; not written if the networks do not agree.
        labels: Answer for these only, in this order; None for all that it was trained for.
        one_to_many: Export this head in the place of the one-to-one head.

    Returns:
        How far the trained and the exported network's answers lie apart on made-up pictures.

    Raises:
        ParityError: They do not agree.
        TrainingError: The weights cannot be loaded, or torch is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "network.pt"  # ultralytics writes beside the weights
        shutil.copyfile(weights, copy)
        if labels is not None:
            from training.network import keep_labels

            keep_labels(copy, labels, copy)
        if one_to_many:
            from training.network import serve_one_to_many

            serve_one_to_many(copy, copy)
        exported = _export(copy, size_px)
        answers = list(run_both(copy, exported, make_tensors(size_px)))
        difference = check_parity(answers)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(exported, out)
    return difference


def _export(weights: Path, size_px: int) -> Path:
    # Without onnx and onnxslim ultralytics would try to install them.
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise TrainingError(
            "extra_missing",
            f"Export needs {', '.join(missing)}, which is not installed.",
            'Install it: pip install "street-issue-detector[train]".',
        )
    from ultralytics import YOLO

    settings: dict[str, Any] = {
        "format": "onnx",
        "imgsz": size_px,
        # Since 8.4 YOLO26 is exported end-to-end only when told so.
        "end2end": True,
        "simplify": True,
        "opset": OPSET,
        "dynamic": True,
        "device": "cpu",
    }
    try:
        YOLO(weights).export(**settings)
    except Exception as error:  # whatever torch and ultralytics raise on what they cannot export
        raise TrainingError("export_failed", f"The export failed: {error}.") from error
    return weights.with_suffix(".onnx")
