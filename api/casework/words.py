"""What reporters say of the findings in their own photo: right, or wrong. A hint, no verdict."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.casework.following import lock_report
from api.casework.line_pages import BATCH_ROWS, parse_cursor, stream_pages, write_cursor
from api.errors import NotFoundError
from api.principal import Principal
from api.services import Services
from api.store.citizen_words import CitizenWord, list_words_for_export, put_word


def say_word(services: Services, report_id: str, finding_id: str, *, is_right: bool) -> None:
    """Keep what a report's sender says of something that the model found in the photo.

    A later word takes the place of an earlier one.

    Raises:
        NotFoundError: There is no such report, or they were not shown such a finding.
        GoneError: The report was erased.
    """
    with services.database.write() as connection:
        report = lock_report(connection, report_id)
        shown = {one["id"]: one for one in (report.score or {}).get("findings", ())}
        finding = shown.get(finding_id)
        if finding is None or not finding["flagged"]:
            raise NotFoundError("finding", finding_id)
        now = services.clock()
        put_word(connection, CitizenWord(report_id, finding_id, finding["label"], is_right, now))


@dataclass(frozen=True, slots=True)
class WordPage:
    """Part of the export."""

    lines: tuple[str, ...]
    """JSON without the line's end."""
    cursor: str | None
    """Where the next page begins; None: there is none now."""


def read_words(
    services: Services,
    principal: Principal,
    *,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int = BATCH_ROWS,
) -> WordPage:
    """Return words of reports whose cases lie in the key's grid cells, oldest first.

    Args:
        services: What the service works with.
        principal: Who asks.
        since: Only words of this time or later.
        cursor: Of the page before.
        limit: Most lines.

    Raises:
        InvalidError: The cursor is none of ours.
    """
    after = None if cursor is None else _parse_after(cursor)
    with services.database.read() as connection:
        rows = list_words_for_export(
            connection, since=since, after=after, grids=principal.grids, limit=limit
        )
    last = rows[-1][0] if len(rows) == limit else None
    return WordPage(
        tuple(_format(word, score or {}) for word, score in rows),
        None if last is None else write_cursor(last.at, last.report_id, last.finding_id),
    )


def stream_words(
    services: Services, principal: Principal, since: datetime | None, cursor: str | None
) -> Iterator[str]:
    """Return every line with its end, a batch at a time."""
    return stream_pages(
        lambda place: read_words(services, principal, since=since, cursor=place), cursor
    )


def _format(word: CitizenWord, score: Mapping[str, Any]) -> str:
    found = [one for one in score.get("findings", ()) if one["id"] == word.finding_id]
    model = score.get("model")
    content = {
        "report": word.report_id,
        "finding": word.finding_id,
        "label": word.label,
        "score": found[0]["score"] if found else None,
        "model": None if model is None else {"name": model["name"], "version": model["version"]},
        "right": word.is_right,
        "at": word.at.isoformat().replace("+00:00", "Z"),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _parse_after(cursor: str) -> tuple[datetime, str, str]:
    at, report_id, finding_id = parse_cursor(cursor, 2)
    return at, report_id, finding_id
