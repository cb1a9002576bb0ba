"""Which machine a figure comes from."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from detector.models.network import usable_cores

PACKAGES = ("opencv-python", "simplejpeg", "onnxruntime", "openvino")


def describe_machine() -> str:
    """Return one line: processor, cores, versions, date."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="ascii", errors="ignore").splitlines()
        flags = next((line for line in lines if line.startswith("flags")), "")
        model = next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")), model
        )
        model += "".join(f", {name}" for name in ("avx512_bf16", "amx_bf16") if name in flags)
    packages = ", ".join(_installed(name) for name in PACKAGES)
    return (
        f"{model}; {usable_cores()} cores; Python {platform.python_version()}; {packages}; "
        f"{datetime.now(UTC):%Y-%m-%d}"
    )


def _installed(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"
