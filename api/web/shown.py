"""Values as people read them, in either language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.cases.rules import Rules
from api.cases.states import STATE_NAMES, CaseState, MoveName
from detector.labels import Language, show_label

MOVE_NAMES: Final[Mapping[MoveName, tuple[str, str]]] = {
    "verify": ("核实", "Verify"),
    "file": ("立案", "File"),
    "dismiss": ("注销", "Dismiss"),
    "dispatch": ("派遣", "Dispatch"),
    "recall": ("撤回派遣", "Recall"),
    "handle": ("处理完毕", "Handled"),
    "report_back": ("处理反馈", "Report back"),
    "check": ("核查通过", "Check passed"),
    "send_back": ("核查不通过", "Send back"),
    "close": ("结案", "Close"),
    "evaluate": ("评价", "Evaluate"),
    "reopen": ("重新打开", "Reopen"),
    "merge": ("合并", "Merge"),
}
SOURCE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "citizen": ("市民上报", "citizen"),
    "inspector": ("巡查上报", "inspector"),
    "camera": ("视频监控", "camera"),
    "superior": ("上级交办", "superior"),
}
ROLE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "citizen-intake": ("市民端接入", "citizen intake"),
    "operator": ("坐席员", "operator"),
    "handler": ("处置人员", "handler"),
    "consumer": ("业务平台", "platform"),
    "auditor": ("审计员", "auditor"),
    "camera": ("监控接入", "camera watcher"),
    "admin": ("管理员", "administrator"),
}
CAMERA_STATE_NAMES: Final[Mapping[str | None, tuple[str, str]]] = {
    "live": ("正常", "live"),
    "frozen": ("画面冻结", "frozen"),
    "black": ("黑屏", "black"),
    "blurred": ("画面模糊", "blurred"),
    "moved": ("视角偏移", "moved"),
    "offline": ("离线", "offline"),
    None: ("从未上线", "never heard of"),
}
SEVERITY_NAMES: Final[Mapping[str | None, tuple[str, str]]] = {
    "small": ("轻微", "small"),
    "medium": ("中等", "medium"),
    "large": ("严重", "large"),
    None: ("未定", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Showing:
    """How one reader is shown things."""

    language: Language
    rules: Rules
    now: datetime

    def choose(self, zh: str, en: str) -> str:
        """Return the one in the reader's language."""
        return zh if self.language == "zh" else en

    def local_time(self, at: datetime | None) -> str:
        """Return an instant by the bureau's clock, to the minute."""
        return "—" if at is None else f"{self._local(at):%Y-%m-%d %H:%M}"

    def local_date(self, at: datetime | None) -> str:
        """Return an instant's day in the bureau's calendar."""
        return "—" if at is None else f"{self._local(at):%Y-%m-%d}"

    def _local(self, at: datetime) -> datetime:
        timezone: ZoneInfo = self.rules.timezone
        return at.astimezone(timezone)

    def span(self, seconds: float | timedelta | None) -> str:
        """Return how long something lasts, in its two largest units."""
        if seconds is None:
            return "—"
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        minutes = int(abs(seconds) // 60)
        days, minutes = divmod(minutes, 24 * 60)
        hours, minutes = divmod(minutes, 60)
        parts = [(days, "天", "d"), (hours, "小时", "h"), (minutes, "分钟", "min")]
        shown = [(n, zh, en) for n, zh, en in parts if n] or [(0, "分钟", "min")]
        return self.choose(
            "".join(f"{n}{zh}" for n, zh, _ in shown[:2]),
            " ".join(f"{n} {en}" for n, _, en in shown[:2]),
        )

    def since(self, at: datetime | None) -> str:
        """Return how long ago something was."""
        if at is None:
            return "—"
        return self.choose("{}前", "{} ago").format(self.span(self.now - at))

    def due(self, at: datetime | None) -> str:
        """Return how far off a deadline is, or for how long it has passed."""
        if at is None:
            return "—"
        form = (
            self.choose("超时{}", "{} overdue") if at < self.now else self.choose("剩{}", "{} left")
        )
        return form.format(self.span(at - self.now))

    def due_note(self, note: str) -> str:
        """Return the reader's half of how a deadline was reckoned, Chinese and then English."""
        zh, stop, en = note.partition("。")
        return self.choose(zh + stop, en or zh)

    def label_name(self, label: str | None) -> str:
        """Return a label's name."""
        if label is None:
            return self.choose("待核实", "to be looked at")
        return show_label(label, self.language)

    def state_name(self, state: CaseState) -> str:
        """Return a case's state in words."""
        names = STATE_NAMES[state]
        return self.choose(names.zh, names.en)

    def move_name(self, move: MoveName) -> str:
        """Return a move's name."""
        return self.choose(*MOVE_NAMES[move])

    def source_name(self, source: str) -> str:
        """Return where a report came from."""
        return self.choose(*SOURCE_NAMES.get(source, (source, source)))

    def role_name(self, role: str) -> str:
        """Return a role's name."""
        return self.choose(*ROLE_NAMES.get(role, (role, role)))

    def camera_state_name(self, state: str | None) -> str:
        """Return how a camera is, in words."""
        return self.choose(*CAMERA_STATE_NAMES[state])

    def severity_name(self, severity: str | None) -> str:
        """Return how bad it is, in a word."""
        return self.choose(*SEVERITY_NAMES[severity])

    def percent(self, share: float | None) -> str:
        """Return a share as a percentage."""
        return "—" if share is None else f"{100 * share:.1f} %"

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return what templates may call, by name."""
        names = (
            *("local_time", "local_date", "span", "since", "due", "label_name", "state_name"),
            *("move_name", "source_name", "role_name", "camera_state_name", "severity_name"),
            *("percent", "due_note"),
        )
        return {name: getattr(self, name) for name in names}
