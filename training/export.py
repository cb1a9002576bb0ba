"""Turn trained weights into the network file of a bundle.

python -m training.export WEIGHTS.pt --size 640 --out model.onnx
"""

import argparse
import shutil
import tempfile
from pathlib import Path

OPSET = 17
"""Understood by ONNX Runtime 1.13 and OpenVINO 2022.3 and later."""


def export_network(weights: Path, size_px: int, out: Path) -> None:
    """Export with ultralytics: end-to-end rows (1, 300, 6), any input size that 32 divides.

    Args:
        weights: An ultralytics checkpoint with an end-to-end head.
        size_px: Side of the square that the export is traced with.
        out: The ONNX file to write.
    """
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "network.pt"  # ultralytics writes beside the weights
        shutil.copyfile(weights, copy)
        # Since 8.4 YOLO26 is exported end-to-end only when told so.
        YOLO(copy).export(
            format="onnx", imgsz=size_px, end2end=True, simplify=True, opset=OPSET, dynamic=True
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(copy.with_suffix(".onnx"), out)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.export")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    export_network(options.weights, options.size, options.out)


if __name__ == "__main__":
    main()
