"""A case's photos as its page shows them: before it was handled, and after."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.places import distance_m
from api.casework.closing_check import HANDLING
from api.services import Services
from api.store.case_photos import name_actors, read_photos
from api.store.case_reports import CaseReport, read_reports
from api.store.citizen_words import list_words
from api.store.closing_checks import ClosingCheck, list_checks
from api.store.photos import Photo
from api.store.reports import Report
from api.store.verdicts import Verdict, list_verdicts
from api.web.shown_photos import (
    CasePhoto,
    Closing,
    JudgedBox,
    PhotoReport,
    ShownCheck,
    ShownFinding,
    ShownVerdict,
    Trouble,
)
from api.web.visitor import Visitor
from detector.labels import ISSUE_LABELS

MOST_REPORTS: Final = 200
"""Of one case whose photos are shown, the first."""


def gather_photos(
    services: Services, connection: Connection, visitor: Visitor, case: Case
) -> tuple[CasePhoto, ...]:
    """Return the photos of a case that the visitor may see: the one shown first, then as they came.

    Args:
        services: What the service works with.
        connection: A transaction that reads.
        visitor: Who looks; `case` was found for them.
        case: The case.
    """
    by_photo: dict[str, list[tuple[CaseReport, Report]]] = {}
    for joined, report in read_reports(connection, case.id, MOST_REPORTS):
        if report.photo_sha256 is not None:
            by_photo.setdefault(report.photo_sha256, []).append((joined, report))
    known = read_photos(connection, by_photo.keys())
    words = list_words(
        connection, [report.id for pairs in by_photo.values() for _, report in pairs]
    )
    verdicts = {one.photo_sha256: one for one in list_verdicts(connection, case.id)}  # The newest.
    names = name_actors(connection, {one.actor for one in verdicts.values()})
    order = sorted(by_photo, key=lambda sha256: sha256 != case.photo_sha256)  # Stable.
    return tuple(
        _show_photo(
            services, visitor, known[sha256], by_photo[sha256], verdicts.get(sha256), words, names
        )
        for sha256 in order
        if sha256 in known
    )


def gather_closing(
    services: Services, connection: Connection, visitor: Visitor, case: Case
) -> Closing | None:
    """Return what the closing part of the page shows; None: it has nothing to say yet."""
    checks = list_checks(connection, case.id)
    may_upload = visitor.may("handle") and case.state in HANDLING
    if not checks and not may_upload:
        return None
    wanted = {one.photo_sha256 for one in checks}
    if case.photo_sha256 is not None:
        wanted.add(case.photo_sha256)
    known = read_photos(connection, wanted)
    names = name_actors(connection, {one.actor for one in checks})
    before = None if case.photo_sha256 is None else known.get(case.photo_sha256)
    return Closing(
        before_sha256=before.sha256 if before is not None and _has_picture(before) else None,
        checks=tuple(_show_check(visitor, case, one, known, names) for one in checks),
        may_upload=may_upload,
        most_mib=services.settings.max_upload_mib,
        case_has_place=case.lat is not None and case.lon is not None,
    )


def _has_picture(photo: Photo) -> bool:
    return photo.original_deleted_at is None or photo.kept_sha256 is not None


def _show_photo(
    services: Services,
    visitor: Visitor,
    photo: Photo,
    pairs: Sequence[tuple[CaseReport, Report]],
    verdict: Verdict | None,
    words: Mapping[str, Mapping[str, bool]],
    names: Mapping[str, str],
) -> CasePhoto:
    score = _newest_score([report for _, report in pairs])
    findings = _show_findings(score, pairs, words)
    image_wh = photo.image_wh
    if score is not None and score["image_wh"] is not None:
        image_wh = (score["image_wh"][0], score["image_wh"][1])
    states = {report.state for _, report in pairs}
    trouble: Trouble | None = None
    if not _has_picture(photo):
        trouble = "deleted"
    elif score is None and "unreadable" in states:
        trouble = "unreadable"
    looked_for = {*services.pool.labels, *(one.label for one in findings)}
    return CasePhoto(
        sha256=photo.sha256,
        image_wh=image_wh,
        captured_at=photo.captured_at,
        trouble=trouble,
        is_copy=photo.original_deleted_at is not None,
        score_state="scored"
        if score is not None
        else "waiting"
        if "waiting" in states
        else "unscored",
        model=None if score is None else f"{score['model']['name']} {score['model']['version']}",
        reports=tuple(
            PhotoReport(one.id, one.received_at, one.source, one.label, one.note)
            for _, one in pairs
        ),
        findings=findings,
        verdict=None if verdict is None else _show_verdict(verdict, findings, names),
        labels=tuple(label for label in ISSUE_LABELS if label in looked_for),
        may_judge=visitor.may("judge") and trouble is None and image_wh is not None,
        may_original=visitor.principal.originals and photo.original_deleted_at is None,
    )


def _newest_score(reports: Sequence[Report]) -> Mapping[str, Any] | None:
    """Return the answer that `casework.verdicts` judges by, too."""
    scored = [one for one in reports if one.state == "scored" and one.score is not None]
    newest = max(scored, key=lambda one: (one.scored_at or one.received_at, one.id), default=None)
    if newest is None or newest.score is None or newest.score.get("error") is not None:
        return None
    return newest.score


def _show_findings(
    score: Mapping[str, Any] | None,
    pairs: Sequence[tuple[CaseReport, Report]],
    words: Mapping[str, Mapping[str, bool]],
) -> tuple[ShownFinding, ...]:
    if score is None:
        return ()
    speaking = {finding for joined, _ in pairs for finding in joined.findings}
    said = [words.get(report.id, {}) for _, report in pairs]
    return tuple(
        ShownFinding(
            id=one["id"],
            label=one["label"],
            score=one["score"],
            severity=one["severity"],
            flagged=one["flagged"],
            box_xyxy=(*one["box_xyxy"],),
            speaks=one["id"] in speaking,
            said_right=sum(word.get(one["id"]) is True for word in said),
            said_wrong=sum(word.get(one["id"]) is False for word in said),
        )
        for one in score["findings"]
    )


def _show_verdict(
    verdict: Verdict, findings: Sequence[ShownFinding], names: Mapping[str, str]
) -> ShownVerdict:
    body = verdict.body
    # Verdicts name findings by what they were, not by id: the export is to stand for itself.
    ids = {(one.label, one.score, one.box_xyxy): one.id for one in findings}
    judged = []
    for one in body["findings"]:
        finding_id = ids.get((one["label"], one["score"], (*one["box_xyxy"],)))
        if finding_id is not None:
            box = one.get("right_box_xyxy")
            judged.append(
                JudgedBox(
                    finding_id,
                    one["verdict"],
                    one.get("right_label"),
                    None if box is None else (*box,),
                )
            )
    return ShownVerdict(
        at=verdict.at,
        by=names.get(verdict.actor, verdict.actor),
        findings=tuple(judged),
        added=tuple((one["label"], (*one["box_xyxy"],)) for one in body["added"]),
        reviewed=tuple(body["reviewed"]),
    )


def _show_check(
    visitor: Visitor,
    case: Case,
    check: ClosingCheck,
    known: Mapping[str, Photo],
    names: Mapping[str, str],
) -> ShownCheck:
    away_m = None
    if None not in (check.lat, check.lon, case.lat, case.lon):
        assert check.lat is not None and check.lon is not None
        assert case.lat is not None and case.lon is not None
        away_m = distance_m(case.lat, case.lon, check.lat, check.lon)
    photo = known.get(check.photo_sha256)
    return ShownCheck(
        id=check.id,
        at=check.at,
        by=names.get(check.actor, check.actor),
        outcome=check.outcome,
        reasons=tuple(check.reasons),
        photo_sha256=check.photo_sha256,
        has_picture=photo is not None and _has_picture(photo),
        distance_m=away_m if away_m is None or math.isfinite(away_m) else None,
        may_original=visitor.principal.originals
        and photo is not None
        and photo.original_deleted_at is None,
    )
