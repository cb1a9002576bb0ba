"""What a case's state and its service are called to the public."""

from collections.abc import Mapping
from typing import Final

from api.cases.rules import EventType, Rules
from api.cases.states import CaseState
from detector.labels import LabelNames, Language

UNSURE_CODE: Final = "other"
"""Service for people who do not know what a problem is called: a case without a label."""

STATUS_NOTES: Final[Mapping[CaseState, LabelNames]] = {
    "collected": LabelNames("已受理，待核实", "Received, to be verified"),
    "verified": LabelNames("已核实，待立案", "Verified, to be filed"),
    "filed": LabelNames("已立案，待派遣", "Filed, to be dispatched"),
    "dismissed": LabelNames("不予立案", "Dismissed: nothing to be done"),
    "dispatched": LabelNames("已派遣，处理中", "Dispatched, being handled"),
    "handled": LabelNames("已处理，待反馈", "Handled, proof to follow"),
    "reported_back": LabelNames("已反馈，待核查", "Handled with proof, to be checked"),
    "checked": LabelNames("核查通过，待结案", "Checked, to be closed"),
    "sent_back": LabelNames("核查未通过，重新处理", "Not solved yet, sent back"),
    "closed": LabelNames("已结案", "Closed"),
    "evaluated": LabelNames("已结案", "Closed"),
    "merged": LabelNames("重复上报，已并案", "Merged with a report of the same problem"),
}
WAITING: Final = LabelNames("已收到，正在识别", "Received, being looked at")
NOTICE: Final = LabelNames(
    "已收到，工作人员将尽快核实。", "Received. Somebody will verify it soon."
)


def choose_language(accept_language: str) -> Language:
    """Return English if it is asked for before Chinese, else Chinese."""
    for part in accept_language.lower().split(","):
        if part.strip().startswith("en"):
            return "en"
        if part.strip().startswith("zh"):
            return "zh"
    return "zh"


def name_event(event: EventType, language: Language) -> str:
    """Return what an event is called."""
    return event.name_zh if language == "zh" else event.name_en


def service_code(label: str | None) -> str:
    """Return the service that a label is: the label itself.

    Not the event code: a bureau may file two labels under one event, and a client must be able to
    tell them apart.
    """
    return UNSURE_CODE if label is None else label


def list_services(rules: Rules, language: Language) -> list[dict[str, object]]:
    """Return what may be reported, in the order of the rules, the unknown last."""
    known = [(label, rules.events[label]) for label in rules.events]
    return [
        {
            "service_code": service_code(label),
            "service_name": name_event(event, language),
            "description": event.description_zh if language == "zh" else event.description_en,
            "metadata": False,
            "type": "realtime",
            "keywords": ", ".join(event.keywords),
            "group": event.group,
        }
        for label, event in [*known, (None, rules.unlabelled)]
    ]


def find_label(rules: Rules, code: str) -> str | None:
    """Return the label of a service; None is the unknown one.

    Raises:
        KeyError: There is no such service.
    """
    if code == UNSURE_CODE:
        return None
    if code not in rules.events:
        raise KeyError(code)
    return code
