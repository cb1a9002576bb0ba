"""What is wrong with a camera that somebody entered, in either language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from api.cameras.camera import MOST_ZONE_POINTS, Zone, check_zone
from api.errors import InvalidError

Choose = Callable[[str, str], str]
"""`t(zh, en)` of the reader."""

ZONE_WORDS: Final[Mapping[str, str]] = {
    "A zone has": f"一个区域要有 3 至 {MOST_ZONE_POINTS} 个顶点",
    "A point lies": "有顶点落在画面之外",
    "The points make": "这些顶点不能围成区域",
    "The sides cross": "边线相互交叉或相接",
    "The zone has almost": "区域面积太小",
}
"""In Chinese, by how the message of `check_zone` begins."""
FIELD_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "code": (
        "编号须为 1 至 64 个字符，不能有空格和 / ? # % \\ 。",
        "The code has 1 to 64 characters, without spaces and / ? # % \\ .",
    ),
    "name": (
        "名称须填写，最多 200 个字符。",
        "The name must be filled in, with 200 characters at most.",
    ),
    "place": ("请选择安装类型。", "Choose what it watches."),
    "site": ("工地名称最多 200 个字符。", "The site's name has 200 characters at most."),
    "position": (
        "经纬度须同时填写：纬度 -90 至 90，经度 -180 至 180。",
        "Fill in both: latitude from -90 to 90 and longitude from -180 to 180.",
    ),
    "labels": ("识别类别有误。", "One of the labels is not right."),
    "hours": (
        "每个时段须填写起止时间，最多 6 段。",
        "Each span of hours needs both a beginning and an end; there may be 6.",
    ),
}


def say_fields(names: Sequence[str], choose: Choose) -> tuple[str, ...]:
    """Return what is wrong with fields of the form, each once."""
    known = [name for name in dict.fromkeys(names) if name in FIELD_WORDS]
    return tuple(choose(*FIELD_WORDS[name]) for name in known)


def check_zones(zones: Sequence[Zone], choose: Choose) -> None:
    """Check zones, and name the one that is wrong.

    Raises:
        InvalidError: In the reader's language.
    """
    for count, zone in enumerate(zones, 1):
        try:
            check_zone(zone.points)
        except InvalidError as error:
            raise InvalidError(error.code, _say_zone(count, zone, error, choose), "") from error


def _say_zone(count: int, zone: Zone, error: InvalidError, choose: Choose) -> str:
    found = (zh for start, zh in ZONE_WORDS.items() if error.message.startswith(start))
    name = zone.name or ""
    zh_name, en_name = (f"「{name}」", f' "{name}"') if name else ("", "")
    return choose(
        f"第 {count} 个区域{zh_name}：{next(found, error.message)}。",
        f"Zone {count}{en_name}: {error.message}",
    )
