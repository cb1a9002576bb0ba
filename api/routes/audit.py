"""Routes: who did what."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.principal import Principal
from api.schemas.types import Answer, Cursor, Page, PageSize, decode_cursor, encode_cursor
from api.services import Services
from api.store.audit import AuditRow, list_audit

router = APIRouter(tags=["audit"])


class AuditEntry(Answer):
    """A row of the audit log; its hash covers its content and the hash before."""

    seq: int = Field(examples=[42])
    at: datetime
    actor: str = Field(examples=["key:01890a5d-ac96-774b-bcce-b302099a8057"])
    action: str = Field(examples=["key.created"])
    target: str = Field(examples=["keys/01890a5d-ac96-774b-bcce-b302099a8058"])
    details: dict[str, Any] = Field(examples=[{"role": "handler"}])
    previous_hash: str
    hash: str


@router.get(
    "/v1/audit",
    summary="Read the audit log, the newest first",
    operation_id="read_audit",
    responses=problem_responses(401, 403, 422, 429, 503),
)
def read_audit(
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal, Depends(require("audit"))],
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """Return a page of rows; `street-issues-api audit verify` checks the chain.

    Only for keys without grid cells: rows tell of everywhere, and a chain has no parts.
    """
    principal.check_everywhere()
    before = None if cursor is None else decode_cursor(cursor, (int,))[0]
    with services.database.read() as connection:
        rows = list_audit(connection, before_seq=before, limit=limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=tuple(_entry(row) for row in shown),
        next=encode_cursor([shown[-1].seq]) if more else None,
    )


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        target=row.target,
        details=dict(row.details),
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
