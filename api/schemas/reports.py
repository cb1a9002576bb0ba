"""Reports as their reporters see them: plain words, and nothing of other people."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from api.cases.case import Case
from api.cases.states import STATE_NAMES
from api.http.forms import PlaceForm
from api.schemas.cases import EXAMPLE_ID, PositionAnswer, show_position
from api.schemas.types import Answer, Label, LongText, ShortText, UtcDatetime
from api.store.reports import Report
from detector.labels import show_label


class ReportForm(PlaceForm):
    """What stands beside the photo of a report."""

    label: Label | None = Field(
        default=None, description="What the reporter says that it is.", examples=["overflowing_bin"]
    )
    note: LongText | None = Field(default=None, examples=["The bin has been full for days."])
    address: ShortText | None = Field(default=None, examples=["人民路 12 号门口"])
    accuracy_m: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    source: Literal["citizen", "inspector", "superior"] | None = Field(
        default=None, description="Whose report it is; only for keys of operators and admins."
    )
    phone: ShortText | None = Field(default=None, description="Personal; nobody is shown it.")
    email: ShortText | None = Field(default=None, description="Personal; nobody is shown it.")
    name: ShortText | None = Field(default=None, description="Personal; nobody is shown it.")
    device_id: ShortText | None = Field(
        default=None, description="Tells reporters apart where no contact is given."
    )

    def contact(self) -> dict[str, str]:
        """Return what is personal."""
        fields = ("phone", "email", "name", "device_id")
        return {name: text for name in fields if (text := getattr(self, name)) is not None}


class SeenAnswer(Answer):
    """Something that the model saw in the photo."""

    id: str
    label: str = Field(examples=["overflowing_bin"])
    name_zh: str = Field(examples=["垃圾满溢"])
    name_en: str = Field(examples=["overflowing bin"])
    score: float = Field(ge=0, le=1, examples=[0.83])
    box_xyxy: tuple[float, float, float, float] = Field(
        description="Pixels of the upright photo, `image_wh` large.",
        examples=[(120.0, 240.0, 480.0, 640.0)],
    )
    severity: str = Field(examples=["medium"])


class FollowedCaseAnswer(Answer):
    """A case that the report belongs to."""

    number: str = Field(examples=["2026-000123"])
    label: str | None = Field(examples=["overflowing_bin"])
    name_zh: str = Field(examples=["垃圾满溢"])
    name_en: str = Field(examples=["overflowing bin"])
    state: str = Field(examples=["collected"])
    state_zh: str = Field(examples=["已采集，待核实"])
    state_en: str = Field(examples=["collected, waits to be verified"])
    state_since: UtcDatetime
    due_at: UtcDatetime | None


class ReportAnswer(Answer):
    """A report, as its reporter follows it."""

    id: str = Field(examples=[EXAMPLE_ID])
    received_at: UtcDatetime
    state: str = Field(
        description="waiting: not looked at yet; scored; unreadable: the photo cannot be opened, "
        "a person looks; unscored: no model looked, a person does.",
        examples=["scored"],
    )
    message_zh: str = Field(examples=["我们看到：垃圾满溢"])
    message_en: str = Field(examples=["We see: overflowing bin."])
    image_wh: tuple[int, int] | None = Field(examples=[(1920, 1080)])
    position: PositionAnswer | None
    findings: tuple[SeenAnswer, ...]
    cases: tuple[FollowedCaseAnswer, ...]


class AcceptedAnswer(ReportAnswer):
    """A report that is kept."""

    follow_token: str = Field(
        description="Secret: opens GET /v1/reports/{id}. The same again for a repeated request.",
        examples=["fol_1f7b…"],
    )


def show_report(report: Report, cases: Sequence[Case]) -> ReportAnswer:
    """Return a report as its reporter sees it."""
    return ReportAnswer(**_report_fields(report, cases))


def show_accepted(report: Report, cases: Sequence[Case], follow_token: str) -> AcceptedAnswer:
    """Return a report that was just handed in, with the token that opens it."""
    return AcceptedAnswer(**_report_fields(report, cases), follow_token=follow_token)


def _report_fields(report: Report, cases: Sequence[Case]) -> dict[str, Any]:
    score = report.score or {}
    findings = tuple(
        SeenAnswer(
            id=one["id"],
            label=one["label"],
            name_zh=show_label(one["label"], "zh"),
            name_en=show_label(one["label"], "en"),
            score=one["score"],
            box_xyxy=tuple(one["box_xyxy"]),
            severity=one["severity"],
        )
        for one in score.get("findings", ())
        if one["flagged"]
    )
    zh, en = _message(report, findings)
    return {
        "id": report.id,
        "received_at": report.received_at,
        "state": report.state,
        "message_zh": zh,
        "message_en": en,
        "image_wh": score.get("image_wh"),
        "position": show_position(report.lat, report.lon),
        "findings": findings,
        "cases": tuple(_show_case(case) for case in cases),
    }


def _message(report: Report, findings: Sequence[SeenAnswer]) -> tuple[str, str]:
    """Say what was seen; that nothing is wrong is for a person to say, never for a model."""
    if findings:
        zh = "、".join(dict.fromkeys(one.name_zh for one in findings))
        en = ", ".join(dict.fromkeys(one.name_en for one in findings))
        return f"我们看到：{zh}", f"We see: {en}."
    if report.state == "waiting":
        return "已收到，正在查看。", "Received; it is being looked at."
    if report.state == "unreadable":
        return (
            "已收到，但照片无法打开，将由工作人员处理。",
            "Received, but the photo cannot be opened; a person will look into it.",
        )
    return "已收到，将由工作人员查看。", "Received; a person will look at it."


def _show_case(case: Case) -> FollowedCaseAnswer:
    names = STATE_NAMES[case.state]
    return FollowedCaseAnswer(
        number=case.number,
        label=case.label,
        name_zh="待核实" if case.label is None else show_label(case.label, "zh"),
        name_en="to be looked at" if case.label is None else show_label(case.label, "en"),
        state=case.state,
        state_zh=names.zh,
        state_en=names.en,
        state_since=case.state_since,
        due_at=case.due_at,
    )
