"""`--name-pattern`: how an archive's paths tell camera and time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Self

from detector.errors import UsageError

_NUMBERS: Final = {
    "Y": r"\d{4}",
    "m": r"\d\d",
    "d": r"\d\d",
    "H": r"\d\d",
    "M": r"\d\d",
    "S": r"\d\d",
    "f": r"\d{1,6}",
    "s": r"\d{9,11}",
}
"""Directives of strftime that a pattern may hold, digits only; `s`: seconds since 1970."""

_PIECE = re.compile(r"\{camera\}|\{time:([^{}]+)\}|\*+|[{}]|[^{}*]+")
_HINT: Final = "Write it such as '{camera}/{time:%Y%m%d_%H%M%S}'; * stands for anything."


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A pattern of relative paths without their endings."""

    text: str
    """As it was given."""
    expression: re.Pattern[str]
    directives: str
    """Letters of the directives in their order; the groups are `t0`, `t1`, ..."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern.

        Args:
            text: Literal text with `{camera}` (once: one folder or a part of a name),
                `{time:...}` (with %Y %m %d %H %M %S %f %s; in several pieces if need be) and `*`.

        Raises:
            UsageError: It is no such pattern.
        """
        parts, directives, cameras = [], "", 0
        for match in _PIECE.finditer(text):
            piece = match.group()
            if match[1] is not None:
                part, directives = _parse_time(text, match[1], directives)
                parts.append(part)
            elif piece in "{}":
                raise _refuse(text, "a brace is neither {camera} nor {time:...}")
            elif piece[0] == "*":
                parts.append(".*?")
            else:
                cameras += piece == "{camera}"
                named = "(?P<camera>[^/]+?)"
                parts.append(named if piece == "{camera}" else re.escape(piece))
        if cameras > 1:
            raise _refuse(text, "{camera} stands twice")
        if not cameras and not directives:
            raise _refuse(text, "it tells neither a camera nor a time")
        if directives and "s" not in directives and not set("YmdH") <= set(directives):
            raise _refuse(text, "the time lacks its year, month, day or hour")
        return cls(text, re.compile("".join(parts), re.DOTALL), directives)

    def read(self, path: str, zone: tzinfo) -> tuple[str | None, datetime | None] | None:
        """Return camera and time of a path.

        Args:
            path: Relative, with slashes, without its ending.
            zone: Of times that are local.

        Returns:
            What the pattern tells of the two; None where it does not fit, or the time is none.
        """
        match = self.expression.fullmatch(path)
        if match is None:
            return None
        start = None
        if self.directives:
            numbers = {letter: match[f"t{at}"] for at, letter in enumerate(self.directives)}
            start = _join(numbers, zone)
            if start is None:
                return None
        return match.groupdict().get("camera"), start


def _parse_time(text: str, form: str, known: str) -> tuple[str, str]:
    """Return the expression of a time's form, and the directives known so far with its own."""
    parts = []
    for token in re.findall(r"%.?|[^%]+", form):
        letter = token[1:]
        if token[0] != "%" or token == "%%":
            parts.append(re.escape("%" if token == "%%" else token))
            continue
        if letter not in _NUMBERS or letter in known:
            raise _refuse(text, f"{token} is unknown there, or stands twice")
        parts.append(f"(?P<t{len(known)}>{_NUMBERS[letter]})")
        known += letter
    return "".join(parts), known


def _refuse(text: str, reason: str) -> UsageError:
    return UsageError(f"The name pattern {text!r} cannot be used: {reason}.", _HINT)


def _join(numbers: dict[str, str], zone: tzinfo) -> datetime | None:
    microsecond = int(numbers["f"].ljust(6, "0")) if "f" in numbers else 0
    try:
        if "s" in numbers:
            told = datetime.fromtimestamp(int(numbers["s"]), UTC)
            return told + timedelta(microseconds=microsecond)
        year, month, day, hour, minute, second = (int(numbers.get(one, "0")) for one in "YmdHMS")
        local = datetime(year, month, day, hour, minute, second, microsecond)
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
