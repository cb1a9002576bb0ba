"""Chinese phone numbers in lines of text. Pure.

A line is cut into runs: groups of digits with no more than spaces, dashes, dots or brackets
between them. A run is then read group by group. A number that stands alone in its run may be
split anywhere; one with other digits beside it must be split as people write numbers, or else
parts of identity numbers, dates and prices would be read as phones.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

SEPARATORS: Final = r"[\s\-–—‐‑−.·•・_()\[\]【】]"
RUN: Final = re.compile(rf"\d(?:{SEPARATORS}{{0,3}}\d)*")
MOBILE: Final = re.compile(r"(?:(?:00)?86|0)?(1[3-9]\d{9})")
SERVICE: Final = re.compile(r"([48]00)(\d{3})(\d{4})")
# 010 and 02x have eight digits behind them, the rest seven or eight (the national numbering plan).
LANDLINE: Final = re.compile(r"(010|02[0-57-9])(\d{8})|(0[3-9]\d{2})(\d{7,8})")
NATURAL: Final = frozenset(
    {(3, 4, 4), (3, 8), (7, 4), (3, 3, 5), (4, 4, 3), (4, 3, 4), (3, 5, 3)}  # mobiles
    | {(3, 3, 4), (3, 7), (6, 4), (4, 3, 3), (3, 4, 3)}  # 400 and 800
    | {(4, 7), (4, 8), (3, 4, 4), (4, 3, 4), (4, 4, 4)}  # landlines
)
"""How many digits people put between separators."""
DATE: Final = re.compile(r"(?:19|20)\d\d \d{1,2} \d{1,2}(?: |$)")
NOT_A_PHONE: Final = re.compile(
    r"(?:qq群?|扣扣|企鹅|微信|wechat|weixin|微|[wv]x|[vw]信|[¥$]|身份证|证件)(?:号码|号)?[\s:：]*$",
    re.I,
)
"""What stands before the number of something else."""
A_PHONE_TOO: Final = re.compile(
    r"(?:电话|手机|tel|phone)号?[/、与和及&+ ]{0,2}(?:微信|qq)号?[\s:：]*$", re.I
)
A_PRICE: Final = re.compile(r"\s*(?:元|块|万|平米|㎡|m2)")
CUE: Final = re.compile(r"^[^\d]{0,12}?(?:电话|手机|热线|联系|致电|tel|phone|☎)[^\d]{0,6}$", re.I)
ONLY_DIGITS: Final = re.compile(rf"{SEPARATORS}*(\d(?:{SEPARATORS}{{0,3}}\d)*){SEPARATORS}*")


@dataclass(frozen=True, slots=True)
class _Number:
    text: str
    groups: int
    """How many groups of the run it takes."""


def find_phones(lines: Sequence[str]) -> tuple[str, ...]:
    """Find phone numbers in the lines of one sheet.

    Mobiles, landlines with their area code, and 400 and 800 numbers. A number behind "QQ" or
    "微信" is none, unless "电话/微信" says that it is both. A number cut by the end of a line is
    joined where the two lines hold nothing else.

    Returns:
        Each number once, in order, as "13800001234", "010-12345678" or "400-123-4567".
    """
    plain = [unicodedata.normalize("NFKC", line) for line in lines]
    found: dict[str, None] = {}
    for i, line in enumerate(plain):
        here = list(_find_in_line(line))
        found.update(dict.fromkeys(here))
        if not here and i + 1 < len(plain):
            joined = _join_lines(line, plain[i + 1])
            if joined is not None:
                found[joined] = None
    return tuple(found)


def _find_in_line(line: str) -> Iterator[str]:
    for run in RUN.finditer(line):
        before, after = line[: run.start()], line[run.end() :]
        of_other = bool(NOT_A_PHONE.search(before)) and not A_PHONE_TOO.search(before)
        yield from _find_in_run(_groups(run[0]), of_other, bool(A_PRICE.match(after)))


def _groups(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", text))


def _find_in_run(groups: tuple[str, ...], first_is_other: bool, last_is_price: bool) -> list[str]:
    if not first_is_other and not last_is_price and not _looks_like_date(groups):
        whole = _read_number("".join(groups))
        if whole is not None:
            return [whole]
    found = []
    at = 1 if first_is_other else 0
    end = len(groups) - 1 if last_is_price else len(groups)
    while at < end:
        number = _read_from(groups[at:end])
        if number is not None:
            found.append(number.text)
        at += 1 if number is None else number.groups
    return found


def _read_from(groups: tuple[str, ...]) -> _Number | None:
    """Read a number that starts with the first group and is split as people split numbers."""
    for count in (1, 2, 3):
        sizes = tuple(len(group) for group in groups[:count])
        if len(sizes) == count and (count == 1 or sizes in NATURAL):
            text = _read_number("".join(groups[:count]))
            if text is not None and not _looks_like_date(groups[:count]):
                return _Number(text, count)
    return None


def _looks_like_date(groups: tuple[str, ...]) -> bool:
    return DATE.match(" ".join(groups)) is not None


def _read_number(digits: str) -> str | None:
    mobile = MOBILE.fullmatch(digits)
    if mobile:
        return mobile[1]
    service = SERVICE.fullmatch(digits)
    if service:
        return "-".join(service.groups())
    landline = LANDLINE.fullmatch(digits)
    if landline:
        return f"{landline[1] or landline[3]}-{landline[2] or landline[4]}"
    return None


def _join_lines(first: str, second: str) -> str | None:
    """Join a number cut by the end of a line, if the two lines hold nothing else.

    The first line may begin with "电话" or the like. The cut must fall where people cut
    numbers; otherwise two unrelated figures would make a phone.
    """
    tail = RUN.search(first)
    rest = ONLY_DIGITS.fullmatch(second)
    if tail is None or rest is None or first[tail.end() :].strip(" -–—.()[]"):
        return None
    before = first[: tail.start()].strip(" (+[【")
    if before and not CUE.match(before):
        return None
    head, foot = "".join(_groups(tail[0])), "".join(_groups(rest[1]))
    if (len(head), len(foot)) not in NATURAL or _looks_like_date(_groups(tail[0])):
        return None
    if _find_in_run(_groups(rest[1]), False, False):
        return None
    return _read_number(head + foot)
