"""What the report says, in both languages, and how it shows times and lengths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from detector.archive.markup import escape
from detector.archive.rows import CameraSpan
from detector.labels import Language, show_label

WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "title": "Street issues in camera footage",
        "no_footage": "No footage",
        "scanned": "Scanned",
        "timezone": "Local times are UTC{offset}",
        "incident": "incident",
        "incidents": "incidents",
        "incidents_head": "Incidents",
        "still_open": "{count} still there when the footage ended",
        "of_cameras": "at {count} of {all} cameras",
        "footage": "of footage",
        "frames": "{looks} frames looked at, {scored} of them by the model",
        "files": "files",
        "photo_files": "{count} photos",
        "failed": "{count} could not be read",
        "all_read": "all could be read",
        "attention": "Needs attention",
        "trouble_cameras": "Cameras that were not watching all the time ({count}): {names}",
        "trouble_files": "Files that were not looked through, or not to their end: {count}",
        "and_more": "and {count} more",
        "by_camera": "By camera",
        "camera": "Camera",
        "total": "Total",
        "footage_head": "Footage",
        "timeline": "Timeline",
        "timeline_help": "Grey: footage. Hatched: the camera was not watching. A bar leads to its "
        "incident; an arrow: still there when the footage ended.",
        "no_time": "Footage whose time is unknown",
        "no_time_help": "Times count from the start of each file.",
        "quiet": "Other cameras with footage and nothing seen ({count}): {names}",
        "rows_left_out": "Rows that do not fit on this page: {count}; they stand in "
        "incidents.parquet and cameras.jsonl.",
        "day_nothing": "nothing seen",
        "all": "All",
        "day": "Day",
        "label": "Issue",
        "min_score": "Score at least",
        "order": "Order",
        "order_score": "Highest score first",
        "order_new": "Newest first",
        "order_old": "Oldest first",
        "order_long": "Longest first",
        "order_camera": "By camera",
        "only_open": "Only those still there",
        "reset": "Reset",
        "shown": "{shown} of {all} shown",
        "none_fit": "No incident fits the filters.",
        "none": "No incident was found in this footage.",
        "score": "score",
        "seen": "frames: {count}",
        "open": "Still there at the end",
        "cleared": "Gone",
        "view_changed": "Camera turned away",
        "picture": "Picture",
        "picture_of": "Picture of {label} at {camera}",
        "no_picture": "No picture",
        "no_thumbnail": "No preview",
        "into_file": "into {source}",
        "thumbnails_limit": "Previews are shown for the {most} incidents and photos with the "
        "highest scores; the others have a link to their picture.",
        "incidents_limit": "This page shows the {most} incidents with the highest scores of {all}; "
        "all are in incidents.parquet.",
        "photos": "Citizens' photos",
        "photos_help": "Photos with an issue: {found} of {all}.",
        "photos_limit": "The {most} with the highest scores are shown; all findings are in "
        "findings.parquet.",
        "cameras_state": "Cameras that were not watching",
        "state": "State",
        "from": "From",
        "to": "To",
        "length": "Length",
        "states_limit": "The first {count} are shown; all are in cameras.jsonl.",
        "until_end": "end of footage",
        "reason": "Measured",
        "problems": "Files with problems",
        "file": "File",
        "what": "What is wrong",
        "not_read": "not looked through",
        "partly": "noted",
        "at": "at {at}",
        "problems_limit": "The first {count} are shown; all are in errors.jsonl.",
        "advice": "A model's findings are for a person to check; footage without a finding may "
        "still show a problem.",
        "blurred": "Faces and number plates that were found are blurred.",
        "bare": "Faces and number plates are NOT blurred (--no-privacy).",
        "model": "Model",
        "version": "street-issues {version}",
        "frozen": "frozen",
        "black": "black",
        "blurred_state": "blurred",
        "moved": "turned",
        "offline": "offline",
        "live": "live",
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
        "joiner": ", ",
    },
    "zh": {
        "title": "街面监控问题报告",
        "no_footage": "没有录像",
        "scanned": "扫描范围",
        "timezone": "时间为当地时间（UTC{offset}）",
        "incident": "起事件",
        "incidents": "起事件",
        "incidents_head": "事件",
        "still_open": "其中 {count} 起在录像结束时仍在",
        "of_cameras": "涉及 {count} 个摄像头，共扫描 {all} 个",
        "footage": "录像",
        "frames": "查看 {looks} 帧，模型分析 {scored} 帧",
        "files": "个文件",
        "photo_files": "{count} 张照片",
        "failed": "{count} 个无法读取",
        "all_read": "全部读取成功",
        "attention": "需要处理",
        "trouble_cameras": "{count} 个摄像头有异常时段：{names}",
        "trouble_files": "{count} 个文件未能扫描或未扫描完",
        "and_more": "另有 {count} 个",
        "by_camera": "按摄像头统计",
        "camera": "摄像头",
        "total": "合计",
        "footage_head": "录像时长",
        "timeline": "时间线",
        "timeline_help": "灰色为录像时段，斜线为摄像头异常。"
        "点击色条查看事件；箭头表示录像结束时仍在。",
        "no_time": "时间未知的录像",
        "no_time_help": "时间从各文件开头算起。",
        "quiet": "另有 {count} 个摄像头有录像、未发现问题：{names}",
        "rows_left_out": "另有 {count} 行未在本页显示，见 incidents.parquet 和 cameras.jsonl。",
        "day_nothing": "未发现问题",
        "all": "全部",
        "day": "日期",
        "label": "问题",
        "min_score": "最低分数",
        "order": "排序",
        "order_score": "分数从高到低",
        "order_new": "时间从新到旧",
        "order_old": "时间从旧到新",
        "order_long": "持续时间从长到短",
        "order_camera": "按摄像头",
        "only_open": "仅显示仍在的",
        "reset": "重置",
        "shown": "显示 {shown} / {all}",
        "none_fit": "没有符合筛选条件的事件。",
        "none": "录像中未发现事件。",
        "score": "分数",
        "seen": "{count} 帧可见",
        "open": "录像结束时仍在",
        "cleared": "已消失",
        "view_changed": "摄像头已转动",
        "picture": "查看大图",
        "picture_of": "{camera} {label} 图片",
        "no_picture": "无图片",
        "no_thumbnail": "无预览",
        "into_file": "文件 {source} 内时间",
        "thumbnails_limit": "仅为分数最高的 {most} 起事件和照片显示预览，其余可点击链接查看大图。",
        "incidents_limit": "本页显示分数最高的 {most} 起，共 {all} 起；全部见 incidents.parquet。",
        "photos": "市民照片",
        "photos_help": "{all} 张照片中有 {found} 张发现问题。",
        "photos_limit": "显示分数最高的 {most} 张；全部见 findings.parquet。",
        "cameras_state": "摄像头异常",
        "state": "状态",
        "from": "开始",
        "to": "结束",
        "length": "时长",
        "states_limit": "显示前 {count} 条，全部见 cameras.jsonl。",
        "until_end": "录像结束",
        "reason": "依据",
        "problems": "有问题的文件",
        "file": "文件",
        "what": "问题",
        "not_read": "未扫描",
        "partly": "提示",
        "at": "位置 {at}",
        "problems_limit": "显示前 {count} 条，全部见 errors.jsonl。",
        "advice": "模型结果须由人工核实；未检出不代表没有问题。",
        "blurred": "检出的人脸和车牌已模糊处理。",
        "bare": "人脸和车牌未作模糊处理（--no-privacy）。",
        "model": "模型",
        "version": "street-issues {version}",
        "frozen": "画面冻结",
        "black": "黑屏",
        "blurred_state": "画面模糊",
        "moved": "摄像头转动",
        "offline": "离线",
        "live": "正常",
        "weekdays": "周一 周二 周三 周四 周五 周六 周日",
        "joiner": "、",
    },
}


@dataclass(frozen=True, slots=True)
class Speech:
    """One language, and the local time."""

    language: Language
    timezone: tzinfo

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase with its values put in."""
        return WORDS[self.language][key].format(**values)

    def label(self, label: str) -> str:
        """Return a label's name; English ones begin with a capital as headings do."""
        name = show_label(label, self.language)
        return name[:1].upper() + name[1:]

    def names(self, names: Sequence[str], most: int) -> str:
        """Return names as markup in a sentence; those beyond so many are counted."""
        parts = [escape(name) for name in names[:most]]
        if len(names) > most:
            parts.append(self("and_more", count=len(names) - most))
        return self("joiner").join(parts)

    def state(self, state: str) -> str:
        """Return a camera state's name; an unknown one shows as itself."""
        key = "blurred_state" if state == "blurred" else state
        return WORDS[self.language].get(key, state)

    def local(self, at: datetime) -> datetime:
        """Return a time in the report's timezone."""
        return at.astimezone(self.timezone)

    def from_seconds(self, at_s: float) -> datetime:
        """Return seconds since 1970 in the report's timezone."""
        return datetime.fromtimestamp(at_s, self.timezone)

    def offset(self, spans: Sequence[CameraSpan]) -> str:
        """Return the timezone's offset at the first footage, such as +08:00."""
        first = next((one.started_at for one in spans if one.started_at is not None), None)
        text = f"{self.local(first or datetime(2000, 1, 1, tzinfo=UTC)):%z}"
        return f"{text[:3]}:{text[3:5]}"

    def day(self, day: date) -> str:
        """Return a date with its day of the week."""
        return f"{day.isoformat()} {self('weekdays').split()[day.weekday()]}"

    def span(self, start: datetime, end: datetime) -> str:
        """Return from when to when, the date of the end only where it is another."""
        start, end = self.local(start), self.local(end)
        if start.date() == end.date():
            if f"{start:%H:%M}" == f"{end:%H:%M}":
                return f"{start:%Y-%m-%d %H:%M:%S}–{end:%H:%M:%S}"
            return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"
        return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"

    def duration(self, seconds: float) -> str:
        """Return a length of time in its two largest units, hours being the largest."""
        whole = round(seconds)
        hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
        units = ("小时", "分", "秒") if self.language == "zh" else ("h", "min", "s")
        parts = [hours, minutes, rest] if hours < 1 else [hours, minutes]
        shown = [f"{count:,} {unit}" for count, unit in zip(parts, units, strict=False) if count]
        return " ".join(shown) or f"0 {units[2]}"


def show_clock(seconds: float) -> str:
    """Return seconds into a file as h:mm:ss."""
    return str(timedelta(seconds=int(max(0, seconds))))
