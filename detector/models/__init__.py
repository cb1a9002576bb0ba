"""Models: bundles, and the runtimes that run them."""

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Final

from detector.errors import RuntimeUnavailableError
from detector.models.base import Detector, RuntimeOptions
from detector.models.bundle import Bundle

RUNTIMES: Final = ("auto", "onnxruntime", "openvino")

__all__ = ["RUNTIMES", "Detector", "RuntimeOptions", "load_detector"]


def load_detector(
    bundle: Bundle, runtime: str = "auto", options: RuntimeOptions | None = None
) -> Detector:
    """Make a bundle ready to run.

    Args:
        bundle: A checked bundle.
        runtime: One of `RUNTIMES`; auto takes ONNX Runtime where its CUDA build is installed,
            else OpenVINO where that is (it runs the network faster, see benchmarks/README.md,
            overlap; its start takes longer), else ONNX Runtime.
        options: Threads, workers and precision.

    Returns:
        A detector.

    Raises:
        RuntimeUnavailableError: The runtime is unknown or not installed.
        BundleError: The network does not fit its manifest.
    """
    if runtime not in RUNTIMES:
        raise RuntimeUnavailableError(
            "runtime_unknown",
            f"There is no runtime {runtime!r}.",
            f"Choose one of {', '.join(RUNTIMES)}.",
        )
    options = options or RuntimeOptions()
    installed = find_spec("openvino") is not None
    if runtime == "openvino" and not installed:
        raise RuntimeUnavailableError(
            "runtime_missing",
            "OpenVINO is not installed.",
            'Install it: pip install "street-issue-detector[openvino]", or use onnxruntime.',
        )
    if runtime == "onnxruntime" or not installed or (runtime == "auto" and _has_cuda_build()):
        return _on_onnxruntime(bundle, options)
    from detector.models.openvino_detector import OpenvinoDetector

    return OpenvinoDetector(bundle, options)


def _has_cuda_build() -> bool:
    """Tell from the installed wheel's name: importing ONNX Runtime to ask would cost 0.1 s."""
    try:
        distribution("onnxruntime-gpu")
    except PackageNotFoundError:
        return False
    return True


def _on_onnxruntime(bundle: Bundle, options: RuntimeOptions) -> Detector:
    if options.precision not in (None, "fp32"):
        raise RuntimeUnavailableError(
            "precision_unavailable",
            f"ONNX Runtime runs this network in fp32, not {options.precision}.",
            "Use the openvino runtime.",
        )
    from detector.models.onnx_detector import OnnxDetector

    return OnnxDetector(bundle, options)
