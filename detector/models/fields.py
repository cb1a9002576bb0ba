"""Strict reading of JSON objects: every error names the path of the key that is wrong."""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from detector.errors import BundleError

T = TypeVar("T", bound=str)


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 1.2.3, to compare."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


class Fields:
    """One JSON object, read key by key; `finish` refuses keys that nobody asked for."""

    def __init__(self, content: object, path: str) -> None:
        """Take an object.

        Args:
            content: What the JSON held at this place.
            path: Where that is, for messages.

        Raises:
            BundleError: It is not an object.
        """
        if not isinstance(content, dict):
            raise BundleError("manifest_invalid", f"{path} must be an object.")
        self._content: dict[str, Any] = content
        self._path = path
        self._read: set[str] = set()

    def has(self, key: str) -> bool:
        """Tell whether a key is there and not null; counts as asked for."""
        self._read.add(key)
        return self._content.get(key) is not None

    def finish(self) -> None:
        """Refuse what was not asked for."""
        unknown = sorted(set(self._content) - self._read)
        if unknown:
            raise self._wrong(unknown[0], f"is unknown; known are {', '.join(sorted(self._read))}")

    def text(self, key: str) -> str:
        """Return a non-empty text."""
        value = self._value(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "must be a text")
        return value

    def version(self, key: str) -> str:
        """Return a text that is a version."""
        value = self.text(key)
        if not parse_version(value):
            raise self._wrong(key, "must be a version such as 1.2.3")
        return value

    def choice(self, key: str, allowed: tuple[T, ...]) -> T:
        """Return one of some texts."""
        value = self.text(key)
        for one in allowed:
            if one == value:
                return one
        raise self._wrong(key, f"is {value!r}; it must be one of {', '.join(allowed) or 'none'}")

    def number(self, key: str, low: float, high: float) -> float:
        """Return a finite number in [low, high]."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "must be a number")
        if not math.isfinite(value) or not low <= value <= high:
            raise self._wrong(key, f"is {value}; it must lie in [{low}, {high}]")
        return float(value)

    def integer(self, key: str, low: int = 0, high: int = 10**9) -> int:
        """Return a whole number in [low, high]."""
        value = self.number(key, low, high)
        if value != int(value):
            raise self._wrong(key, "must be a whole number")
        return int(value)

    def share(self, key: str) -> float:
        """Return a number in [0, 1]."""
        return self.number(key, 0, 1)

    def shares_by_name(self, names: tuple[str, ...]) -> dict[str, float]:
        """Return exactly these keys, each a number in [0, 1]."""
        shares = {name: self.share(name) for name in names}
        self.finish()
        return shares

    def names(self, key: str, allowed: tuple[T, ...]) -> tuple[T, ...]:
        """Return a list of different texts out of some."""
        value = self._value(key)
        if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
            raise self._wrong(key, "must be a list of different names")
        for one in value:
            if one not in allowed:
                raise self._wrong(key, f"holds {one!r}; known are {', '.join(allowed)}")
        return tuple(value)

    def sizes(self, key: str, low: int, high: int) -> tuple[tuple[int, int], ...]:
        """Return a list of different [width, height], whole numbers in [low, high]."""
        value = self._value(key)
        sizes = tuple(map(tuple, value)) if isinstance(value, list) else ()
        for size in sizes:
            whole = all(isinstance(side, int) and low <= side <= high for side in size)
            if len(size) != 2 or not whole:
                raise self._wrong(key, f"must hold [width, height] in [{low}, {high}]")
        if not sizes or len(set(sizes)) != len(sizes):
            raise self._wrong(key, "must be a list of different [width, height]")
        return sizes

    def texts(self, key: str) -> dict[str, str]:
        """Return an object of texts."""
        value = self.object(key)
        if not all(isinstance(one, str) for one in value.values()):
            raise self._wrong(key, "must hold texts only")
        return dict(value)

    def object(self, key: str) -> Mapping[str, Any]:
        """Return an object as it is."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "must be an object")
        return value

    def objects(self, key: str) -> tuple[Mapping[str, Any], ...]:
        """Return a list of objects as they are."""
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self._wrong(key, "must be a list of objects")
        return tuple(value)

    def group(self, key: str) -> "Fields":
        """Return an object to read further."""
        return Fields(self._value(key), f"{self._path}: {key}")

    def groups(self, key: str) -> tuple["Fields", ...]:
        """Return a list of objects to read further."""
        return tuple(
            Fields(one, f"{self._path}: {key}[{i}]") for i, one in enumerate(self.objects(key))
        )

    def _value(self, key: str) -> Any:
        self._read.add(key)
        if key not in self._content:
            raise self._wrong(key, "is missing")
        return self._content[key]

    def _wrong(self, key: str, what: str) -> BundleError:
        return BundleError("manifest_invalid", f"{self._path}: {key} {what}.")
