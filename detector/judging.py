"""Detections -> findings: thresholds, context that speaks against, severity."""

from dataclasses import dataclass

import numpy as np

from detector.arrays import BoxArray
from detector.detections import Detections, Finding, Severity
from detector.geometry import box_areas, box_iou, scale_boxes
from detector.labels import ISSUE_LABELS
from detector.models.manifest import ContextRule, ModelManifest, SeverityLimits


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a picture's detections amount to."""

    findings: tuple[Finding, ...]
    context: tuple[Finding, ...]


def judge(
    detections: Detections,
    manifest: ModelManifest,
    *,
    scale_xy: tuple[float, float],
    full_wh: tuple[int, int],
    min_score: float | None,
    id_prefix: str,
) -> Judgement:
    """Turn detections into findings.

    Args:
        detections: In the decoded picture's pixels.
        manifest: Thresholds, rules and severity limits.
        scale_xy: Full-size pixels per decoded pixel.
        full_wh: Size of the whole picture.
        min_score: List findings under their threshold too, down to this; None: flagged only.
        id_prefix: Start of each finding's id.

    Returns:
        Findings and context, best first, boxes in full-size pixels.
    """
    kept = detections.take(_survivors(detections, manifest.judging))
    boxes = scale_boxes(kept.boxes_xyxy, scale_xy)
    shares = box_areas(boxes) / (full_wh[0] * full_wh[1])
    findings: list[Finding] = []
    context: list[Finding] = []
    for i in range(len(kept)):
        label = kept.labels[int(kept.class_ids[i])]
        score = round(float(kept.scores[i]), 4)  # What is shown is what is judged.
        is_issue = label in ISSUE_LABELS
        flagged = is_issue and score >= manifest.thresholds[label]
        if is_issue and not flagged and (min_score is None or score < min_score):
            continue
        limits = manifest.severity.get(label)
        # The number counts all that the network saw, so an id does not depend on `min_score`.
        finding = Finding(
            id=f"{id_prefix}-{i}",
            label=label,
            score=score,
            box_xyxy=_rounded(boxes[i]),
            flagged=flagged,
            severity=_severity(float(shares[i]), limits),
        )
        (findings if is_issue else context).append(finding)
    return Judgement(tuple(findings), tuple(context))


def _survivors(
    detections: Detections, rules: tuple[ContextRule, ...]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the positions that no context rule speaks against."""
    keep = np.ones(len(detections), np.bool_)
    iou = box_iou(detections.boxes_xyxy, detections.boxes_xyxy)
    for rule in rules:
        is_finding = detections.class_ids == detections.labels.index(rule.finding)
        is_context = detections.class_ids == detections.labels.index(rule.context)
        margin = detections.scores[None, :] - detections.scores[:, None]
        against = (iou >= rule.min_iou) & (margin >= rule.min_score_margin) & is_context[None, :]
        keep &= ~(is_finding & against.any(axis=1))
    return np.flatnonzero(keep).astype(np.int64)


def _rounded(box_xyxy: BoxArray) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (round(float(edge), 1) for edge in box_xyxy)
    return x1, y1, x2, y2


def _severity(share: float, limits: SeverityLimits | None) -> Severity:
    if limits is None or share < limits.medium_share:
        return "small"
    return "large" if share >= limits.large_share else "medium"
