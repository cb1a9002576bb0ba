"""The ledger: filters, search, export, moves of many cases."""

from functools import partial as bind
from threading import BoundedSemaphore
from typing import IO, Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, StringConstraints
from starlette.types import Receive, Scope, Send

from api.cases.states import MOVES, MoveName
from api.casework.bulk import MOST_CASES, SeenCase, move_cases
from api.casework.moving import MoveOrder
from api.errors import BusyError, InvalidError
from api.http.deps import get_services
from api.schemas.types import LongText, ShortText
from api.services import Services
from api.store.case_search import turn_page
from api.web.addresses import own_path
from api.web.exports import MEDIA_TYPES, ExportForm, export_ledger
from api.web.forms import OrNone, PageForm
from api.web.headers import NO_STORE
from api.web.languages import choose_language
from api.web.ledger_query import (
    LEDGER,
    LedgerFilter,
    LedgerQuery,
    decode_place,
    describe_filter,
    encode_place,
    ledger_address,
    make_search,
    possible_moves,
    show_rows,
)
from api.web.pages import show_in, show_page
from api.web.problem_words import word_error
from api.web.visitor import Visitor, visit

MOST_COUNTED: Final = 10_000
"""Further on the count is a guess to the reader anyway, and costs a walk through the ledger."""
CHUNK_BYTES: Final = 65_536

router = APIRouter(prefix=LEDGER, include_in_schema=False)

Service = Annotated[Services, Depends(get_services)]
Reader = Annotated[Visitor, Depends(visit("read"))]
Seen = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[1-9][0-9]{0,8}$")
]
"""A case's id and its version."""


class MovesForm(PageForm):
    """One move for the rows that were chosen."""

    case: Annotated[tuple[Seen, ...], Field(max_length=MOST_CASES)] = ()
    move: MoveName
    reason: OrNone[LongText] = None
    unit: OrNone[ShortText] = None
    back: str = Field(default=LEDGER, max_length=2000)


@router.get("")
def show_ledger(
    request: Request, services: Service, visitor: Reader, query: Annotated[LedgerQuery, Query()]
) -> Response:
    """Show a page of what the address asks for; to htmx, only the rows."""
    search = _search(services, visitor, query)
    after, before = decode_place(query.after, query.order), decode_place(query.before, query.order)
    with services.database.read() as connection:
        page = turn_page(
            connection,
            search,
            after=after,
            before=before,
            limit=int(query.size),
            count_to=MOST_COUNTED + 1,
        )
    asked = request.headers
    partial = asked.get("hx-request") == "true" and "hx-history-restore-request" not in asked
    here = ledger_address(query, after=query.after, before=query.before)
    answer = show_page(
        request,
        "ledger_rows.html" if partial else "ledger.html",
        query=query,
        rows=show_rows(page.cases, visitor.principal, services.clock()),
        found=min(page.found, MOST_COUNTED),
        more=page.found > MOST_COUNTED,
        turned=query.after is not None or query.before is not None,
        before=encode_place(page.before),
        after=encode_place(page.after),
        here=here,
        address=ledger_address,
        moves=possible_moves(visitor.principal),
        all_moves=MOVES,
        filtered=ledger_address(query, order=None, size=None) != LEDGER,
    )
    if partial:
        answer.headers["HX-Push-Url"] = here
    return answer


@router.get("/export.{form}")
def export(
    request: Request,
    services: Service,
    visitor: Reader,
    form: Literal["csv", "xlsx"],
    query: Annotated[LedgerFilter, Query()],
) -> Response:
    """Hand out the whole filtered list as a file, and write down who took it."""
    showing = show_in(request)
    wanted = ExportForm(form, showing)
    room: BoundedSemaphore = request.app.state.export_room
    if not room.acquire(blocking=False):
        raise BusyError("exports_full", "Other exports are being written.", retry_after_s=10)
    try:
        search, said = _search(services, visitor, query), describe_filter(query)
        exported = export_ledger(services, visitor.principal, search, wanted, said)
    finally:
        room.release()
    at = showing.now.astimezone(services.rules.timezone)
    name = f"{showing.choose('台账', 'ledger')}-{at:%Y%m%d-%H%M}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="ledger.{form}"; '
        f"filename*=UTF-8''{quote(name)}",
        "Content-Length": str(exported.size_bytes),
        "Cache-Control": NO_STORE,
    }
    return _FileAnswer(exported.file, media_type=MEDIA_TYPES[form], headers=headers)


@router.post("/moves")
def move_many(
    request: Request,
    services: Service,
    visitor: Annotated[Visitor, Depends(visit("handle"))],
    form: Annotated[MovesForm, Form()],
) -> Response:
    """Make one move with each of the chosen cases, and show what came of each."""
    seen = tuple(SeenCase(one[:36], int(one[37:])) for one in form.case)
    details: dict[str, Any] = {}
    if form.move == "dispatch":
        details["unit"] = (form.unit or "").strip()
        if not details["unit"]:
            raise InvalidError("unit_missing", "Nobody was named to handle them.")
    order = MoveOrder(form.move, form.reason, details=details)
    outcomes = move_cases(services, visitor.principal, seen, order)
    partial = request.headers.get("hx-request") == "true"
    return show_page(
        request,
        "ledger_moved.html" if partial else "ledger_answer.html",
        move=form.move,
        outcomes=outcomes,
        moved=sum(one.error is None for one in outcomes),
        back=own_path(form.back, LEDGER),
        word_error=bind(word_error, choose_language(request)),
    )


def _search(services: Services, visitor: Visitor, query: LedgerFilter) -> Any:
    return make_search(
        query,
        now=services.clock(),
        timezone=services.rules.timezone,
        grids=visitor.principal.grids,
    )


class _FileAnswer(StreamingResponse):
    """An open file, closed when it was sent or when whoever took it has gone away."""

    def __init__(self, file: IO[bytes], **answer: Any) -> None:
        super().__init__(iter(bind(file.read, CHUNK_BYTES), b""), **answer)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()
