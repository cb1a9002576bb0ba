"""Takes a person's data out of the rows of a report; the case stays."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, delete, exists, false, or_, select, update

from api.store.citizen_words import delete_words
from api.store.objections import blank_objections
from api.store.people_tables import objections
from api.store.side_tables import shadow_scores
from api.store.tables import (
    case_events,
    case_reports,
    cases,
    idempotency,
    jobs,
    photo_bands,
    photos,
    reports,
    work_items,
)

TOUCHED: Final = (
    *("reports", "cases", "photos", "jobs", "idempotency", "shadow_scores"),
    *("citizen_words", "objections"),
)
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


def mentioning(connection: Connection, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the reports in whose words, link or file name one of the texts stands.

    Words are the note, the address, and the notes of objections.
    """
    columns = (reports.c.note, reports.c.address, reports.c.media_url, reports.c.file_name)
    objected = select(objections.c.report_id).where(_mentions([objections.c.note], texts))
    query = select(reports.c.id).where(
        reports.c.erased_at.is_(None),
        or_(_mentions(columns, texts), reports.c.id.in_(objected)),
    )
    return tuple(connection.execute(query.order_by(reports.c.id)).scalars())


def cases_mentioning(connection: Connection, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the numbers of cases whose address, history or errors hold one of the texts."""
    told = select(case_events.c.case_id).where(_mentions([case_events.c.reason], texts))
    failed = select(work_items.c.case_id).where(_mentions([work_items.c.last_error], texts))
    query = select(cases.c.number).where(
        or_(_mentions([cases.c.address], texts), cases.c.id.in_(told), cases.c.id.in_(failed))
    )
    return tuple(connection.execute(query.order_by(cases.c.number)).scalars())


def _mentions(columns: Sequence[Column[Any]], texts: Sequence[str]) -> ColumnElement[bool]:
    return or_(
        false(),
        *(column.icontains(text, autoescape=True) for column in columns for text in texts),
    )


def drop_job(connection: Connection, report_id: str) -> None:
    """Take a report's scoring job away; who scores it right now is waited for."""
    connection.execute(delete(jobs).where(jobs.c.report_id == report_id))


def lock_report(connection: Connection, report_id: str) -> None:
    """Let nobody change a report until the transaction ends.

    Rows that refer to it may come meanwhile (a key's share lock): whoever regroups cases holds
    "cases", for which erasure waits, and adds such rows.
    """
    query = select(reports.c.id).where(reports.c.id == report_id)
    connection.execute(query.with_for_update(key_share=True))


def lock_photo(connection: Connection, sha256: str) -> str | None:
    """Let nobody enter or change a photo, as `lock_report` does; return its kept copy's name."""
    query = select(photos.c.kept_sha256).where(photos.c.sha256 == sha256)
    kept: str | None = connection.execute(query.with_for_update(key_share=True)).scalar_one()
    return kept


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
    connection.execute(delete(idempotency).where(idempotency.c.subject == report_id))
    connection.execute(delete(shadow_scores).where(shadow_scores.c.report_id == report_id))
    delete_words(connection, report_id)
    blank_objections(connection, report_id)


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
