"""Two bundles on the same labelled photos: figures side by side, differences with intervals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from detector.models.bundle import Bundle
from training.clean import count_clean
from training.evaluate import Evaluation
from training.matching import PictureMatch, Pool, Weights, bootstrap_interval
from training.scoring import match_label

Figure = Callable[[Pool, Weights], float | None]


def compare_evaluations(a: Evaluation, b: Evaluation) -> dict[str, Any]:
    """Compare two bundles on the same photos, JSON-ready.

    Each is judged at its own thresholds. A difference is b minus a; its interval comes from drawing
    the same photos for both, so what is hard for both cancels out.

    Args:
        a: Of the first bundle.
        b: Of the second, on the same records in the same order.

    Returns:
        `models`, `labels` with figures by set ("all" over all sets), `clean` for both.
    """
    labels = [
        label for label in a.bundle.manifest.issue_labels if label in b.bundle.manifest.issue_labels
    ]
    return {
        "models": [_describe(one.bundle) for one in (a, b)],
        "pictures": len(a.records),
        "rules": a.rules.to_json(),
        "labels": {label: _compare_label(a, b, label) for label in labels},
        "clean": [
            count_clean(one.records, one.scores, one.bundle.manifest.thresholds) for one in (a, b)
        ],
    }


def _describe(bundle: Bundle) -> dict[str, str]:
    manifest = bundle.manifest
    return {"name": manifest.name, "version": manifest.version, "sha256": manifest.sha256}


def _compare_label(a: Evaluation, b: Evaluation, label: str) -> dict[str, Any]:
    both = [match_label(one.records, one.scores, label, rules=one.rules) for one in (a, b)]
    thresholds = (a.threshold(label), b.threshold(label))
    parts = {"all": [[match for by in one.values() for match in by] for one in both]}
    parts |= {name: [one[name] for one in both] for name in both[0]}
    return {
        "thresholds": list(thresholds),
        "sets": {name: _compare_part(one, thresholds) for name, one in parts.items()},
    }


def _compare_part(
    matches: Sequence[Sequence[PictureMatch]], thresholds: tuple[float, float]
) -> dict[str, Any]:
    pools = [Pool(one) for one in matches]
    return {
        "pictures": pools[0].n_pictures,
        "boxes": int(pools[0].marked.sum()),
        "average_precision": _difference(pools, [Pool.average_precision] * 2),
        "recall": _difference(pools, [_at(Pool.recall, one) for one in thresholds]),
        "precision": _difference(pools, [_at(Pool.precision, one) for one in thresholds]),
    }


def _at(figure: Callable[[Pool, Weights, float], float | None], threshold: float) -> Figure:
    return lambda pool, weights: figure(pool, weights, threshold)


def _difference(pools: Sequence[Pool], figures: Sequence[Figure]) -> dict[str, Any]:
    """Return a figure of both pools, and the difference with its interval."""

    def difference(weights: Weights) -> float | None:
        first, second = (figure(pool, weights) for figure, pool in zip(figures, pools, strict=True))
        return None if first is None or second is None else second - first

    n_pictures = pools[0].n_pictures
    values = [
        figure(pool, np.ones(n_pictures)) for figure, pool in zip(figures, pools, strict=True)
    ]
    change = difference(np.ones(n_pictures))
    interval = bootstrap_interval(n_pictures, difference)
    return {
        "values": [None if one is None else round(one, 4) for one in values],
        "difference": None if change is None else round(change, 4),
        "interval": None if interval is None else [round(end, 4) for end in interval],
    }


def format_comparison(comparison: Mapping[str, Any]) -> str:
    """Return a line a label, set and figure that both bundles have."""
    lines = [" against ".join(f"{one['name']} {one['version']}" for one in comparison["models"])]
    for label, content in comparison["labels"].items():
        for name, part in content["sets"].items():
            cells = [
                f"{figure} {show_difference(part[key])}"
                for figure, key in (("AP", "average_precision"), ("recall", "recall"))
                if part[key]["difference"] is not None
            ]
            if cells:
                place = "all sets" if name == "all" else name
                lines.append(f"{label:16} {place:20} {part['boxes']:4} boxes  {'; '.join(cells)}")
    rates = [one["sum_of_labels"]["per_100"] for one in comparison["clean"]]
    told = " -> ".join("–" if one is None else f"{one:.2f}" for one in rates)
    return "\n".join([*lines, f"false alarms per 100 clean photos, all labels: {told}"])


def show_difference(figure: Mapping[str, Any]) -> str:
    """Return two values and their difference with its interval as a text."""
    if figure["difference"] is None:
        return "–"
    first, second = figure["values"]
    low, high = figure["interval"]
    return f"{first:.2f} -> {second:.2f} ({figure['difference']:+.2f}, {low:+.2f} to {high:+.2f})"
