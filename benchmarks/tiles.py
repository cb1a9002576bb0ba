"""What the second look in tiles earns, on photos that hold more than the model sees.

Four photos of ../shared/data/val, each 640 px on its longer side, are laid out two by two: the look
at the whole sees them at half size, the tiles at full size.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.parity import SHARED
from datasets.formats import read_sets
from datasets.records import ImageRecord, LabelledBox
from detector.decode import decode_photo
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.models.manifest import TileSettings
from training.matching import at_threshold, average_precision
from training.scoring import match_label, score_records

CELL = 640
TILES = TileSettings(zoom=2.0, overlap=0.2)


def lay_out(records: Sequence[ImageRecord], folder: Path) -> Iterator[ImageRecord]:
    """Write mosaics of four photos of one set; yield their records."""
    by_set: dict[str, list[ImageRecord]] = {}
    for record in records:
        by_set.setdefault(record.set_name, []).append(record)
    for name, members in by_set.items():
        for start in range(0, len(members) - 3, 4):
            canvas = np.full((2 * CELL, 2 * CELL, 3), 114, np.uint8)
            boxes: list[LabelledBox] = []
            for i, record in enumerate(members[start : start + 4]):
                image = decode_photo(record.path.read_bytes()).image
                scale = CELL / max(image.shape[:2])
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # uint8 in, uint8 out
                height, width = image.shape[:2]
                x, y = CELL * (i % 2), CELL * (i // 2)
                canvas[y : y + height, x : x + width] = image
                offset = np.array([x, y, x, y])
                for box in record.boxes:
                    edges = np.array(box.box_xyxy) * [width, height, width, height] + offset
                    boxes.append(LabelledBox(box.label, tuple((edges / (2 * CELL)).tolist())))
            path = folder / f"{name}_{start:03d}.jpg"
            cv2.imwrite(str(path), canvas, [cv2.IMWRITE_JPEG_QUALITY, 95])
            yield ImageRecord(path, name, members[start].labelled, tuple(boxes))


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    if not SHARED.is_dir():
        return [f"Not measured: needs the photos of {SHARED.name}."]
    bundle = load_bundle(DEFAULT_BUNDLE)
    with tempfile.TemporaryDirectory() as name:
        mosaics = list(lay_out(read_sets(SHARED / "val"), Path(name)))
        lines = [
            f"{len(mosaics)} mosaics of four validation photos, 1280×1280 px.",
            "",
            "| label | boxes | AP whole | AP tiles | found whole | found tiles "
            "| false alarms whole | false alarms tiles |",
            "|---|---|---|---|---|---|---|---|",
        ]
        answers = []
        seconds = []
        for tiles in (None, TILES):
            chosen = replace(bundle, manifest=replace(bundle.manifest, tiles=tiles))
            started = time.perf_counter()
            answers.append(score_records(chosen, mosaics, "onnxruntime"))
            seconds.append(time.perf_counter() - started)
    for label, threshold in bundle.manifest.thresholds.items():
        cells: list[tuple[str, str, str]] = []
        for scores in answers:
            matches = [one for part in match_label(mosaics, scores, label).values() for one in part]
            point = at_threshold(matches, threshold)
            precision = average_precision(matches) or 0.0
            cells.append((f"{precision:.2f}", str(point.hits), str(point.false_alarms)))
        whole, tiled = cells
        pairs = " | ".join(f"{a} | {b}" for a, b in zip(whole, tiled, strict=True))
        lines.append(f"| {label} | {point.n_marked} | {pairs} |")
    ratio = seconds[1] / seconds[0]
    return [*lines, "", f"The second look takes {ratio:.1f} times as long."]


if __name__ == "__main__":
    print("\n".join(measure()))
