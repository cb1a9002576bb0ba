"""What people said of findings, and the answers that they judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select

from api.store.scope import visible
from api.store.tables import case_reports, cases, photos, reports, verdicts


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged photo of a case."""

    id: str
    case_id: str
    photo_sha256: str
    at: datetime
    actor: str
    role: str
    """operator, inspector or supervisor: what the export says of the reviewer."""
    body: Mapping[str, Any]
    """Part of a line of datasets/feedback.schema.json: model, findings, added, reviewed."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A verdict with what the ledger knows of its photo."""

    verdict: Verdict
    media_type: str
    image_wh: tuple[int, int] | None
    captured_at: datetime | None


def insert_verdict(connection: Connection, verdict: Verdict) -> None:
    """Add a verdict; earlier ones of the photo stay."""
    connection.execute(
        verdicts.insert().values(
            id=verdict.id,
            case_id=verdict.case_id,
            photo_sha256=verdict.photo_sha256,
            at=verdict.at,
            actor=verdict.actor,
            role=verdict.role,
            body=dict(verdict.body),
        )
    )


def pass_verdicts(
    connection: Connection, source_id: str, target_id: str, report_ids: Sequence[str]
) -> None:
    """Let verdicts follow the photos of reports that went from one case to another.

    Args:
        connection: A transaction in which the reports have gone already.
        source_id: The case that they left; what is said of a photo that it still has stays.
        target_id: The case that has them now.
        report_ids: The reports.
    """
    gone = select(reports.c.photo_sha256).where(
        reports.c.id.in_(report_ids), reports.c.photo_sha256.is_not(None)
    )
    left = (
        select(reports.c.photo_sha256)
        .join(case_reports, case_reports.c.report_id == reports.c.id)
        .where(case_reports.c.case_id == source_id, reports.c.photo_sha256.is_not(None))
    )
    connection.execute(
        verdicts.update()
        .where(
            verdicts.c.case_id == source_id,
            verdicts.c.photo_sha256.in_(gone),
            verdicts.c.photo_sha256.not_in(left),
        )
        .values(case_id=target_id)
    )


def newest_score(
    connection: Connection, sha256: str, case_id: str | None = None
) -> Mapping[str, Any] | None:
    """Return the model's newest answer on a photo; None if it has given none.

    Args:
        connection: A transaction.
        sha256: The photo.
        case_id: Only what came with reports of this case; None: with any.
    """
    query = select(reports.c.score).where(
        reports.c.photo_sha256 == sha256, reports.c.state == "scored"
    )
    if case_id is not None:
        query = query.join(case_reports, case_reports.c.report_id == reports.c.id).where(
            case_reports.c.case_id == case_id
        )
    newest = query.order_by(reports.c.scored_at.desc(), reports.c.id.desc()).limit(1)
    score: Mapping[str, Any] | None = connection.execute(newest).scalar_one_or_none()
    return None if score is None or score.get("error") is not None else score


def has_photo(connection: Connection, case_id: str, sha256: str) -> bool:
    """Tell whether a report of the case came with the photo."""
    query = (
        select(reports.c.id)
        .join(case_reports, case_reports.c.report_id == reports.c.id)
        .where(case_reports.c.case_id == case_id, reports.c.photo_sha256 == sha256)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def list_verdicts(connection: Connection, case_id: str) -> tuple[Verdict, ...]:
    """Return what was said of a case's photos, oldest first."""
    query = select(verdicts).where(verdicts.c.case_id == case_id)
    rows = connection.execute(query.order_by(verdicts.c.at, verdicts.c.id))
    return tuple(Verdict(**row._mapping) for row in rows)


def list_for_export(
    connection: Connection,
    *,
    since: datetime | None,
    after: tuple[datetime, str] | None,
    grids: tuple[str, ...],
    limit: int,
) -> tuple[ExportRow, ...]:
    """Return the newest verdict of each photo in each case, oldest first.

    Photos whose original was deleted are left out: nothing can be learnt without them.

    Args:
        connection: A transaction.
        since: Only verdicts of this time or later.
        after: Time and id of the last row that was read.
        grids: Prefixes of the grid cells that are seen; empty: all.
        limit: Most rows.
    """
    later = verdicts.alias("later")
    replaced = exists().where(
        later.c.photo_sha256 == verdicts.c.photo_sha256,
        later.c.case_id == verdicts.c.case_id,
        or_(
            later.c.at > verdicts.c.at,
            and_(later.c.at == verdicts.c.at, later.c.id > verdicts.c.id),
        ),
    )
    query = (
        select(verdicts, photos.c.media_type, photos.c.image_wh, photos.c.captured_at)
        .join(photos, photos.c.sha256 == verdicts.c.photo_sha256)
        .join(cases, cases.c.id == verdicts.c.case_id)
        .where(~replaced, photos.c.original_deleted_at.is_(None), visible(cases.c.grid_code, grids))
        .order_by(verdicts.c.at, verdicts.c.id)
        .limit(limit)
    )
    if since is not None:
        query = query.where(verdicts.c.at >= since)
    if after is not None:
        at, verdict_id = after
        query = query.where(
            or_(verdicts.c.at > at, and_(verdicts.c.at == at, verdicts.c.id > verdict_id))
        )
    rows = []
    for row in connection.execute(query).mappings():
        wh = row["image_wh"]
        verdict = Verdict(**{name: row[name] for name in Verdict.__slots__})
        rows.append(
            ExportRow(
                verdict,
                row["media_type"],
                None if wh is None else (wh[0], wh[1]),
                row["captured_at"],
            )
        )
    return tuple(rows)
