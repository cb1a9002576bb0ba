"""The bundle's network on ONNX Runtime: always there; CUDA where that build has it."""

import ast
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from detector.arrays import Image
from detector.errors import BundleError
from detector.models.base import RuntimeOptions
from detector.models.bundle import Bundle
from detector.models.network import NetworkDetector, usable_cores
from detector.models.output import check_output_shape

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class OnnxDetector(NetworkDetector):
    """A detector on ONNX Runtime."""

    def __init__(self, bundle: Bundle, options: RuntimeOptions) -> None:
        """Load the network.

        Raises:
            BundleError: The file is not a network, or not the one that the manifest describes.
        """
        super().__init__(bundle.manifest)
        settings = onnxruntime.SessionOptions()
        threads = options.threads or usable_cores()
        # Concurrent calls share one pool; with a thread each they do not wait for each other.
        settings.intra_op_num_threads = max(1, threads // options.workers)
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        offered = onnxruntime.get_available_providers()
        providers = [name for name in PROVIDERS if name in offered]
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(bundle.network_path), settings, providers=providers
            )
        except Exception as error:  # ONNX Runtime raises its own kinds.
            raise BundleError(
                "network_unreadable", f"{bundle.network_path} is not a readable network: {error}."
            ) from error
        self._input_name = self._session.get_inputs()[0].name
        self._on_gpu = self._session.get_providers()[0] == PROVIDERS[0]
        output = self._session.get_outputs()[0]
        check_network(
            bundle,
            _known(self._session.get_inputs()[0].shape),
            _known(output.shape)[1:],
            self._session.get_modelmeta().custom_metadata_map,
        )

    @property
    def runtime(self) -> str:
        """What runs it."""
        return f"onnxruntime {'cuda' if self._on_gpu else 'cpu'} fp32"

    def _infer(self, fitted: Image) -> npt.NDArray[np.float32]:
        network = self._manifest.network
        blob = cv2.dnn.blobFromImage(
            fitted, 1 / network.divisor, swapRB=network.channel_order == "rgb"
        )
        output: npt.NDArray[np.float32] = self._session.run(None, {self._input_name: blob})[0][0]
        return output

    def close(self) -> None:
        """Free the session."""
        super().close()
        self._session = None


def _known(shape: Sequence[object]) -> tuple[int, ...]:
    return tuple(side if isinstance(side, int) else -1 for side in shape)


def check_network(
    bundle: Bundle,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    metadata: dict[str, str],
) -> None:
    """Compare a network with its manifest.

    Args:
        bundle: The bundle.
        input_shape: The network's, (batch, channels, height, width), -1 where any will do.
        output_shape: The network's, without the batch, -1 where unknown.
        metadata: What the network's file says of itself; ultralytics writes `names`.

    Raises:
        BundleError: They do not fit.
    """
    wrong = check_output_shape(output_shape, bundle.manifest)
    for width, height in bundle.manifest.network.sizes_wh:
        wanted = (1, 3, height, width)
        fits = len(input_shape) == len(wanted) and all(
            side in (-1, want) for side, want in zip(input_shape, wanted, strict=True)
        )
        if wrong is None and not fits:
            wrong = f"takes {input_shape}, the manifest says {wanted}"
    names = metadata.get("names")
    if wrong is None and names is not None:
        try:
            written = ast.literal_eval(names)
            classes = tuple(written[i] for i in range(len(written)))
        except (ValueError, SyntaxError, KeyError, TypeError):
            classes = ()
        if classes != bundle.manifest.classes:
            wrong = f"was trained for {names}, the manifest says {list(bundle.manifest.classes)}"
    if wrong is not None:
        raise BundleError(
            "labels_mismatch",
            f"The network {bundle.network_path} {wrong}.",
            "Use the manifest that was exported with this network.",
        )
