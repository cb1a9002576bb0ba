"""Cases and reports as the API shows them."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from api.cases.case import Case, CaseEvent
from api.cases.states import CaseState, MoveName, allowed_moves
from api.schemas.types import (
    Answer,
    Body,
    Datum,
    GridCode,
    Id,
    Label,
    Latitude,
    Longitude,
    LongText,
    ShortText,
    UtcDatetime,
    Whole,
)
from api.store.case_list import CaseOrder
from api.store.case_reports import CaseReport
from api.store.closing_checks import ClosingCheck
from api.store.reports import Report

EXAMPLE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class PositionAnswer(Answer):
    """A place, WGS-84."""

    lat: float = Field(examples=[31.2304])
    lng: float = Field(examples=[121.4737])


class CaseAnswer(Answer):
    """A case."""

    id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["2026-000123"])
    label: str | None = Field(examples=["overflowing_bin"])
    event_code: str | None = Field(examples=["200102"])
    state: str = Field(examples=["collected"])
    source: str = Field(examples=["citizen"])
    position: PositionAnswer | None
    address: str | None
    grid_code: str | None = Field(description="null: outside every cell.")
    severity: str | None = Field(examples=["medium"])
    priority: int = Field(description="0 to 1000; the higher goes first.", examples=[420])
    reports_count: int = Field(examples=[5])
    reporters_count: int = Field(examples=[5])
    photo_sha256: str | None
    opened_at: UtcDatetime
    state_since: UtcDatetime
    review_due_at: UtcDatetime | None
    due_at: UtcDatetime | None
    due_note: str | None
    ended_at: UtcDatetime | None
    merged_into: str | None
    version: int = Field(examples=[1])
    moves: tuple[str, ...] = Field(description="That may be made now.", examples=[["verify"]])


class EventAnswer(Answer):
    """A line of a case's history."""

    id: str = Field(examples=[EXAMPLE_ID])
    at: UtcDatetime
    actor: str = Field(examples=["system:intake"])
    action: str = Field(examples=["opened"])
    from_state: str | None
    to_state: str = Field(examples=["collected"])
    reason: str | None
    details: dict[str, Any]


class CaseReportAnswer(Answer):
    """A report that speaks for a case; who reported stays with the bureau's own keeping."""

    id: str = Field(examples=[EXAMPLE_ID])
    received_at: UtcDatetime
    joined_at: UtcDatetime
    why: str = Field(examples=["near"])
    distance_m: float | None
    source: str = Field(examples=["citizen"])
    label: str | None
    note: str | None
    state: str = Field(examples=["scored"])
    photo_sha256: str | None
    position: PositionAnswer | None
    findings: tuple[str, ...] = Field(description="Ids of the findings that show the problem.")
    score: dict[str, Any] | None = Field(description="As POST /v1/score answers.")


class ReasonAnswer(Answer):
    """One thing that speaks against closing."""

    code: str = Field(examples=["label_still_found"])
    message: str
    message_zh: str


class ClosingCheckAnswer(Answer):
    """An after-photo, judged; a person decides."""

    id: str = Field(examples=[EXAMPLE_ID])
    case_id: str = Field(examples=[EXAMPLE_ID])
    at: UtcDatetime
    actor: str
    photo_sha256: str
    outcome: Literal["resolved", "not_resolved", "unsure"]
    reasons: tuple[ReasonAnswer, ...]


class CaseDetailAnswer(CaseAnswer):
    """A case with all that hangs on it."""

    reports: tuple[CaseReportAnswer, ...]
    checks: tuple[ClosingCheckAnswer, ...] = Field(description="Newest first.")


class CaseQuery(Body):
    """Which cases are listed."""

    state: Annotated[tuple[CaseState, ...], Field(max_length=12)] = ()
    label: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    unlabelled: bool = Field(default=False, description="Beside `label`: also cases without one.")
    grid: GridCode | None = Field(default=None, description="Prefix of grid codes.")
    opened_from: UtcDatetime | None = None
    opened_before: UtcDatetime | None = None
    ended: bool | None = None
    overdue: bool = Field(default=False, description="Only cases past their deadline.")
    number: ShortText | None = Field(default=None, examples=["2026-000123"])
    order: CaseOrder = "newest"
    limit: int = Field(default=50, ge=1, le=500, description="Rows of one page.")
    cursor: str | None = Field(
        default=None,
        max_length=400,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`next` of the page before; leave it out for the first.",
    )


class MoveBody(Body):
    """A move of the life cycle."""

    move: MoveName = Field(examples=["dispatch"])
    reason: LongText | None = Field(default=None, examples=["Rubbish stands beside the bin."])
    version: Whole | None = Field(default=None, ge=1, lt=2**31, description="The case as seen.")
    unit: ShortText | None = Field(
        default=None, description="dispatch: who is to handle it.", examples=["环卫三队"]
    )
    rating: Whole | None = Field(default=None, ge=1, le=5, description="evaluate: 5 is best.")


class CorrectionBody(Body):
    """What a person knows better; what is left out stays."""

    label: Label | None = Field(default=None, examples=["overflowing_bin"])
    lat: Annotated[Latitude, Strict()] | None = None
    lng: Annotated[Longitude, Strict()] | None = None
    datum: Datum = "wgs84"
    address: ShortText | None = None
    reason: LongText | None = None
    version: Whole | None = Field(default=None, ge=1, lt=2**31)


class MergeBody(Body):
    """Which case goes on."""

    into: Id = Field(examples=[EXAMPLE_ID])
    reason: LongText | None = None
    version: Whole | None = Field(default=None, ge=1, lt=2**31)


class SplitBody(Body):
    """Which reports open a case of their own."""

    reports: Annotated[tuple[Id, ...], Field(min_length=1, max_length=1000)]
    reason: LongText | None = None
    version: Whole | None = Field(default=None, ge=1, lt=2**31)


def show_position(lat: float | None, lon: float | None) -> PositionAnswer | None:
    """Return a place as the API shows it."""
    return None if lat is None or lon is None else PositionAnswer(lat=lat, lng=lon)


def show_case(case: Case) -> CaseAnswer:
    """Return a case as the API shows it."""
    return CaseAnswer(**_case_fields(case))


def show_detail(
    case: Case,
    reports: tuple[tuple[CaseReport, Report], ...],
    checks: tuple[ClosingCheck, ...],
) -> CaseDetailAnswer:
    """Return a case with all that hangs on it."""
    return CaseDetailAnswer(
        **_case_fields(case),
        reports=tuple(_show_report(joined, report) for joined, report in reports),
        checks=tuple(show_check(check) for check in checks),
    )


def show_event(event: CaseEvent) -> EventAnswer:
    """Return a line of history as the API shows it."""
    return EventAnswer(
        id=event.id,
        at=event.at,
        actor=event.actor,
        action=event.action,
        from_state=event.from_state,
        to_state=event.to_state,
        reason=event.reason,
        details=dict(event.details),
    )


def show_check(check: ClosingCheck) -> ClosingCheckAnswer:
    """Return a closing check as the API shows it."""
    return ClosingCheckAnswer(
        id=check.id,
        case_id=check.case_id,
        at=check.at,
        actor=check.actor,
        photo_sha256=check.photo_sha256,
        outcome=check.outcome,
        reasons=tuple(ReasonAnswer(**reason) for reason in check.reasons),
    )


def _show_report(joined: CaseReport, report: Report) -> CaseReportAnswer:
    return CaseReportAnswer(
        id=report.id,
        received_at=report.received_at,
        joined_at=joined.joined_at,
        why=joined.why,
        distance_m=joined.distance_m,
        source=report.source,
        label=report.label,
        note=report.note,
        state=report.state,
        photo_sha256=report.photo_sha256,
        position=show_position(report.lat, report.lon),
        findings=joined.findings,
        score=None if report.score is None else dict(report.score),
    )


def _case_fields(case: Case) -> dict[str, Any]:
    same = (
        *("id", "number", "label", "event_code", "state", "source", "address", "grid_code"),
        *("severity", "priority", "reports_count", "reporters_count", "photo_sha256"),
        *("opened_at", "state_since", "review_due_at", "due_at", "due_note", "ended_at"),
        *("merged_into", "version"),
    )
    fields = {name: getattr(case, name) for name in same}
    return fields | {
        "position": show_position(case.lat, case.lon),
        "moves": allowed_moves(case.state),
    }
