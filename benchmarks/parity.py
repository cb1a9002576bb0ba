"""OpenVINO against ONNX Runtime fp32 on 200 photos of ../shared/data."""

from pathlib import Path

import numpy as np

from benchmarks.processes import ROOT
from detector.decode import decode_photo
from detector.geometry import box_iou
from detector.models import RuntimeOptions, load_detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.models.manifest import PRECISIONS

SHARED = ROOT.parent / "shared" / "data"
COUNT = 200
LEAST_SCORE = 0.1


def find_photos() -> list[Path]:
    """Return the same 200 photos as the parity test."""
    every = sorted(SHARED.glob("val/*/images/*.jpg"))[::3]
    return (every + sorted(SHARED.glob("train/bins_montevideo/images/*.jpg")))[:COUNT]


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    if not SHARED.is_dir():
        return [f"Not measured: needs the photos of {SHARED.name}."]
    images = [decode_photo(path.read_bytes(), sees_wh=(640, 640)).image for path in find_photos()]
    bundle = load_bundle(DEFAULT_BUNDLE)
    reference = load_detector(bundle, "onnxruntime").detect(images)
    lines = [
        f"{len(images)} photos, boxes that score at least {LEAST_SCORE} on ONNX Runtime fp32, each "
        "with the box of its label that overlaps it most.",
        "",
        "| OpenVINO | boxes | least IoU | IoU < 0.90 | mean Δscore | largest Δscore "
        "| Δscore > 0.03 |",
        "|---|---|---|---|---|---|---|",
    ]
    for precision in PRECISIONS:
        other = load_detector(bundle, "openvino", RuntimeOptions(precision=precision))
        ious: list[float] = []
        differences: list[float] = []
        for expected, actual in zip(reference, other.detect(images), strict=True):
            for i in np.flatnonzero(expected.scores >= LEAST_SCORE):
                rivals = actual.take(np.flatnonzero(actual.class_ids == expected.class_ids[i]))
                row = box_iou(expected.boxes_xyxy[i : i + 1], rivals.boxes_xyxy)[0]
                best = int(row.argmax()) if len(row) else -1
                ious.append(float(row[best]) if len(row) else 0.0)
                score = float(rivals.scores[best]) if len(row) else 0.0
                differences.append(abs(float(expected.scores[i]) - score))
        iou, difference = np.array(ious), np.array(differences)
        lines.append(
            f"| {other.runtime} | {len(iou)} | {iou.min():.3f} | {(iou < 0.9).sum()} "
            f"| {difference.mean():.4f} | {difference.max():.3f} | {(difference > 0.03).sum()} |"
        )
        other.close()
    return lines


if __name__ == "__main__":
    print("\n".join(measure()))
