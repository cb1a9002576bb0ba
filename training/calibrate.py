"""Pick each label's threshold for a stated rate of false alarms.

    python -m training.calibrate --sets DIR [--model DIR] --per-100 RATE --out FILE

The photos should not be ones the network learned from: on those it raises fewer false alarms than
on the street, and the thresholds come out too low.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from datasets.formats import read_sets
from detector.models import RUNTIMES
from detector.models.bundle import find_bundle, load_bundle
from training.evaluate import match_label, score_records
from training.matching import PictureMatch, at_threshold

STEP = 0.01
LOWEST, HIGHEST = 0.10, 0.95


def choose_threshold(clean: list[PictureMatch], *, max_per_100: float) -> float:
    """Return the lowest threshold, so the best recall, that keeps the false-alarm rate.

    Args:
        clean: One label's matches on pictures that hold none of it.
        max_per_100: False alarms allowed per 100 such pictures.

    Returns:
        A score from `LOWEST` to `HIGHEST`; the highest if none keeps the rate.
    """
    chosen = HIGHEST
    for threshold in np.arange(HIGHEST, LOWEST - STEP / 2, -STEP):
        alarms = at_threshold(clean, threshold).false_alarms
        if 100 * alarms > max_per_100 * len(clean):
            break
        chosen = float(threshold)
    return round(chosen, 2)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate")
    parser.add_argument("--sets", type=Path, required=True, help="folder of sets")
    parser.add_argument("--model", help="folder of a bundle")
    parser.add_argument("--runtime", default="onnxruntime", choices=RUNTIMES)
    parser.add_argument(
        "--per-100", type=float, required=True, help="false alarms per 100 clean photos, each label"
    )
    parser.add_argument("--out", type=Path, required=True, help="thresholds, as JSON")
    options = parser.parse_args()
    bundle = load_bundle(find_bundle(options.model))
    records = read_sets(options.sets)
    scores = score_records(bundle, records, options.runtime)
    thresholds: dict[str, float] = {}
    for label in bundle.manifest.issue_labels:
        matches = [one for part in match_label(records, scores, label).values() for one in part]
        clean = [one for one in matches if one.n_marked == 0]
        threshold = choose_threshold(clean, max_per_100=options.per_100)
        point, alarms = at_threshold(matches, threshold), at_threshold(clean, threshold)
        thresholds[label] = threshold
        print(
            f"{label}: {threshold:.2f}; {point.hits} of {point.n_marked} found; "
            f"{alarms.false_alarms} false alarms on {alarms.n_pictures} clean pictures"
        )
    options.out.write_text(json.dumps(thresholds, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
