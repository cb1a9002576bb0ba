"""Takes a person's data out of the rows of a report; the case stays."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, or_, select, update

from api.store.side_tables import shadow_scores
from api.store.tables import (
    case_reports,
    cases,
    idempotency,
    jobs,
    photo_bands,
    photos,
    reports,
)

TOUCHED: Final = ("reports", "cases", "photos", "jobs", "idempotency", "shadow_scores")
"""Tables whose dead rows have to be cleared away afterwards."""
PAGE_ROWS: Final = 1000


def iterate_reports(connection: Connection) -> Iterator[tuple[str, Mapping[str, str] | None]]:
    """Yield id and contact of every report that was not erased, oldest first."""
    query = select(reports.c.id, reports.c.contact).where(reports.c.erased_at.is_(None))
    ordered = query.order_by(reports.c.id).limit(PAGE_ROWS)
    after = ""
    while True:  # In pages, so that memory stays flat over millions of reports.
        page = connection.execute(ordered.where(reports.c.id > after)).all()
        for row in page:
            yield row.id, row.contact
        if len(page) < PAGE_ROWS:
            return
        after = page[-1].id


def mentioning(connection: Connection, text: str) -> tuple[str, ...]:
    """Return the reports in whose note, address or link a text stands."""
    columns = (reports.c.note, reports.c.address, reports.c.media_url, reports.c.file_name)
    query = select(reports.c.id).where(
        reports.c.erased_at.is_(None),
        or_(*(column.icontains(text, autoescape=True) for column in columns)),
    )
    return tuple(connection.execute(query.order_by(reports.c.id)).scalars())


def blank_report(connection: Connection, report_id: str, at: datetime) -> None:
    """Delete what a person said of themselves, wrote or sent, and where they stood."""
    before = connection.execute(
        select(reports.c.score, reports.c.state).where(reports.c.id == report_id)
    ).one()
    connection.execute(
        update(reports)
        .where(reports.c.id == report_id)
        .values(
            file_name=None,
            note=None,
            contact=None,
            reporter_hash=None,
            lat=None,
            lon=None,
            accuracy_m=None,
            datum=None,
            position_from=None,
            address=None,
            media_url=None,
            score=strip_score(before.score),
            state="unscored" if before.state == "waiting" else before.state,
            erased_at=at,
        )
    )
    connection.execute(delete(jobs).where(jobs.c.report_id == report_id))
    connection.execute(delete(idempotency).where(idempotency.c.subject == report_id))
    connection.execute(delete(shadow_scores).where(shadow_scores.c.report_id == report_id))


def strip_score(score: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a model's answer without place, time, file name and what was read in the picture."""
    if score is None:
        return None
    stripped = dict(score)
    for name in ("position", "captured_at"):
        if name in stripped:
            stripped[name] = None
    if "source" in stripped:
        stripped["source"] = ""
    for name in ("findings", "context"):
        if name in stripped:
            stripped[name] = [dict(one) | {"evidence": {}} for one in stripped[name]]
    return stripped


def blank_addresses(connection: Connection, report_id: str, address: str | None) -> int:
    """Delete the person's words for the place from the cases that took them over.

    An address that another report gave, too, stays. Returns how many cases changed.
    """
    if address is None:
        return 0
    others = (
        exists()
        .where(
            case_reports.c.case_id == cases.c.id,
            case_reports.c.report_id == reports.c.id,
            reports.c.id != report_id,
            reports.c.address == address,
        )
        .correlate(cases)
    )
    spoken_for = select(case_reports.c.case_id).where(case_reports.c.report_id == report_id)
    done = connection.execute(
        update(cases)
        .where(cases.c.id.in_(spoken_for), cases.c.address == address, ~others)
        .values(address=None, version=cases.c.version + 1)
    )
    return done.rowcount


def blank_photo(connection: Connection, sha256: str, at: datetime) -> None:
    """Delete what is known of a photo but its name, to which the ledger refers."""
    connection.execute(
        update(photos)
        .where(photos.c.sha256 == sha256)
        .values(
            captured_at=None,
            perceptual_hash=None,
            plates=None,
            original_deleted_at=at,
            kept_sha256=None,
        )
    )
    connection.execute(delete(photo_bands).where(photo_bands.c.sha256 == sha256))
