"""核查: does an after-photo show that a case is done? The rules advise; a person decides."""

from dataclasses import dataclass
from typing import Literal

from api.cases.rules import ClosingRules

Outcome = Literal["resolved", "not_resolved", "unsure"]

ReasonCode = Literal[
    "label_still_found",  # the model sees it in the after-photo
    "same_picture",  # the before-photo was handed in again
    "too_far",  # taken elsewhere, by position
    "other_place",  # by local features it shows something else
    "unscored",  # the model could not look
    "unlabelled",  # the case has no label that the model could look for
    "place_unknown",  # neither positions nor features tell where it was taken
]


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against closing."""

    code: ReasonCode
    message: str
    """In English."""
    message_zh: str


@dataclass(frozen=True, slots=True)
class ClosingEvidence:
    """What is known of an after-photo."""

    label: str | None
    """Of the case."""
    labels_found: tuple[str, ...] | None
    """Labels over their thresholds in the after-photo; None: it could not be scored."""
    distance_m: float | None = None
    """From the case; None: one of the two has no position."""
    same_file: bool = False
    """The very file of a photo of the case."""
    hash_bits: int | None = None
    """Bits in which it differs from the before-photo; None: not compared."""
    inliers: int | None = None
    """Local features that agree with one view of both photos; None: not compared."""
    features: tuple[int, int] | None = None
    """Local features in the before- and in the after-photo."""


@dataclass(frozen=True, slots=True)
class ClosingVerdict:
    """What the rules say."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    """Empty if resolved."""


def judge_after_photo(evidence: ClosingEvidence, rules: ClosingRules) -> ClosingVerdict:
    """Judge an after-photo.

    Not resolved: the label is still found, it is the before-photo again, it was taken too far
    away, or no position is known and it plainly shows something else. Features alone do not
    outvote a position close by: a cleaned place, seen from its other side, matches badly too; that
    is unsure, as is what could not be judged.
    """
    finds = (_find_label(evidence), _find_same(evidence, rules), _find_far(evidence, rules))
    against = [reason for reason in finds if reason is not None]
    doubts = [reason for reason in (_doubt_label(evidence),) if reason is not None]
    place = _match_places(evidence, rules)
    # What is too far away, or the same picture, needs no second proof.
    if place is not None and not any(one.code in ("too_far", "same_picture") for one in against):
        plain = place.code == "other_place" and evidence.distance_m is None
        (against if plain else doubts).append(place)
    outcome: Outcome = "not_resolved" if against else "unsure" if doubts else "resolved"
    return ClosingVerdict(outcome, (*against, *doubts))


def _find_label(evidence: ClosingEvidence) -> Reason | None:
    label = evidence.label
    if label is None or evidence.labels_found is None or label not in evidence.labels_found:
        return None
    return Reason(
        "label_still_found",
        f"The after-photo still shows {label}.",
        f"处置后照片中仍有该问题（{label}）。",
    )


def _find_same(evidence: ClosingEvidence, rules: ClosingRules) -> Reason | None:
    bits = evidence.hash_bits
    if not evidence.same_file and (bits is None or bits > rules.same_picture_bits):
        return None
    return Reason(
        "same_picture",
        "The after-photo is a photo of the case handed in again.",
        "处置后照片与案件原有照片相同。",
    )


def _find_far(evidence: ClosingEvidence, rules: ClosingRules) -> Reason | None:
    distance_m = evidence.distance_m
    if distance_m is None or distance_m <= rules.distance_m:
        return None
    return Reason(
        "too_far",
        f"The after-photo was taken {distance_m:.0f} m away; {rules.distance_m:g} m are allowed.",
        f"处置后照片拍摄地点距案件 {distance_m:.0f} 米，超过 {rules.distance_m:g} 米。",
    )


def _doubt_label(evidence: ClosingEvidence) -> Reason | None:
    if evidence.labels_found is None:
        return Reason("unscored", "The after-photo could not be scored.", "处置后照片未能识别。")
    if evidence.label is None:
        return Reason(
            "unlabelled",
            "The case has no label, so the model cannot tell whether it is done.",
            "案件类型未判明，模型无法判断是否已处置。",
        )
    return None


def _match_places(evidence: ClosingEvidence, rules: ClosingRules) -> Reason | None:
    comparable = evidence.features is not None and min(evidence.features) >= rules.least_features
    if evidence.inliers is None or not comparable:
        # Nothing to match: a position close by speaks for the place alone.
        if evidence.distance_m is not None:
            return None
        return Reason(
            "place_unknown",
            "Neither positions nor the photos tell whether it is the same place.",
            "无定位，且照片无法比对，不能确认是否同一地点。",
        )
    if evidence.inliers >= rules.least_inliers:
        return None
    return Reason(
        "other_place",
        f"Before and after share {evidence.inliers} features; the same place has at least "
        f"{rules.least_inliers}.",
        f"前后照片仅 {evidence.inliers} 处特征一致（至少应 {rules.least_inliers}），疑非同一处。",
    )
