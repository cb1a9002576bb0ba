"""Reports as their reporters see them: plain words, and nothing of other people."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, StrictBool, StringConstraints

from api.cases.states import STATE_NAMES
from api.casework.following import Followed, FollowedCase
from api.http.forms import PlaceForm
from api.schemas.cases import EXAMPLE_ID, PositionAnswer, show_position
from api.schemas.types import Answer, Body, Label, LongText, ShortText, UtcDatetime
from api.store.objections import Outcome
from api.store.reports import Report
from detector.labels import show_label

CaseNumber: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=11, max_length=24, pattern=r"^[0-9]{4}-[0-9]+$"),
    Field(description="The case's number.", examples=["2026-000123"]),
]


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
    said_right: bool | None = Field(
        default=None, description="What you said of it; null: nothing yet.", examples=[True]
    )


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
    ended_at: UtcDatetime | None = Field(description="null: it is still worked on.")
    may_object: bool = Field(
        description="It has ended, and you may say that it is not solved.", examples=[False]
    )
    objection_until: UtcDatetime | None = Field(
        description="Until when that may be said; null: it has not ended."
    )
    after_photo: bool = Field(
        description="…/cases/{number}/after-photo shows how it looks now.", examples=[False]
    )


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


class WordBody(Body):
    """What a reporter says of a finding."""

    right: StrictBool = Field(description="Whether the photo shows that there.", examples=[True])


class ObjectionBody(Body):
    """That a case is not solved."""

    number: CaseNumber
    note: LongText | None = Field(
        default=None, description="In your own words.", examples=["The bin is full again."]
    )


class ObjectionAnswer(Answer):
    """What comes of it."""

    outcome: Outcome = Field(
        description="reopened: the case begins again; noted: it was dismissed, a person reads this."
    )
    message_zh: str = Field(examples=["已重新打开案件，我们会再去查看。"])
    message_en: str = Field(examples=["The case is open again; we will look once more."])


def show_objection(outcome: Outcome) -> ObjectionAnswer:
    """Return an objection's outcome in words."""
    if outcome == "reopened":
        zh, en = (
            "已重新打开案件，我们会再去查看。",
            "The case is open again; we will look once more.",
        )
    else:
        zh, en = "已记录，工作人员会查看您的意见。", "Noted; a person will read it."
    return ObjectionAnswer(outcome=outcome, message_zh=zh, message_en=en)


def show_report(followed: Followed) -> ReportAnswer:
    """Return a report as its reporter sees it."""
    return ReportAnswer(**_report_fields(followed))


def show_accepted(followed: Followed, follow_token: str) -> AcceptedAnswer:
    """Return a report that was just handed in, with the token that opens it."""
    return AcceptedAnswer(**_report_fields(followed), follow_token=follow_token)


def _report_fields(followed: Followed) -> dict[str, Any]:
    report = followed.report
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
            said_right=followed.words.get(one["id"]),
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
        "cases": tuple(_show_case(case) for case in followed.cases),
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


def _show_case(followed: FollowedCase) -> FollowedCaseAnswer:
    case = followed.case
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
        ended_at=case.ended_at,
        may_object=followed.may_object,
        objection_until=followed.objection_until,
        after_photo=followed.has_after_photo,
    )
