"""The bundle's network on OpenVINO: faster on CPUs, in bf16 where they have it."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino.preprocess import ColorFormat, PrePostProcessor

from detector.arrays import Image
from detector.errors import BundleError, RuntimeUnavailableError
from detector.models.base import RuntimeOptions
from detector.models.bundle import Bundle
from detector.models.network import NetworkDetector, usable_cores
from detector.models.onnx_detector import check_network

FIRST_USE = threading.Lock()
PRECISION_HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenvinoDetector(NetworkDetector):
    """A detector on OpenVINO's CPU plugin.

    Conversion from uint8 BGR to the network's floats runs inside the compiled graph, and each
    calling thread has an inference request of its own.
    """

    def __init__(self, bundle: Bundle, options: RuntimeOptions) -> None:
        """Read and compile the network.

        Raises:
            BundleError: The file is not a network, or not the one that the manifest describes.
            RuntimeUnavailableError: OpenVINO cannot prepare it.
            InferenceError: It does not run.
        """
        super().__init__(bundle.manifest)
        self._core = ov.Core()
        self._bundle = bundle
        self._settings = _settings(bundle, options)
        self._compiled: dict[tuple[int, int], Any] = {}
        self._compiling = threading.Lock()
        self._local = threading.local()
        model = self._read()
        check_network(
            bundle, _known(model.inputs[0]), _known(model.outputs[0])[1:], _metadata(model)
        )
        commonest_wh = bundle.manifest.network.sizes_wh[0]
        used = str(self._compile(commonest_wh).get_property("INFERENCE_PRECISION_HINT"))
        self._precision = "bf16" if "bfloat16" in used or "bf16" in used else "fp32"
        # OpenVINO's Python layer fills static tables on first use while it lets go of the
        # interpreter lock: two threads that come first together wait for each other for ever.
        # So the first use is here, and alone.
        with FIRST_USE:
            self.detect([np.zeros((commonest_wh[1], commonest_wh[0], 3), np.uint8)])

    def _read(self) -> Any:
        try:
            return self._core.read_model(self._bundle.network_path)
        except Exception as error:  # OpenVINO raises RuntimeError of its own.
            raise BundleError(
                "network_unreadable",
                f"{self._bundle.network_path} is not a readable network: {error}.",
            ) from error

    def _compile(self, input_wh: tuple[int, int]) -> Any:
        """Return the network compiled for one input size; a fixed size runs faster than any."""
        with self._compiling:
            if input_wh not in self._compiled:
                model = self._read()
                try:
                    model.reshape([1, 3, input_wh[1], input_wh[0]])
                    self._compiled[input_wh] = self._core.compile_model(
                        _with_preprocessing(model, self._bundle), "CPU", self._settings
                    )
                except Exception as error:  # As above.
                    raise RuntimeUnavailableError(
                        "runtime_failed", f"OpenVINO cannot prepare the network: {error}."
                    ) from error
            return self._compiled[input_wh]

    @property
    def runtime(self) -> str:
        """What runs it."""
        return f"openvino cpu {self._precision}"

    def _infer(self, fitted: Image) -> npt.NDArray[np.float32]:
        requests: dict[tuple[int, ...], Any] = self._local.__dict__.setdefault("requests", {})
        request = requests.get(fitted.shape)
        if request is None:
            compiled = self._compile((fitted.shape[1], fitted.shape[0]))
            request = requests[fitted.shape] = compiled.create_infer_request()
        request.infer([fitted[None]], share_inputs=True)
        # The request's buffer is written again by the next call: hand out a copy.
        output: npt.NDArray[np.float32] = request.get_output_tensor(0).data[0].copy()
        return output

    def close(self) -> None:
        """Free the compiled network."""
        super().close()
        self._compiled = {}
        self._local = threading.local()


def _known(port: Any) -> tuple[int, ...]:
    shape = port.get_partial_shape()
    return tuple(side.get_length() if side.is_static else -1 for side in shape)


def _metadata(model: Any) -> dict[str, str]:
    """Return what the ONNX file says of itself; OpenVINO keeps it under `framework`."""
    if not model.has_rt_info(["framework", "names"]):
        return {}
    return {"names": str(model.get_rt_info(["framework", "names"]).value)}


def _with_preprocessing(model: Any, bundle: Bundle) -> Any:
    network = bundle.manifest.network
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(
        ov.Layout("NHWC")
    ).set_color_format(ColorFormat.BGR)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    convert = steps.input().preprocess().convert_element_type(ov.Type.f32)
    if network.channel_order == "rgb":
        convert = convert.convert_color(ColorFormat.RGB)
    convert.scale(network.divisor)
    return steps.build()


def _settings(bundle: Bundle, options: RuntimeOptions) -> dict[str, str | int | bool]:
    precision = options.precision
    if precision is None and "bf16" not in bundle.manifest.precisions:
        precision = "fp32"
    threads = options.threads or usable_cores()
    settings: dict[str, str | int | bool] = {
        "INFERENCE_NUM_THREADS": threads,
        # OpenVINO binds its threads to the first cores: of several processes that share a machine,
        # all would sit on the same ones (measured: two took twice as long as one).
        "ENABLE_CPU_PINNING": threads >= usable_cores(),
        "NUM_STREAMS": max(1, options.workers),
        "PERFORMANCE_HINT": "LATENCY" if options.workers <= 1 else "THROUGHPUT",
    }
    # Without a hint OpenVINO takes bf16 on CPUs that have it.
    if precision is not None:
        settings["INFERENCE_PRECISION_HINT"] = PRECISION_HINTS[precision]
    return settings
