"""One case on one screen, and what can be done with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.responses import Response

from api.cases.case import Case
from api.casework.moving import Correction, correct_case, move_case
from api.casework.regrouping import merge_case, split_case
from api.casework.review import DISMISSALS, accept_case, find_other
from api.errors import ApiError, InvalidError, StorageError
from api.http.deps import get_services
from api.schemas.types import IdPath
from api.services import Services
from api.web.case_actions import ACTIONS
from api.web.case_forms import CorrectionForm, DecisionForm, MergeForm, MoveForm, SplitForm
from api.web.case_near import gather_near
from api.web.case_problems import word_problem
from api.web.case_view import find_done, gather_case, gather_walk
from api.web.history_words import name_join
from api.web.pages import show_in, show_page
from api.web.queue_walk import LANE_NAMES, Walk, WalkQuery
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/cases", include_in_schema=False)

Reader = Annotated[Visitor, Depends(visit("read"))]
Judge = Annotated[Visitor, Depends(visit("judge"))]
Service = Annotated[Services, Depends(get_services)]


class CaseQuery(WalkQuery):
    """How the page is opened."""

    open: str | None = None
    """A dialog, where no script opens it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a case is shown this time."""

    walk: Walk | None
    status: int = 200
    opened: str | None = None
    """The dialog that stands open."""
    typed: Mapping[str, Any] = field(default_factory=dict)
    """What was filled in before a refusal."""
    problem: str | None = None
    """Why it was refused."""
    done_id: str | None = None
    """The case that was decided a moment ago."""


@router.get("/{case_id}")
def show_case_page(
    request: Request,
    services: Service,
    visitor: Reader,
    case_id: IdPath,
    query: Annotated[CaseQuery, Query()],
) -> Response:
    """Show a case."""
    walk = None if query.lane is None else query.walk(query.lane)
    opened = query.open if query.open in ACTIONS else None
    return _show(
        request, services, visitor, case_id, Sight(walk, opened=opened, done_id=query.done)
    )


@router.get("/{case_id}/near")
def list_near(request: Request, services: Service, visitor: Reader, case_id: IdPath) -> Response:
    """Answer with the open cases around a case, for its map."""
    with services.database.read() as connection:
        near = gather_near(connection, visitor.principal, case_id, show_in(request))
    return JSONResponse(near, headers={"Cache-Control": "no-store"})


@router.get("/{case_id}/moves")
@router.get("/{case_id}/merge")
@router.get("/{case_id}/split")
@router.get("/{case_id}/correct")
def lead_back(visitor: Reader, case_id: IdPath) -> RedirectResponse:
    """Lead to the page from a form's address, as where the language is changed after a refusal."""
    del visitor
    return RedirectResponse(f"/console/cases/{case_id}", 303)


@router.post("/{case_id}/moves")
def make_move(
    request: Request,
    services: Service,
    visitor: Reader,
    case_id: IdPath,
    form: Annotated[MoveForm, Form()],
) -> Response:
    """Move a case; the service itself says who may."""

    def decide() -> Case:
        if form.move == "accept":
            return accept_case(services, visitor.principal, case_id, form.version)
        move = ACTIONS[form.move].move
        if move is None:
            raise InvalidError("no_move", f"{form.move!r} is no move.", "Use its own form.")
        order = form.order(move, show_in(request).language)
        return move_case(services, visitor.principal, case_id, order)

    return _answer(request, services, visitor, case_id, form, (form.move, decide))


@router.post("/{case_id}/merge")
def merge(
    request: Request,
    services: Service,
    visitor: Judge,
    case_id: IdPath,
    form: Annotated[MergeForm, Form()],
) -> Response:
    """Merge this case into another, or another into this."""

    def decide() -> Case:
        other = form.other
        if form.number is not None:
            with services.database.read() as connection:
                other = find_other(connection, visitor.principal, form.number.strip())
            if form.other not in (None, other):
                raise InvalidError("merge_choice", "Two different cases were chosen.")
        if other is None:
            raise InvalidError("merge_choice", "No other case was chosen.")
        if form.direction == "into_this":
            return merge_case(
                services,
                visitor.principal,
                other,
                case_id,
                reason=form.reason,
                into_version=form.version,
            )
        return merge_case(
            services,
            visitor.principal,
            case_id,
            other,
            reason=form.reason,
            version=form.version,
        )

    return _answer(request, services, visitor, case_id, form, ("merge", decide))


@router.post("/{case_id}/split")
def split(
    request: Request,
    services: Service,
    visitor: Judge,
    case_id: IdPath,
    form: Annotated[SplitForm, Form()],
) -> Response:
    """Let some reports open a case of their own."""

    def decide() -> Case:
        return split_case(
            services,
            visitor.principal,
            case_id,
            form.reports,
            reason=form.reason,
            version=form.version,
        )

    return _answer(request, services, visitor, case_id, form, ("split", decide))


@router.post("/{case_id}/correct")
def correct(
    request: Request,
    services: Service,
    visitor: Judge,
    case_id: IdPath,
    form: Annotated[CorrectionForm, Form()],
) -> Response:
    """Set the label, the address or the position."""

    def decide() -> Case:
        if (form.lat is None) != (form.lng is None):
            raise InvalidError("position_incomplete", "A position has lat and lng.")
        correction = Correction(
            label=form.label,
            lat=form.lat,
            lon=form.lng,
            datum=form.datum,
            address=form.address,
            reason=form.reason,
            version=form.version,
        )
        return correct_case(services, visitor.principal, case_id, correction)

    return _answer(request, services, visitor, case_id, form, ("correct", decide))


def _answer(
    request: Request,
    services: Services,
    visitor: Visitor,
    case_id: str,
    form: DecisionForm,
    decision: tuple[str, Callable[[], Case]],
) -> Response:
    """Decide, and go on; a refusal shows the case as it is now, with what was typed."""
    action, decide = decision
    scripted = "application/json" in request.headers.get("accept", "")
    try:
        decided = decide()
    except StorageError:
        raise
    except ApiError as error:
        if scripted:
            raise
        refused = Sight(
            form.walk,
            status=error.status,
            opened=action,
            typed=form.model_dump(exclude={"csrf", "version"}, exclude_none=True),
            problem=word_problem(show_in(request), error, action),
        )
        return _show(request, services, visitor, case_id, refused)
    target = _lead_on(case_id, form, action, decided)
    if scripted:
        done = {"id": decided.id, "state": decided.state, "version": decided.version}
        return JSONResponse(done | {"next": target})
    return RedirectResponse(target, 303)


def _lead_on(case_id: str, form: DecisionForm, action: str, decided: Case) -> str:
    """Return what opens after a decision: the next of the walk, or the case itself."""
    walk, stays = form.walk, action in ("correct", "split")
    if action == "merge":
        stays = decided.id == case_id  # It goes on, and waits still.
    if walk is not None and form.then != "stay" and not stays:
        query = walk.query(after=form.after, wrap="1", done=decided.id)
        return "/console/queue/next" + query
    here = decided.id if action == "merge" else case_id
    query = f"?done={decided.id}" if walk is None else walk.query(done=decided.id)
    return f"/console/cases/{here}{query}"


def _show(
    request: Request, services: Services, visitor: Visitor, case_id: str, sight: Sight
) -> Response:
    with services.database.read() as connection:
        view = gather_case(services, connection, visitor, case_id, show_in(request))
        way = gather_walk(services, connection, visitor, view.case, sight.walk)
        done = find_done(connection, visitor, sight.done_id)
    return show_page(
        request,
        "case.html",
        sight.status,
        view=view,
        case=view.case,
        photos=view.photos,
        closing=view.closing,
        way=way,
        done=done,
        opened=sight.opened,
        typed=sight.typed,
        problem=sight.problem,
        lane_names=LANE_NAMES,
        dismissals=DISMISSALS,
        join_name=partial(name_join, show_in(request)),
    )
