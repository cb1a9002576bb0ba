"""Turn a network's convolutions into int8, with scales measured on photos.

The result is an ONNX file with QuantizeLinear and DequantizeLinear nodes ("QDQ"), which ONNX
Runtime and OpenVINO both run. The first layer, the attention blocks and the layers that put out
edges and scores stay in floating point: 256 steps are few there. onnxruntime.quantization does it,
which comes with ONNX Runtime and needs onnx beside it (the extra `train` has it); NNCF would bring
scikit-learn and ten more packages for the same kind of file.
"""

import logging
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from detector.decode import decode_photo
from detector.letterbox import apply_letterbox, fit_letterbox
from detector.models.bundle import Bundle
from training.errors import TrainingError

QUANTISED: Final = ("Conv",)
KEPT: Final = re.compile(r"^/model\.0/|/attn/|/one2one_cv\d\.\d/one2one_cv\d\.\d\.2/Conv$")
"""Names of nodes of a YOLO26 network that stay in floating point."""
PERCENTILE: Final = 99.99
"""Of the values met: the few beyond would widen every step; docs/model-trainer.md has the loss."""
MOST_PICTURES: Final = 64
"""The histograms of all layers are kept in memory at once."""


def picture_tensor(path: Path, bundle: Bundle) -> npt.NDArray[np.float32]:
    """Return a photo as the network is fed it: float32 (1, 3, H, W).

    All have one size, the frame that holds every input size: the histograms need that.

    Raises:
        PhotoError: It cannot be decoded.
    """
    network = bundle.manifest.network
    image = decode_photo(path.read_bytes(), name=str(path), sees_wh=network.largest_wh).image
    source_wh = (image.shape[1], image.shape[0])
    fit = fit_letterbox(source_wh, network.largest_wh)
    fitted = apply_letterbox(image, fit, network.pad_value)
    blob = cv2.dnn.blobFromImage(fitted, 1 / network.divisor, swapRB=network.channel_order == "rgb")
    return np.asarray(blob, np.float32)


def quantise_network(bundle: Bundle, photos: Sequence[Path], out: Path) -> None:
    """Write the bundle's network in int8.

    Args:
        bundle: Its network is the one to quantise, its manifest says how photos are fed.
        photos: Photos as the network will meet them, not ones it is judged on.
        out: The ONNX file to write.

    Raises:
        TrainingError: There are no photos, or onnx is not installed.
    """
    if not photos:
        raise TrainingError("photos_missing", "int8 needs photos to measure ranges on.")
    try:
        import onnx
        from onnxruntime.quantization import (
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_static,
        )
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ModuleNotFoundError as error:
        raise TrainingError(
            "extra_missing",
            f"Export to int8 needs {error.name}, which is not installed.",
            'Install it: pip install "street-issue-detector[train]".',
        ) from error
    step = max(1, len(photos) // MOST_PICTURES)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        logging.getLogger("onnxruntime").setLevel(logging.ERROR)
        quant_pre_process(str(bundle.network_path), str(prepared), skip_symbolic_shape=True)
        names = [node.name for node in onnx.load(prepared).graph.node]
        quantize_static(
            str(prepared),
            str(out),
            _Feed(bundle, photos[::step][:MOST_PICTURES]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_exclude=[name for name in names if KEPT.search(name)],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": PERCENTILE},
        )


class _Feed:
    """Photos one after another, as onnxruntime.quantization asks for them."""

    def __init__(self, bundle: Bundle, photos: Sequence[Path]) -> None:
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(bundle.network_path), providers=["CPUExecutionProvider"]
        )
        self._name: str = session.get_inputs()[0].name
        self._tensors: Iterator[Any] = (picture_tensor(path, bundle) for path in photos)

    def get_next(self) -> Mapping[str, Any] | None:
        """Return the next photo by the input's name; None at the end."""
        tensor = next(self._tensors, None)
        return None if tensor is None else {self._name: tensor}
