"""The export of verdicts: lines of datasets/feedback.schema.json, which name no person."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from api.casework.line_pages import BATCH_ROWS, parse_cursor, stream_pages, write_cursor
from api.errors import InvalidError, NotFoundError
from api.photos.originals import LEAST_REASON, MOST_REASON
from api.principal import Principal
from api.services import Services
from api.store.audit import record_audit
from api.store.verdicts import ExportRow, list_for_export
from datasets.feedback import SCHEMA
from detector.errors import OutputError

SUFFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/heic": ".heic"}
)
SYSTEM_ACTOR: Final = "system:command-line"
SYSTEM_PRINCIPAL: Final = Principal("system", "command line", "admin", originals=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the export."""

    lines: tuple[str, ...]
    """JSON without the line's end."""
    photos: tuple[tuple[str, str], ...]
    """SHA-256 and file name of each line's photo."""
    cursor: str | None
    """Where the next page begins; None: there is none now."""


def read_page(
    services: Services,
    principal: Principal,
    *,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int = BATCH_ROWS,
) -> Page:
    """Return verdicts, oldest first; of a photo in a case only the newest.

    Args:
        services: What the service works with.
        principal: Who asks: sees verdicts of cases in its grid cells.
        since: Only verdicts of this time or later.
        cursor: Of the page before.
        limit: Most lines.

    Raises:
        InvalidError: The cursor is none of ours.
    """
    after = None if cursor is None else _parse_after(cursor)
    with services.database.read() as connection:
        rows = list_for_export(
            connection, since=since, after=after, grids=principal.grids, limit=limit
        )
    last = rows[-1].verdict if len(rows) == limit else None
    return Page(
        tuple(format_line(row) for row in rows),
        tuple((row.verdict.photo_sha256, name_file(row)) for row in rows),
        None if last is None else write_cursor(last.at, last.id),
    )


def stream_lines(
    services: Services, principal: Principal, since: datetime | None, cursor: str | None
) -> Iterator[str]:
    """Return every line with its end, a batch at a time."""
    return stream_pages(
        lambda place: read_page(services, principal, since=since, cursor=place), cursor
    )


def format_line(row: ExportRow) -> str:
    """Return one line, without its end."""
    body = row.verdict.body
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "photo": {
            "sha256": row.verdict.photo_sha256,
            # Not the name that a citizen gave it: that may be a person's.
            "file_name": name_file(row),
            "image_wh": body["image_wh"],
            "captured_at": None if row.captured_at is None else row.captured_at.isoformat(),
            # Photos of one problem in one place must not be split into training and testing.
            "group": f"case-{row.verdict.case_id}",
        },
        "model": body["model"],
        "box_unit": "share" if body["image_wh"] is None else "pixel",
        "findings": body["findings"],
        "added": body["added"],
        "reviewed": body["reviewed"],
        "reviewer_role": row.verdict.role,
        "reviewed_at": row.verdict.at.isoformat(),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def name_file(row: ExportRow) -> str:
    """Return the photo's name in an export: its hash and its type."""
    return row.verdict.photo_sha256 + SUFFIXES.get(row.media_type, "")


def write_export(services: Services, out: Path, reason: str) -> tuple[int, int]:
    """Write feedback.jsonl and photos/, which `street-issues-data import-feedback` reads.

    The photos are originals: who takes how many, and why, is on record before a byte goes out.

    Args:
        services: What the service works with.
        out: A folder that does not exist yet; only its owner may look into it.
        reason: Kept in the audit log.

    Returns:
        Lines written, and photos that are missing in the store.

    Raises:
        InvalidError: The reason is none.
        OutputError: The folder cannot be written, or is there already.
        StorageError: A photo cannot be read, or the export not be recorded.
    """
    reason = _check_reason(reason)
    lines = missing = 0
    try:
        folder = out / "photos"
        for made in (out, folder):  # `parents` would not pass the mode on.
            made.mkdir(mode=0o700, parents=True)
        _record_export(services, reason)
        with os.fdopen(_create(out / "feedback.jsonl"), "w", encoding="utf-8") as file:
            for line, sha256, name in _iterate(services):
                file.write(f"{line}\n")
                lines += 1
                try:
                    data = services.photos.get(sha256)
                except NotFoundError:
                    missing += 1
                else:
                    with os.fdopen(_create(folder / name), "wb") as photo:
                        photo.write(data)
    except OSError as error:
        raise OutputError(str(out), error) from error
    return lines, missing


def _iterate(services: Services) -> Iterator[tuple[str, str, str]]:
    """Yield every line, its photo and the photo's name in the export."""
    cursor: str | None = None
    while True:
        page = read_page(services, SYSTEM_PRINCIPAL, cursor=cursor)
        for line, (sha256, name) in zip(page.lines, page.photos, strict=True):
            yield line, sha256, name
        cursor = page.cursor
        if cursor is None:
            return


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if not LEAST_REASON <= len(reason) <= MOST_REASON or not reason.isprintable():
        raise InvalidError(
            "bad_reason",
            f"A reason has {LEAST_REASON} to {MOST_REASON} characters in one line.",
            "Say what the photos are for, such as 'training of model 1.3'.",
        )
    return reason


def _record_export(services: Services, reason: str) -> None:
    count = sum(1 for _ in _iterate(services))
    with services.database.write() as connection:
        record_audit(
            services.database,
            connection,
            at=services.clock(),
            actor=SYSTEM_ACTOR,
            action="feedback.exported",
            target="feedback",
            details={"count": count, "reason": reason},
        )


def _create(path: Path) -> int:
    # One photo may stand in several lines: it is written again.
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _parse_after(cursor: str) -> tuple[datetime, str]:
    at, verdict_id = parse_cursor(cursor, 1)
    return at, verdict_id
