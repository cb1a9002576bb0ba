"""Bring what several people said of one photo into one answer: the latest word on a place wins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from datasets.feedback import JudgedFinding, JudgedPhoto
from datasets.records import LabelledBox
from datasets.refuted import Refuted
from detector.geometry import box_iou

SAME_PLACE_IOU: Final = 0.5
"""Boxes of one label that overlap so much speak of one object, as in the evaluation."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of one photo."""

    boxes: tuple[LabelledBox, ...]
    """Confirmed, corrected and added ones, in order of time."""
    labelled: frozenset[str]
    """Labels of which every object is boxed."""
    also_marked: frozenset[str]
    """Other labels with boxes."""
    refuted: tuple[Refuted, ...]
    """Places where a model saw a label that is not there."""
    conflicts: tuple[str, ...]
    """What was said and later unsaid, in words."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """One statement on one place: this label is here, or is not."""

    box: LabelledBox
    holds: bool
    judged: JudgedFinding | None
    line: JudgedPhoto


def merge_judgements(lines: Sequence[JudgedPhoto]) -> Knowledge:
    """Merge the lines on one photo.

    A later line replaces what earlier ones said of the same place; where it says the opposite, that
    is a conflict. A label that it declares reviewed loses the earlier boxes that it does not
    repeat. A false finding that a person answered with a box of the same label in the same place
    was only drawn badly, and is not refuted.

    Args:
        lines: All of one photo, in any order; of lines of one time the later one counts.
    """
    claims: list[_Claim] = []
    labelled: set[str] = set()
    conflicts: list[str] = []
    for line in sorted(lines, key=lambda one: one.reviewed_at):
        said = list(_claims_of(line))
        places = [*said, *_old_places(line)]
        kept = []
        for claim in claims:
            answers = [one for one in places if _same_place(one.box, claim.box)]
            if not answers and claim.holds and claim.box.label in line.reviewed:
                conflicts.append(
                    f"{line.where} reviewed {claim.box.label} without a box that "
                    f"{claim.line.where} had; it is left out"
                )
            elif answers and all(one.holds != claim.holds for one in answers):
                conflicts.append(
                    f"{line.where} calls {claim.box.label} {_word(answers[0])} where "
                    f"{claim.line.where} called it {_word(claim)}; the later one counts"
                )
            elif not answers:
                kept.append(claim)
        claims = kept + said
        labelled |= line.reviewed
    boxes = tuple(claim.box for claim in claims if claim.holds)
    return Knowledge(
        boxes,
        frozenset(labelled),
        frozenset(box.label for box in boxes) - labelled,
        tuple(_refuted_of(claims)),
        tuple(conflicts),
    )


def _claims_of(line: JudgedPhoto) -> Iterator[_Claim]:
    for finding in line.findings:
        if finding.verdict in ("false", "wrong_label"):
            yield _Claim(finding.found, False, finding, line)
        if finding.right is not None:
            yield _Claim(finding.right, True, finding, line)
    for box in line.added:
        yield _Claim(box, True, None, line)


def _old_places(line: JudgedPhoto) -> Iterator[_Claim]:
    # Where a moved box was before: what was said of that place was said of the same object.
    for finding in line.findings:
        if finding.verdict == "moved":
            yield _Claim(finding.found, True, finding, line)


def _same_place(first: LabelledBox, second: LabelledBox) -> bool:
    if first.label != second.label:
        return False
    pair = np.array([first.box_xyxy, second.box_xyxy], np.float32)
    return bool(box_iou(pair[:1], pair[1:]).item() >= SAME_PLACE_IOU)


def _word(claim: _Claim) -> str:
    return "right" if claim.holds else "false"


def _refuted_of(claims: Sequence[_Claim]) -> Iterator[Refuted]:
    held = [claim.box for claim in claims if claim.holds]
    for claim in claims:
        if claim.holds or any(_same_place(claim.box, box) for box in held):
            continue
        judged, model = claim.judged, claim.line.model or {}
        yield Refuted(
            file_name=claim.line.file_name,
            label=claim.box.label,
            box_xyxy=claim.box.box_xyxy,
            score=0.0 if judged is None else judged.score,
            model=" ".join(model[key] for key in ("name", "version") if key in model),
        )


def drop_unknown_labels(
    line: JudgedPhoto, known: frozenset[str]
) -> tuple[JudgedPhoto, tuple[str, ...]]:
    """Take the labels out of a line that are not known.

    A finding that was in truth something unknown stays a false one: that much is known. One of
    something unknown that was in truth something known leaves that as an added box: without it, a
    reviewed label would lack an object.

    Returns:
        The line, and the labels, sorted.
    """
    findings = []
    added = [box for box in line.added if box.label in known]
    named = {*line.reviewed, *(box.label for box in line.added)}
    unknown = {label for label in named if label not in known}
    for finding in line.findings:
        right = finding.right
        if finding.found.label not in known:
            unknown.add(finding.found.label)
            if right is not None and right.label in known:
                added.append(right)
            elif right is not None:
                unknown.add(right.label)
        elif right is not None and right.label not in known:
            unknown.add(right.label)
            findings.append(replace(finding, verdict="false", right=None))
        else:
            findings.append(finding)
    kept = replace(
        line,
        findings=tuple(findings),
        added=tuple(added),
        reviewed=line.reviewed & known,
    )
    return kept, tuple(sorted(unknown))
