"""A case's history in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from api.cases.case import CaseEvent
from api.cases.states import MOVES, CaseState, MoveName
from api.web.shown import Showing

ACTION_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "opened": ("收到上报，生成案件", "Opened by a report"),
    "report_joined": ("又有上报并入", "Another report joined"),
    "split": ("由拆分生成", "Opened by a split"),
    "split_off": ("拆出部分上报", "Reports split off"),
    "merge": ("并入其他案件", "Merged into another case"),
    "merged_in": ("并入了其他案件的上报", "Took in another case"),
    "corrected": ("更正信息", "Corrected"),
    "after_photo": ("提交处置后照片", "After-photo handed in"),
    "parked": ("多次处理失败，转人工", "Parked after too many tries"),
    "unparked": ("重新进入队列", "Put back into the queue"),
    "incident_opened": ("监控发现问题", "Seen by a camera"),
    "incident_updated": ("监控仍能看到", "A camera sees it still"),
    "incident_cleared": ("监控已看不到", "A camera sees it no longer"),
    "objected": ("市民表示未解决", "A citizen says that it is not solved"),
    "objection": ("市民表示未解决", "A citizen says that it is not solved"),
}
JOIN_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "opened": ("首次上报", "opened the case"),
    "near": ("位置相近", "near by"),
    "same_photo": ("同一张照片", "the same photo"),
    "similar_photo": ("照片相似", "a photo that looks alike"),
    "merged": ("人工合并", "merged by a person"),
    "split": ("人工拆分", "split by a person"),
    "incident": ("监控事件", "a camera's incident"),
}
OUTCOME_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "resolved": ("看来已解决", "looks resolved"),
    "not_resolved": ("看来未解决", "looks unresolved"),
    "unsure": ("无法判断", "cannot be told"),
}
ACTOR_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "citizen": ("市民", "a citizen"),
    "system:intake": ("系统（受理）", "the service (intake)"),
    "system:camera": ("系统（监控）", "the service (cameras)"),
}
FIELD_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "label": ("类别", "label"),
    "event_code": ("事件代码", "event code"),
    "lat": ("纬度", "latitude"),
    "lon": ("经度", "longitude"),
    "grid_code": ("网格", "grid cell"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a case; without an id they only say something."""

    words: str
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: datetime
    actor: str
    what: str
    state: CaseState | None
    """The one that it led to; None: it stayed."""
    reason: str | None
    details: tuple[Link, ...]


def other_cases(events: Iterable[CaseEvent]) -> tuple[str, ...]:
    """Return the ids of the cases that a history speaks of."""
    named = (event.details.get(key) for event in events for key in ("into", "from", "to"))
    return tuple(dict.fromkeys(one for one in named if isinstance(one, str)))


def tell_history(
    showing: Showing,
    events: Sequence[CaseEvent],
    actors: Mapping[str, str],
    numbers: Mapping[str, str],
) -> tuple[Line, ...]:
    """Return a history in words, newest first.

    Args:
        showing: To whom.
        events: Oldest first.
        actors: Names of keys, by actor.
        numbers: Of the cases that it speaks of and the reader may see, by id.
    """
    return tuple(
        Line(
            at=event.at,
            actor=name_actor(showing, event.actor, actors),
            what=name_action(showing, event.action),
            state=None if event.from_state == event.to_state else event.to_state,
            reason=event.reason,
            details=tuple(_tell_details(showing, event, numbers)),
        )
        for event in reversed(events)
    )


def name_actor(showing: Showing, actor: str, actors: Mapping[str, str]) -> str:
    """Return who did something."""
    if actor in actors:
        return actors[actor]
    if actor in ACTOR_NAMES:
        return showing.choose(*ACTOR_NAMES[actor])
    if actor.startswith("system:"):
        return showing.choose("系统", "the service")
    return showing.choose("已删除的密钥", "a key that is gone")


def name_action(showing: Showing, action: str) -> str:
    """Return what somebody did; of an action that is new here, its own name."""
    if action in ACTION_NAMES:
        return showing.choose(*ACTION_NAMES[action])
    if action in MOVES:
        return showing.move_name(cast(MoveName, action))
    return action


def name_join(showing: Showing, why: str) -> str:
    """Return why a report is part of a case."""
    return showing.choose(*JOIN_NAMES.get(why, (why, why)))


def _tell_details(showing: Showing, event: CaseEvent, numbers: Mapping[str, str]) -> Iterator[Link]:
    tell = {
        "unit": lambda unit: showing.choose(f"处置单位：{unit}", f"unit: {unit}"),
        "rating": lambda stars: showing.choose(f"评分 {stars}/5", f"rated {stars} of 5"),
        "source": showing.source_name,
        "distance_m": lambda away: showing.choose(f"相距 {away:.0f} 米", f"{away:.0f} m away"),
        "bits": lambda bits: showing.choose(f"照片相差 {bits}/256", f"photos differ in {bits}/256"),
        "why": lambda why: name_join(showing, why),
        "outcome": lambda one: showing.choose(*OUTCOME_NAMES.get(one, (one, one))),
        "attempts": lambda n: showing.choose(f"已试 {n} 次", f"{n} tries"),
        "last_error": lambda error: showing.choose(f"原因：{error}", f"because: {error}"),
        "camera": lambda code: showing.choose(f"摄像机 {code}", f"camera {code}"),
        "reports": lambda ids: showing.choose(f"{len(ids)} 条上报", f"{len(ids)} reports"),
    }  # fmt: skip
    for key, value in event.details.items():
        if value is None:
            continue
        if key in ("into", "from", "to") and isinstance(value, str):
            yield _name_case(showing, value, numbers)
        elif key in FIELD_NAMES:
            words = _tell_change(showing, key, value)
            if words:
                yield Link(words)
        elif key in tell:
            words = _try(tell[key], value)
            if words:
                yield Link(words)


def _try(tell: Callable[[Any], str], value: Any) -> str | None:
    """Tell a detail; one of another form than this release writes is left out, not a dead page."""
    try:
        return tell(value)
    except (TypeError, ValueError):
        return None


def _name_case(showing: Showing, case_id: str, numbers: Mapping[str, str]) -> Link:
    number = numbers.get(case_id)
    if number is None:
        return Link(showing.choose("另一案件", "another case"))
    return Link(showing.choose(f"案件 {number}", f"case {number}"), case_id)


def _tell_change(showing: Showing, name: str, change: Any) -> str | None:
    if isinstance(change, Mapping):
        before, after = change.get("from"), change.get("to")
    elif isinstance(change, Sequence) and not isinstance(change, str) and len(change) == 2:
        before, after = change
    else:
        return None
    if name == "label":
        before, after = (showing.label_name(one) for one in (before, after))
    shown = [_tell_value(one) for one in (before, after)]
    return f"{showing.choose(*FIELD_NAMES[name])}: {shown[0]} → {shown[1]}"


def _tell_value(value: Any) -> str:
    if value is None:
        return "—"
    return f"{value:.6f}" if isinstance(value, float) else str(value)
