"""What reporters said of what the model found in their photos: hints, never verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, select, tuple_

from api.store.people_tables import citizen_words
from api.store.scope import visible
from api.store.tables import case_reports, cases, reports
from api.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class CitizenWord:
    """What one reporter said of one finding."""

    report_id: str
    finding_id: str
    label: str
    """Of the finding."""
    is_right: bool
    at: datetime
    """When it was said, or changed last."""


def put_word(connection: Connection, word: CitizenWord) -> None:
    """Keep a word; a later one of the same finding takes its place."""
    said = {"is_right": word.is_right, "at": word.at}
    connection.execute(
        upsert(connection, citizen_words)
        .values(report_id=word.report_id, finding_id=word.finding_id, label=word.label, **said)
        .on_conflict_do_update(index_elements=["report_id", "finding_id"], set_=said)
    )


def list_words(connection: Connection, report_ids: Sequence[str]) -> dict[str, dict[str, bool]]:
    """Return what was said, by report and finding: whether it is right."""
    rows = connection.execute(
        select(citizen_words.c.report_id, citizen_words.c.finding_id, citizen_words.c.is_right)
        .where(citizen_words.c.report_id.in_(report_ids))
        .order_by(citizen_words.c.report_id, citizen_words.c.finding_id)
    )
    found: dict[str, dict[str, bool]] = {}
    for row in rows:
        found.setdefault(row.report_id, {})[row.finding_id] = row.is_right
    return found


def list_words_for_export(
    connection: Connection,
    *,
    since: datetime | None,
    after: tuple[datetime, str, str] | None,
    grids: Sequence[str],
    limit: int,
) -> tuple[tuple[CitizenWord, Mapping[str, Any] | None], ...]:
    """Return words, oldest first, each with the model's answer on its photo.

    Args:
        connection: In a transaction.
        since: Only of this time or later.
        after: Time, report and finding of the last row that was read.
        grids: Prefixes of the grid cells that are seen; empty: all.
        limit: Most rows.
    """
    order = (citizen_words.c.at, citizen_words.c.report_id, citizen_words.c.finding_id)
    query = (
        select(citizen_words, reports.c.score)
        .join(reports, reports.c.id == citizen_words.c.report_id)
        .where(*_conditions(since, grids))
        .order_by(*order)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return tuple(
        (CitizenWord(**{name: row[name] for name in CitizenWord.__slots__}), row["score"])
        for row in connection.execute(query).mappings()
    )


def delete_words(connection: Connection, report_id: str) -> None:
    """Delete what a report's sender said."""
    connection.execute(delete(citizen_words).where(citizen_words.c.report_id == report_id))


def _conditions(since: datetime | None, grids: Sequence[str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(citizen_words.c.at >= since)
    if grids:  # Without a case a report lies in nobody's cells.
        conditions.append(
            exists().where(
                case_reports.c.report_id == citizen_words.c.report_id,
                case_reports.c.case_id == cases.c.id,
                visible(cases.c.grid_code, tuple(grids)),
            )
        )
    return conditions
