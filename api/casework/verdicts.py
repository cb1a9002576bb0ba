"""People judge what the model found; the export teaches the next model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection

from api.errors import InvalidError, NotFoundError
from api.ids import new_id
from api.principal import Principal
from api.services import Services
from api.store.cases import get_case
from api.store.photos import get_photo
from api.store.verdicts import Verdict, has_photo, insert_verdict, newest_score
from datasets.feedback import Verdict as Word
from detector.labels import LABEL_NAMES

Box = tuple[float, float, float, float]
ReviewerRole = Literal["operator", "inspector", "supervisor"]

LEAST_SIDE_PX: Final = 1.0
"""A box thinner than a pixel is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class FindingWord:
    """What a person says of one finding."""

    finding_id: str
    verdict: Word
    right_label: str | None = None
    """Only and always with wrong_label."""
    right_box_xyxy: Box | None = None
    """Pixels of the full-size upright photo; always with moved, maybe with wrong_label."""


@dataclass(frozen=True, slots=True)
class AddedBox:
    """Something that no finding showed."""

    label: str
    box_xyxy: Box
    """Pixels of the full-size upright photo."""


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """What a person says of one photo."""

    photo_sha256: str
    findings: tuple[FindingWord, ...] = ()
    """Findings that nobody judged are left out."""
    added: tuple[AddedBox, ...] = ()
    reviewed: tuple[str, ...] = ()
    """Labels of which every object in the photo has its box now."""
    role: ReviewerRole = "operator"


def judge_photo(services: Services, principal: Principal, case_id: str, new: NewVerdict) -> Verdict:
    """Keep what a person says of one of a case's photos.

    Raises:
        NotFoundError: There is no such case for this key, or no such photo in it.
        InvalidError: The verdict does not fit what the model said of the photo.
    """
    now = services.clock()
    with services.database.write() as connection:
        case = get_case(connection, case_id)
        if case is None or not principal.sees(case.grid_code):
            raise NotFoundError("case", case_id)
        if not has_photo(connection, case_id, new.photo_sha256):
            raise NotFoundError("photo of this case", new.photo_sha256)
        verdict = Verdict(
            id=new_id(),
            case_id=case_id,
            photo_sha256=new.photo_sha256,
            at=now,
            actor=principal.actor,
            role=new.role,
            body=_make_body(connection, case_id, new),
        )
        insert_verdict(connection, verdict)
    return verdict


def _make_body(connection: Connection, case_id: str, new: NewVerdict) -> dict[str, Any]:
    score = newest_score(connection, new.photo_sha256, case_id)
    image_wh = get_photo(connection, new.photo_sha256).image_wh
    if score is not None and score["image_wh"] is not None:
        image_wh = (score["image_wh"][0], score["image_wh"][1])
    if not (new.findings or new.added or new.reviewed):
        raise _wrong("verdict_empty", "The verdict says nothing.")
    if new.added and image_wh is None:
        raise _wrong("photo_unreadable", "The photo was never decoded: no box can be drawn in it.")
    found = {} if score is None else {one["id"]: one for one in score["findings"]}
    named = [one.finding_id for one in new.findings]
    if len(set(named)) != len(named):
        raise _wrong("finding_repeated", "A finding is judged twice.")
    for label in (*new.reviewed, *(one.label for one in new.added)):
        _check_label(label)
    return {
        "model": None
        if score is None
        else {"name": score["model"]["name"], "version": score["model"]["version"]},
        "image_wh": None if image_wh is None else list(image_wh),
        "findings": [_judge(one, found, image_wh) for one in new.findings],
        "added": [
            {"label": one.label, "box_xyxy": _check_box(one.box_xyxy, image_wh)}
            for one in new.added
        ],
        "reviewed": sorted(set(new.reviewed)),
    }


def _judge(
    word: FindingWord,
    found: Mapping[str, Mapping[str, Any]],
    image_wh: tuple[int, int] | None,
) -> dict[str, Any]:
    finding = found.get(word.finding_id)
    if finding is None:
        known = ", ".join(found) or "none"
        raise _wrong(
            "finding_unknown",
            f"The model found no {word.finding_id!r} in this photo.",
            f"Its findings: {known}.",
        )
    if (word.right_label is not None) != (word.verdict == "wrong_label"):
        raise _wrong("right_label", "right_label stands with wrong_label, and only there.")
    if word.right_box_xyxy is not None and word.verdict in ("true", "false"):
        raise _wrong("right_box", f"right_box_xyxy makes no sense with {word.verdict}.")
    if word.right_box_xyxy is None and word.verdict == "moved":
        raise _wrong("right_box", "moved needs right_box_xyxy.")
    judged = {
        "label": finding["label"],
        "score": finding["score"],
        "box_xyxy": list(finding["box_xyxy"]),
        "verdict": word.verdict,
    }
    if word.right_label is not None:
        _check_label(word.right_label)
        if word.right_label == finding["label"]:
            raise _wrong("right_label", "right_label is the label that the finding has already.")
        judged["right_label"] = word.right_label
    if word.right_box_xyxy is not None:
        judged["right_box_xyxy"] = _check_box(word.right_box_xyxy, image_wh)
    return judged


def _check_label(label: str) -> None:
    if label not in LABEL_NAMES:
        raise _wrong(
            "label_unknown", f"There is no label {label!r}.", f"Labels: {', '.join(LABEL_NAMES)}."
        )


def _check_box(box_xyxy: Sequence[float], image_wh: tuple[int, int] | None) -> list[float]:
    """Return the box cut to the photo: people draw a little over its edge."""
    if image_wh is None or not all(map(math.isfinite, box_xyxy)):
        raise _wrong("box_invalid", "A box needs four numbers, in pixels of the upright photo.")
    width, height = image_wh
    cut = [
        min(max(edge, 0.0), float(side))
        for edge, side in zip(box_xyxy, (width, height, width, height), strict=True)
    ]
    if cut[2] - cut[0] < LEAST_SIDE_PX or cut[3] - cut[1] < LEAST_SIDE_PX:
        raise _wrong(
            "box_invalid",
            f"The box {list(box_xyxy)} has no area within the photo of {width} x {height} pixels.",
            "Give left, top, right, bottom in pixels of the full-size upright photo.",
        )
    return cut


def _wrong(code: str, message: str, hint: str = "") -> InvalidError:
    return InvalidError(code, message, hint)
