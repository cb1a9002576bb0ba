"""Pick thresholds for a stated rate of false alarms of all labels together on clean photos.

A clean photo has no issue marked. The budget, so many false alarms per 100 clean photos, is the sum
of the labels' own rates: on photos that were looked through for every label that is what an
operator sees, and sets that were looked through for some labels only can still be used.

    equal   every label gets the same share of the budget
    recall  the shares that find the most, as the mean of the labels' recalls; a label without
            marked boxes keeps an equal share

The photos must not be ones the network learned from: on those it raises fewer false alarms than on
the street, and the thresholds come out too low. But held-out photos are few, and a label that by
chance raises no alarm on 40 of them would get the lowest threshold there is. So photos that were
learned from may be given beside them: a threshold has to keep the budget on each of the two, and
what does not hold even on what was learned does not hold on the street.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from datasets.records import ImageRecord
from detector.detections import ImageScore
from training.clean import count_alarms, count_clean
from training.errors import TrainingError
from training.matching import PictureMatch, at_threshold
from training.rules import MATCH_RULES, MatchRules
from training.scoring import match_label

Split = Literal["equal", "recall"]
SPLITS: Final[tuple[Split, ...]] = ("equal", "recall")
LOWEST: Final = 0.10
"""A network's weaker boxes are noise, whatever a few clean photos say."""
NEVER: Final = 1.0
"""A label that raises too many false alarms at any score is switched off."""
CANDIDATES: Final = (*(round(0.01 * step, 2) for step in range(10, 100)), NEVER)
SLACK: Final = 1e-9
"""Sums of rates are compared with the budget up to this."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One threshold of one label, and what it gives."""

    threshold: float
    alarms_per_100: float
    """The higher of the rates on held-out photos and on photos learned from."""
    recall: float | None
    """None where nothing is marked."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The thresholds chosen, and how."""

    thresholds: Mapping[str, float]
    budget_per_100: float
    split: Split
    switched_off: tuple[str, ...]
    """Labels that no threshold keeps within their share."""
    figures: Mapping[str, Any]
    """False alarms at these thresholds, with their number of pictures, and boxes found."""

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "thresholds": dict(self.thresholds),
            "budget_per_100": self.budget_per_100,
            "split": self.split,
            "switched_off": list(self.switched_off),
            **self.figures,
        }


def calibrate(
    records: Sequence[ImageRecord],
    scores: Sequence[ImageScore],
    labels: Sequence[str],
    *,
    budget_per_100: float,
    split: Split = "equal",
    rules: MatchRules = MATCH_RULES,
    learned: tuple[Sequence[ImageRecord], Sequence[ImageScore]] | None = None,
) -> Calibration:
    """Choose each label's threshold.

    Args:
        records: Photos that the network did not learn from.
        scores: What it said, with everything it saw, in the same order.
        labels: The labels to choose for.
        budget_per_100: False alarms allowed per 100 clean photos, all labels together.
        split: How the budget is divided among labels.
        rules: The least overlap of a hit, for recall.
        learned: Photos that it learned from and what it said of them; the budget holds there too.

    Raises:
        TrainingError: A label has no clean photos, or no threshold keeps the budget.
    """
    matches = {label: _matches(records, scores, label, rules) for label in labels}
    places = [(records, scores), *([learned] if learned is not None else [])]
    options = {
        label: list_choices([_clean_scores(*place, label) for place in places], matches[label])
        for label in labels
    }
    chosen = choose(options, budget_per_100, split)
    thresholds = {label: one.threshold for label, one in chosen.items()}
    found = {label: at_threshold(matches[label], thresholds[label]) for label in labels}
    figures = {
        "clean": count_clean(records, scores, thresholds),
        "clean_learned": None if learned is None else count_clean(*learned, thresholds),
        "found": {
            label: {"hits": point.hits, "boxes": point.n_marked} for label, point in found.items()
        },
    }
    off = tuple(label for label, threshold in thresholds.items() if threshold == NEVER)
    return Calibration(thresholds, budget_per_100, split, off, figures)


def _matches(
    records: Sequence[ImageRecord], scores: Sequence[ImageScore], label: str, rules: MatchRules
) -> list[PictureMatch]:
    by_set = match_label(records, scores, label, rules=rules)
    return [one for matches in by_set.values() for one in matches]


def _clean_scores(
    records: Sequence[ImageRecord], scores: Sequence[ImageScore], label: str
) -> list[list[float]]:
    """Return the scores of a label's findings on each clean photo."""
    clean = count_alarms(records, scores, {label: 0.0})[label]
    positions: list[int] = np.flatnonzero(~np.isnan(clean)).tolist()
    if not positions:
        raise TrainingError(
            "clean_missing",
            f"No photo without a marked issue was looked through for {label}.",
            "Add a set of clean photos that names it under `labelled`.",
        )
    return [[one.score for one in scores[i].findings if one.label == label] for i in positions]


def list_choices(
    clean_scores: Sequence[Sequence[Sequence[float]]], matches: Sequence[PictureMatch]
) -> list[Choice]:
    """Return what each candidate threshold gives, highest threshold first.

    Args:
        clean_scores: Of one label's findings, per clean photo, of each group of photos.
        matches: The label's matches on the held-out photos, for recall.
    """
    raised = [np.array([score for one in group for score in one]) for group in clean_scores]
    return [
        Choice(
            threshold,
            max(
                100 * float((scores >= threshold).sum()) / len(group)
                for scores, group in zip(raised, clean_scores, strict=True)
            ),
            at_threshold(matches, threshold).recall,
        )
        for threshold in reversed(CANDIDATES)
    ]


def choose(
    options: Mapping[str, Sequence[Choice]], budget_per_100: float, split: Split
) -> dict[str, Choice]:
    """Choose one threshold a label within the joint budget.

    Args:
        options: Per label, highest threshold first.
        budget_per_100: The most that the chosen rates may add up to.
        split: See the module.

    Raises:
        TrainingError: Not even the highest thresholds keep the budget.
    """
    share = budget_per_100 / len(options)
    if split == "equal":
        return {label: _lowest(choices, share) for label, choices in options.items()}
    judged = {label: one for label, one in options.items() if one[0].recall is not None}
    others = {label: one for label, one in options.items() if label not in judged}
    chosen = {label: _lowest(choices, share) for label, choices in others.items()}
    rest = budget_per_100 - sum(one.alarms_per_100 for one in chosen.values())
    chosen.update(_most_recall(judged, rest))
    return {label: chosen[label] for label in options}


def _lowest(choices: Sequence[Choice], most_per_100: float) -> Choice:
    """Return the lowest threshold, so the best recall, that keeps a rate."""
    kept = [one for one in choices if one.alarms_per_100 <= most_per_100 + SLACK]
    if not kept:
        raise _unreachable()
    return kept[-1]


def _most_recall(options: Mapping[str, Sequence[Choice]], budget: float) -> dict[str, Choice]:
    """Return the choices with the highest sum of recalls within a budget: an exact knapsack."""
    # Only the lowest threshold of each rate can be best, so few are left of each label.
    frontier: list[tuple[float, float, dict[str, Choice]]] = [(0.0, 0.0, {})]
    for label, choices in options.items():
        by_rate = {one.alarms_per_100: one for one in choices}
        grown = [
            (spent + rate, recall + (one.recall or 0.0), {**picked, label: one})
            for spent, recall, picked in frontier
            for rate, one in by_rate.items()
            if spent + rate <= budget + SLACK
        ]
        frontier = []
        for state in sorted(grown, key=lambda one: (one[0], -one[1])):
            if not frontier or state[1] > frontier[-1][1]:
                frontier.append(state)
    if not frontier:
        raise _unreachable()
    return frontier[-1][2]


def _unreachable() -> TrainingError:
    return TrainingError(
        "budget_unreachable",
        "The network gives its highest score to false alarms: no threshold keeps the budget.",
    )


def format_calibration(calibration: Calibration) -> str:
    """Return a line a label, and one for all."""
    clean = calibration.figures["clean"]
    lines = []
    for label, threshold in calibration.thresholds.items():
        one, found = clean["by_label"][label], calibration.figures["found"][label]
        lines.append(
            f"{label:16} {threshold:.2f}  {found['hits']} of {found['boxes']} found; "
            f"{one['false_alarms']} false alarms on {one['pictures']} clean photos "
            f"(one is {100 / one['pictures']:.1f} per 100)"
            + ("; switched off" if label in calibration.switched_off else "")
        )
    total = clean["sum_of_labels"]["per_100"]
    lines.append(f"together {total:.2f} per 100 clean photos; {calibration.budget_per_100} allowed")
    learned = calibration.figures["clean_learned"]
    if learned is not None:
        total = learned["sum_of_labels"]["per_100"]
        lines.append(f"together {total:.2f} per 100 on the clean photos learned from")
    return "\n".join(lines)
