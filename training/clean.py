"""False alarms on clean photos: photos in which no issue is marked."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.records import ImageRecord
from detector.detections import ImageScore
from training.matching import Weights, bootstrap_interval
from training.scoring import look_at_label

Counts = npt.NDArray[np.float64]


def count_clean(
    records: Sequence[ImageRecord], scores: Sequence[ImageScore], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Return false alarms of all labels together on clean photos, JSON-ready.

    A clean photo has no issue marked. Few sets were looked through for every label, so there are
    two figures: counted on the photos that were (`looked_for_all`), and the sum of each label's
    own rate on the clean photos where it was looked for (`sum_of_labels`). Where every photo was
    looked through for all labels they are the same.
    """
    alarms = count_alarms(records, scores, thresholds)
    by_label = {}
    for label, counted in alarms.items():
        known = counted[~np.isnan(counted)]
        by_label[label] = {
            "pictures": len(known),
            "false_alarms": int(known.sum()),
            "per_100": per_100(int(known.sum()), len(known)),
        }
    rates = [one["per_100"] for one in by_label.values()]
    everywhere = np.stack(list(alarms.values()))
    together = everywhere[:, ~np.isnan(everywhere).any(axis=0)].sum(axis=0)
    n_together = len(together)
    interval = bootstrap_interval(
        n_together, lambda weights: float(100 * (weights @ together) / weights.sum())
    )
    return {
        "by_label": by_label,
        "sum_of_labels": {
            "per_100": None if None in rates else round(sum(rate or 0 for rate in rates), 2),
            "interval": _sum_interval(everywhere),
        },
        "looked_for_all": {
            "pictures": n_together,
            "false_alarms": int(together.sum()),
            "pictures_with_alarm": int((together > 0).sum()),
            "per_100": per_100(int(together.sum()), n_together),
            "interval": None if interval is None else [round(end, 2) for end in interval],
        },
    }


def count_alarms(
    records: Sequence[ImageRecord], scores: Sequence[ImageScore], thresholds: Mapping[str, float]
) -> Mapping[str, Counts]:
    """Count false alarms by label on clean photos.

    Returns:
        Per label (P,) alarms of each photo, NaN where it is not clean or the label was not looked
        for.
    """
    alarms: dict[str, Any] = {}
    for label, threshold in thresholds.items():
        counted = np.full(len(records), np.nan)
        for one in look_at_label(records, scores, label):
            if one.is_clean:
                counted[one.position] = float((one.scores >= threshold).sum())
        alarms[label] = counted
    return MappingProxyType(alarms)


def _sum_interval(
    everywhere: npt.NDArray[np.float64],
) -> list[float] | None:
    known = ~np.isnan(everywhere)
    counted = np.nan_to_num(everywhere)

    def total(weights: Weights) -> float | None:
        pictures = known @ weights
        return (
            None if (pictures == 0).any() else float((100 * (counted @ weights) / pictures).sum())
        )

    interval = bootstrap_interval(everywhere.shape[1], total)
    return None if interval is None else [round(end, 2) for end in interval]


def per_100(alarms: int, pictures: int) -> float | None:
    """Return false alarms per 100 pictures; None without pictures."""
    return round(100 * alarms / pictures, 2) if pictures else None
