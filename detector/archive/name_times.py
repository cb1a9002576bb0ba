"""Times in the names that recorders give their files. Only what cannot mean anything else counts.

A wrong time is worse than none: incidents would be filed at hours when nothing happened. So years
are 2001 to 2099 (a clock that was never set says 1970 or 2000), a stamp stands apart from other
digits and letters, and two times in one name must be a start and an end within a day.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Literal

StartFrom = Literal["pattern", "csv", "name", "container", "exif"]
"""Where the time of a file's first frame was taken from."""

FIRST_YEAR: Final = 2001
LONGEST_FILE: Final = timedelta(days=1)
"""Recorders cut their files by the hour, or at midnight."""

# What may stand before a stamp without a gap; any other letter or digit makes it a serial number.
_APART = r"(?<![0-9A-Za-z])(?:(?i:vid|video|img|mov|rec|record|cam|pic|snap))?"
_STAMP = re.compile(
    _APART
    + r"(?P<year>20\d\d)(?P<dash>[-_.]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    + r"(?:[-_ ]{1,3}|[Tt])?"
    + r"(?P<hour>\d\d)(?P<colon>[-_.:]?)(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)"
    + r"(?:[.,_-]?(?P<fraction>\d{3}))?"
    # A minus without a colon might be the end of a span: 081500-0900.
    + r"(?P<zone>Z|\+\d\d:?\d\d|-\d\d:\d\d)?"
    + r"(?![0-9A-Za-z])"
)
_CHINESE = re.compile(
    r"(?P<year>20\d\d)年(?P<month>\d\d?)月(?P<day>\d\d?)日[ _-]?"
    r"(?P<hour>\d\d?)[时点](?P<minute>\d\d?)分(?P<second>\d\d?)秒"
)
_DATE = re.compile(
    r"(?<![0-9A-Za-z])(?P<year>20\d\d)(?P<dash>[-_.]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?![0-9A-Za-z]|[-_.]\d)"
)
_TIME = re.compile(
    r"(?<![0-9A-Za-z])(?P<hour>\d\d)(?P<colon>[-_.:])(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)"
    r"(?:[-_~](?P<end>\d\d(?P=colon)\d\d(?P=colon)\d\d))?"
    r"(?![0-9A-Za-z]|(?P=colon)\d)"
)
_KINDS = ("dav", "jpg", "mp4")
_YEAR, _TWO = re.compile(r"20\d\d"), re.compile(r"\d\d")
_DAY_AND_HOUR = re.compile(r"(20\d\d)(\d\d)(\d\d)(\d\d)")
# A home camera's: minute and second, then seconds since 1970; the hour is the folder's.
_MINUTE = re.compile(r"(?P<minute>\d\d)M(?P<second>\d\d)S(?:_(?P<epoch>\d{10}))?")
_CHANNEL = re.compile(
    r"(?<![0-9A-Za-z])(?:(?i:channel|camera|cam|ch)[-_ ]?\d{1,3}|通道\d{1,3}"
    r"|(?:\d{1,3}\.){3}\d{1,3}(?:_\d{1,2})?)(?![0-9A-Za-z])"
)
_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_EDGES = " -_.,"


@dataclass(frozen=True, slots=True)
class FoundTime:
    """What a path tells about its time, and what is left of the path without it."""

    start_at: datetime | None
    """UTC."""
    folders: tuple[str, ...]
    """The folders that are no dates or hours."""
    stem: str
    """The file's stem without its times, and without separators at its ends."""


@dataclass(frozen=True, slots=True)
class _Day:
    """A date that the folders tell."""

    day: date
    folders: tuple[str, ...]
    """The others."""
    hour: int | None = None
    """What a folder below the date may tell."""
    is_hour: bool = False
    """It cannot be a channel's number."""
    without_hour: tuple[str, ...] = ()


def find_time(folders: tuple[str, ...], stem: str, zone: tzinfo) -> FoundTime:
    """Read the start of a recording from its name and folders.

    Args:
        folders: Those between the archive's root and the file.
        stem: The file's name without its ending.
        zone: Of times that do not say theirs.

    Returns:
        The time, or None for it where the names do not tell, or might mean something else.
    """
    day = _read_day(folders)
    start, rest = _read_stem(day, stem, zone)
    if day is None:
        return FoundTime(start, folders, rest)
    if start is None or day.hour is None:
        return FoundTime(start, day.folders, rest)
    # Two digits below a date are the hour, or the number of a channel that happens to be equal.
    same = start.astimezone(zone).hour == day.hour and (day.is_hour or find_channel(rest))
    return FoundTime(start, day.without_hour if same else day.folders, rest)


def find_channel(stem: str) -> str | None:
    """Return what names a recorder's channel or a camera's address in a stem, such as `ch01`."""
    found = {match.group() for match in _CHANNEL.finditer(stem)}
    return found.pop() if len(found) == 1 else None


def _read_stem(day: _Day | None, stem: str, zone: tzinfo) -> tuple[datetime | None, str]:
    """Return the start, and the stem without its times."""
    stamps = _read_stamps(stem, zone)
    if stamps:
        rest, end = "", 0
        for match, _ in stamps:
            rest, end = rest + stem[end : match.start()], match.end()
        return _pick_start([start for _, start in stamps]), _trim(rest + stem[end:])
    minute = _MINUTE.fullmatch(stem)
    if minute:
        start = None if day is None or day.hour is None else _join_minute(day, minute, zone)
        return start, stem if start is None else ""
    days = {one for one in map(_make_date, _DATE.finditer(stem)) if one}
    if day:
        days.add(day.day)
    bare = _DATE.sub("", stem)
    times = [match for match in _TIME.finditer(bare) if _make_time(match) and _is_whole(match)]
    clock = _make_time(times[0]) if len(times) == 1 else None
    if len(days) != 1 or clock is None:
        return None, _trim(stem)
    start = _localise(datetime.combine(days.pop(), clock), zone)
    return start, _trim(bare.replace(times[0].group(), "", 1))


def _trim(rest: str) -> str:
    """Drop what recorders put around times: separators, and brackets of flags at the end."""
    if not rest:
        return rest
    rest = re.sub(r"(?:\[[^\[\]]*\])+$", "", rest)
    return re.sub(r"([-_ .,])[-_ .,]+", r"\1", rest).strip(_EDGES)


def _is_whole(match: re.Match[str]) -> bool:
    """Tell whether three numbers are no part of a longer row such as 10-08-15-00."""
    before = match.string[max(match.start() - 2, 0) : match.start()]
    return not (len(before) == 2 and before[0].isdigit() and before[1] == match["colon"])


def _read_stamps(stem: str, zone: tzinfo) -> list[tuple[re.Match[str], datetime]]:
    matches = list(_STAMP.finditer(stem))
    if "年" in stem:
        matches = sorted((*matches, *_CHINESE.finditer(stem)), key=lambda match: match.start())
    stamps = []
    for match in matches:
        year, month, day, hour, minute, second = map(int, match.group(*_FIELDS))
        fraction = own = None
        if match.re is _STAMP:
            # `2026-03-02081500` is no stamp: something must stand between date and time.
            if match["dash"] and match.start("hour") == match.end("day"):
                continue
            fraction, own = match["fraction"], match["zone"]
        microsecond = int(fraction or 0) * 1000
        try:
            local = datetime(year, month, day, hour, minute, second, microsecond)
        except ValueError:
            continue
        if year >= FIRST_YEAR:
            stamps.append((match, _localise(local, _parse_zone(own) if own else zone)))
    return stamps


def _pick_start(starts: Sequence[datetime]) -> datetime | None:
    if len(starts) == 1:
        return starts[0]
    if len(starts) == 2 and timedelta(0) <= starts[1] - starts[0] <= LONGEST_FILE:
        return starts[0]
    return None


@lru_cache(maxsize=64)
def _read_day(folders: tuple[str, ...]) -> _Day | None:
    """Find the one date among the folders; None where there is none, or more than one."""
    found: list[_Day] = []
    index = 0
    while index < len(folders):
        day, used = _day_at(folders, index)
        if day is not None:
            found.append(day)
        index += used
    return found[0] if len(found) == 1 else None


def _day_at(folders: tuple[str, ...], index: int) -> tuple[_Day | None, int]:
    """Return the date that begins at a folder, and how many folders were read."""
    before = folders[:index]
    match = _DAY_AND_HOUR.fullmatch(folders[index])
    if match:
        day, hour = _date(int(match[1]), int(match[2]), int(match[3])), int(match[4])
        left = (*before, *folders[index + 1 :])
        return (_Day(day, left, hour, True, left) if day and hour < 24 else None), 1
    match, used = _DATE.fullmatch(folders[index]), 1
    day = _make_date(match) if match else None
    parts = folders[index : index + 3]
    if len(parts) == 3 and _YEAR.fullmatch(parts[0]) and all(map(_TWO.fullmatch, parts[1:])):
        day, used = _date(*map(int, parts)), 3
    if day is None:
        return None, 1
    after = folders[index + used :]
    if after and _TWO.fullmatch(after[-1]) and int(after[-1]) < 24:
        # Year, month, day, hour; or a recorder's own tree: date, channel, kind of file, hour.
        own = len(after) > 1 and after[-2] in _KINDS
        if own or len(after) == 1:
            without = (*before, *after[: -2 if own else -1])
            is_hour = own or used == 3
            return _Day(day, (*before, *after), int(after[-1]), is_hour, without), len(folders)
    return _Day(day, (*before, *after)), used


def _join_minute(day: _Day, match: re.Match[str], zone: tzinfo) -> datetime | None:
    minute, second = int(match["minute"]), int(match["second"])
    if day.hour is None or minute > 59 or second > 59:
        return None
    local = _localise(datetime.combine(day.day, time(day.hour, minute, second)), zone)
    if match["epoch"] is None:
        return local
    told = datetime.fromtimestamp(int(match["epoch"]), UTC)
    # The camera may keep another zone than the others; its seconds since 1970 are right then.
    apart = abs(told - local)
    whole = apart % timedelta(minutes=15) == timedelta(0)
    return told if whole and apart <= timedelta(hours=26) else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if FIRST_YEAR <= year <= 2099 else None


def _make_date(match: re.Match[str]) -> date | None:
    return _date(int(match["year"]), int(match["month"]), int(match["day"]))


def _make_time(match: re.Match[str]) -> time | None:
    try:
        return time(int(match["hour"]), int(match["minute"]), int(match["second"]))
    except ValueError:
        return None


def _parse_zone(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    east = timedelta(hours=hours, minutes=minutes)
    return timezone(-east if text[0] == "-" else east) if east < timedelta(hours=24) else UTC


def _localise(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)
